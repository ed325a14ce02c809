"""The reflexive transitive closure of an ontology's is_a edges: for each term itself and every term above it.

A term is visited once all its parents are; its ancestors are the union of theirs. Pairs, not paths: a term that two paths lead
up to stands once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import ontology_closure_numba as _loop


class OntologyClosure(NamedTuple):
    """The ancestors of t terms.

    starts (t + 1,) and ancestors (r,): those of term i, itself among them, are ancestors[starts[i]:starts[i + 1]], in
    rising order.
    """

    starts: NDArray[np.int64]
    ancestors: NDArray[np.int64]

    def of(self, term: int) -> NDArray[np.int64]:
        """(k,) ancestors of one term, itself among them."""
        return self.ancestors[self.starts[term] : self.starts[term + 1]]

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(term (r,), ancestor (r,)) sorted by ancestor and then by term."""
        term = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        order = np.lexsort((term, self.ancestors))
        return term[order], self.ancestors[order]


def ontology_closure(child: ArrayLike, parent: ArrayLike, terms: int) -> OntologyClosure:
    """Every term's ancestors, itself among them.

    child, parent (e,) numbers of terms, 0 to `terms` - 1; an edge may stand twice. Without edges a term has itself alone; no
    terms give no pairs. Raises ValueError for unequal lengths, numbers outside the range, and edges that lead back to a term;
    the error names the lowest term that cannot be reached from a root.
    """
    child, parent = np.asarray(child, dtype=np.int64), np.asarray(parent, dtype=np.int64)
    if child.shape != parent.shape or child.ndim != 1:
        raise ValueError("child and parent must be one-dimensional and equally long")
    if len(child) and (min(child.min(), parent.min()) < 0 or max(child.max(), parent.max()) >= terms):
        raise ValueError(f"terms are numbered 0 to {terms - 1}")
    by_child, by_parent = np.argsort(child, kind="stable"), np.argsort(parent, kind="stable")
    first = np.searchsorted(child[by_child], np.arange(terms + 1))
    first_child = np.searchsorted(parent[by_parent], np.arange(terms + 1))
    starts, ancestors, reached = _loop.ancestors(first, parent[by_child], first_child, by_parent, child, terms)
    if reached < terms:
        sizes = np.diff(starts)
        raise ValueError(f"the edges lead in a circle; term {int(np.argmin(sizes))} is on it or below it")
    return OntologyClosure(starts, ancestors)
