"""Loops of the disease scores (see phenotype_ranking.py). Sums are of whole multiples of 2**-40: no order changes them."""

import numpy as np

from groprog_kernels._compile import kernel

UNIT = 1099511627776.0  # 2**40


@kernel
def propagate(own_start, own_term, own_value, ancestor_start, ancestor, terms):
    # d = diseases, o = own terms, t = terms, z = pairs: (d+1,), (o,), (o,), (t+1,), (r,), () -> (t+1,), (z,), (z,)
    diseases = len(own_start) - 1
    start = np.zeros(terms + 1, dtype=np.int64)
    work = np.full(terms, -np.inf)
    touched = np.empty(terms, dtype=np.int64)
    for filling in range(2):
        if filling == 1:
            for term in range(terms):
                start[term + 1] += start[term]
            place = start[:terms].copy()
            disease = np.empty(start[terms], dtype=np.int32)
            value = np.empty(start[terms])
        for d in range(diseases):
            used = 0
            for k in range(own_start[d], own_start[d + 1]):
                given = own_value[k]
                for j in range(ancestor_start[own_term[k]], ancestor_start[own_term[k] + 1]):
                    a = ancestor[j]
                    if work[a] == -np.inf:
                        touched[used] = a
                        used += 1
                    work[a] = max(work[a], given)
            for k in range(used):
                a = touched[k]
                if filling == 0:
                    start[a + 1] += 1
                else:
                    disease[place[a]] = d
                    value[place[a]] = work[a]
                    place[a] += 1
                work[a] = -np.inf
    return start, disease, value


@kernel
def column_sums(start, value):
    # (t+1,), (z,) -> (t,)
    sums = np.zeros(len(start) - 1)
    for t in range(len(sums)):
        total = np.int64(0)
        for k in range(start[t], start[t + 1]):
            total += np.int64(np.rint(value[k] * UNIT))
        sums[t] = total / UNIT
    return sums


@kernel
def likelihood_ratios(start, disease, value, base, ancestor_start, ancestor, query, factor, floor, diseases):
    # q = findings: ..., (q,), (), (), () -> (q, d)
    ratios = np.full((len(query), diseases), floor)
    for i in range(len(query)):
        h = query[i]
        row = ratios[i]
        for j in range(ancestor_start[h], ancestor_start[h + 1]):
            a = ancestor[j]
            weight = (1.0 if a == h else factor) / base[a]
            for k in range(start[a], start[a + 1]):
                found = weight * value[k]
                d = disease[k]
                if found > row[d]:
                    row[d] = found
    return ratios


@kernel
def summed_logarithms(ratios):
    # (q, d) -> (d,)
    totals = np.zeros(ratios.shape[1], dtype=np.int64)
    for i in range(ratios.shape[0]):
        last, known = np.nan, np.int64(0)
        for d in range(ratios.shape[1]):
            if ratios[i, d] != last:  # neighbours mostly have the least ratio
                last = ratios[i, d]
                known = np.int64(np.rint(np.log(last) * UNIT))
            totals[d] += known
    return totals / UNIT


@kernel
def best_similarities(start, disease, least, content, ancestor_start, ancestor, query, lin, diseases):
    # -> (d,) sums over the findings
    totals = np.zeros(diseases, dtype=np.int64)
    row = np.empty(diseases)
    for i in range(len(query)):
        h = query[i]
        row[:] = 0.0
        for j in range(ancestor_start[h], ancestor_start[h + 1]):
            a = ancestor[j]
            if content[a] <= 0.0:
                continue
            for k in range(start[a], start[a + 1]):
                found = 2.0 * content[a] / (content[h] + least[k]) if lin else content[a]
                d = disease[k]
                if found > row[d]:
                    row[d] = found
        for d in range(diseases):
            totals[d] += np.int64(np.rint(row[d] * UNIT))
    return totals / UNIT


@kernel
def shared_weight(start, disease, weight, asked, diseases):
    # (t+1,), (z,), (t,), (c,), () -> (d,)
    totals = np.zeros(diseases, dtype=np.int64)
    for i in range(len(asked)):
        added = np.int64(np.rint(weight[asked[i]] * UNIT))
        for k in range(start[asked[i]], start[asked[i] + 1]):
            totals[disease[k]] += added
    return totals / UNIT


@kernel
def best_of_own(own_start, own_term, ancestor_start, ancestor, asked, content):
    # (d+1,), (o,), (t+1,), (r,), (t,) whether asked, (t,) -> (d,) mean over a disease's own terms
    terms = len(content)
    best = np.full(terms, -1.0)
    means = np.zeros(len(own_start) - 1)
    for d in range(len(means)):
        total = np.int64(0)
        for k in range(own_start[d], own_start[d + 1]):
            t = own_term[k]
            if best[t] < 0.0:
                best[t] = 0.0
                for j in range(ancestor_start[t], ancestor_start[t + 1]):
                    if asked[ancestor[j]]:
                        best[t] = max(best[t], content[ancestor[j]])
            total += np.int64(np.rint(best[t] * UNIT))
        if own_start[d + 1] > own_start[d]:
            means[d] = total / UNIT / (own_start[d + 1] - own_start[d])
    return means
