"""The closure of an ontology by definition: every term, and whatever a path of edges leads up to."""

from __future__ import annotations

import numpy as np


def ontology_closure(child, parent, terms):
    """(e,), (e,), () -> pairs (r, 2) of term and ancestor, each term its own ancestor, by ancestor and then by term."""
    above = {term: [int(p) for c, p in zip(child, parent, strict=True) if c == term] for term in range(terms)}

    def reached(term):
        return {term}.union(*(reached(other) for other in above[term]))

    pairs = sorted((ancestor, term) for term in range(terms) for ancestor in reached(term))
    return np.array([(term, ancestor) for ancestor, term in pairs], dtype=np.int64).reshape(-1, 2)
