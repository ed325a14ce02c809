"""Loop of the closure of an ontology (see ontology_closure.py)."""

import numpy as np

from groprog_kernels._compile import kernel


@kernel
def ancestors(first, parent, first_child, child_edge, child, terms):
    # t = terms, e = edges: (t + 1,), (e,), (t + 1,), (e,), (e,), () -> (t + 1,), (r,), number of terms reached
    waiting = np.zeros(terms, dtype=np.int64)
    order = np.empty(terms, dtype=np.int64)
    filled = 0
    for term in range(terms):
        waiting[term] = first[term + 1] - first[term]
        if waiting[term] == 0:
            order[filled] = term
            filled += 1
    place = np.zeros(terms, dtype=np.int64)
    size = np.zeros(terms, dtype=np.int64)
    seen = np.full(terms, -1, dtype=np.int64)
    found = np.empty(max(16 * terms, 16), dtype=np.int64)
    used = 0
    at = 0
    while at < filled:
        term = order[at]
        at += 1
        if used + terms > len(found):  # a term has `terms` ancestors at most
            grown = np.empty(2 * len(found) + terms, dtype=np.int64)
            grown[:used] = found[:used]
            found = grown
        place[term] = used
        found[used] = term
        seen[term] = term
        used += 1
        for k in range(first[term], first[term + 1]):
            above = parent[k]
            for j in range(place[above], place[above] + size[above]):
                other = found[j]
                if seen[other] != term:
                    seen[other] = term
                    found[used] = other
                    used += 1
        size[term] = used - place[term]
        for k in range(first_child[term], first_child[term + 1]):
            below = child[child_edge[k]]
            waiting[below] -= 1
            if waiting[below] == 0:
                order[filled] = below
                filled += 1
    starts = np.zeros(terms + 1, dtype=np.int64)
    for term in range(terms):
        starts[term + 1] = starts[term] + size[term]
    ordered = np.empty(used, dtype=np.int64)
    for term in range(terms):
        for j in range(size[term]):
            ordered[starts[term] + j] = found[place[term] + j]
        ordered[starts[term] : starts[term + 1]].sort()
    return starts, ordered, filled
