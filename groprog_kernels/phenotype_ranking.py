"""Scores of all diseases for one patient's findings, exact, in one pass over the propagated annotation.

`disease_index` spreads each disease's terms to their ancestors once; a query then reads the columns of its findings and of their
ancestors. Likelihood ratios, and Resnik (P. Resnik, IJCAI 1995), Lin (D. Lin, ICML 1998), best-match average, simGIC (Pesquita,
BMC Bioinformatics 2008) and hypergeometric scores. Terms and diseases are numbers; sums are of whole multiples of 2**-40, so
neither the order of a query nor another numbering changes a score.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import phenotype_ranking_numba as _loop
from groprog_kernels.ontology_closure import OntologyClosure

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class DiseaseIndex(NamedTuple):
    """d diseases over t terms.

    own_start (d + 1,), own_term (o,): each disease's own terms. start (t + 1,), disease (z,), frequency (z,): for each term the
    diseases that have it or a term below it, and the largest frequency of those terms. least_content (z,): the least information
    content of those terms. base (t,): mean frequency over the diseases + 0.5 / d. content (t,): -ln of the share of diseases
    with the term, a term of none counting as half a disease's. ancestor_start (t + 1,), ancestor (r,): the closure.
    """

    own_start: Integers
    own_term: Integers
    start: Integers
    disease: NDArray[np.int32]
    frequency: Floats
    least_content: Floats
    base: Floats
    content: Floats
    ancestor_start: Integers
    ancestor: Integers

    @property
    def diseases(self) -> int:
        """The number of diseases."""
        return len(self.own_start) - 1

    def ancestors(self, term: int) -> Integers:
        """(k,) ancestors of a term, itself among them."""
        return self.ancestor[self.ancestor_start[term] : self.ancestor_start[term + 1]]


def disease_index(
    disease: ArrayLike,
    term: ArrayLike,
    frequency: ArrayLike,
    diseases: int,
    closure: OntologyClosure,
    for_lin: bool = True,
) -> DiseaseIndex:
    """The index of (disease, term, frequency) rows.

    disease, term (n,) numbers, frequency (n,) in (0, 1]; a pair that stands twice has its largest frequency. A disease without
    a row has every score at its least. for_lin: without it `lin` cannot be asked, and the index is made in half the time. Raises
    ValueError for unequal lengths, numbers outside their range, frequencies outside (0, 1], or no diseases.
    """
    disease, term = np.asarray(disease, dtype=np.int64), np.asarray(term, dtype=np.int64)
    share: Floats = np.asarray(frequency, dtype=np.float64)
    terms = len(closure.starts) - 1
    if not disease.shape == term.shape == share.shape or disease.ndim != 1:
        raise ValueError("disease, term and frequency must be one-dimensional and equally long")
    if diseases < 1:
        raise ValueError("an index holds one disease at least")
    if len(disease) and (min(disease.min(), term.min()) < 0 or disease.max() >= diseases or term.max() >= terms):
        raise ValueError(f"diseases are numbered 0 to {diseases - 1}, terms 0 to {terms - 1}")
    if not ((share > 0) & (share <= 1)).all():
        raise ValueError("a frequency lies in (0, 1]")
    key: Integers = disease * terms + term
    if (np.diff(key) < 0).any():
        order = np.argsort(key, kind="stable")
        key, share = key[order], share[order]
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]][: len(key)])
    owner, own_term = np.divmod(key[first], terms)
    share = np.maximum.reduceat(share, first) if len(key) else share
    own_start = np.searchsorted(owner, np.arange(diseases + 1)).astype(np.int64)
    given = (own_start, own_term)
    above = (closure.starts, closure.ancestors, terms)
    start, column, value = _loop.propagate(*given, share, *above)
    count = np.diff(start)
    content = -np.log(np.where(count == 0, 0.5, count) / diseases)
    least = _loop.propagate(*given, -content[own_term], *above)[2] if for_lin else np.empty(0)
    base = _loop.column_sums(start, value) / diseases + 0.5 / diseases
    return DiseaseIndex(
        own_start, own_term, start, column, value, -least, base, content, closure.starts, closure.ancestors
    )


def most_specific(index: DiseaseIndex, query: ArrayLike) -> Integers:
    """(k,) the findings of `query` (q,) without repetition and without ancestors of another finding, in rising order."""
    asked = np.unique(np.asarray(query, dtype=np.int64))
    above = {int(a) for term in asked for a in index.ancestors(int(term)) if a != term}
    return np.array([term for term in asked.tolist() if term not in above], dtype=np.int64)


def likelihood_ratios(index: DiseaseIndex, query: ArrayLike, factor: float = 0.05, floor: float = 0.01) -> Floats:
    """(q, d) likelihood ratio of each finding for each disease.

    query (q,) terms. The ratio is the largest of `floor`; the disease's frequency of the finding over its mean frequency
    (`base`); and `factor` times the same for an ancestor of the finding. Raises ValueError for an empty query or unknown terms.
    """
    asked = _asked(index, query)
    columns = (index.start, index.disease, index.frequency, index.base, index.ancestor_start, index.ancestor)
    return _loop.likelihood_ratios(*columns, asked, factor, floor, index.diseases)


def summed_logarithms(ratios: ArrayLike) -> Floats:
    """(d,) sum over the findings of ln of `ratios` (q, d); no order of the findings changes it, no findings give 0."""
    return _loop.summed_logarithms(np.ascontiguousarray(ratios, dtype=np.float64))


def resnik(index: DiseaseIndex, query: ArrayLike) -> Floats:
    """(d,) mean over `query` (q,) of the content of a finding's best common ancestor with a disease's terms; 0 for none."""
    return _similarity(index, query, False)


def lin(index: DiseaseIndex, query: ArrayLike) -> Floats:
    """(d,) mean over the findings of `query` (q,) of Lin's similarity with a disease's best term; 0 where it has no term.

    Raises ValueError for an index that was made without it.
    """
    if len(index.least_content) != len(index.disease):
        raise ValueError("the index was made with for_lin=False")
    return _similarity(index, query, True)


def best_match_average(index: DiseaseIndex, query: ArrayLike) -> Floats:
    """(d,) mean of Resnik from `query` (q,) to the disease's terms and from these back to the query; 0 for no terms."""
    asked = np.zeros(len(index.content), dtype=np.bool_)
    asked[_reached(index, _asked(index, query))] = True
    above = (index.ancestor_start, index.ancestor)
    back = _loop.best_of_own(index.own_start, index.own_term, *above, asked, index.content)
    return (resnik(index, query) + back) / 2


def group_similarity(index: DiseaseIndex, query: ArrayLike) -> Floats:
    """(d,) simGIC of `query` (q,): content of the shared terms over that of all terms of both, ancestors counted; 0 for none."""
    asked = _reached(index, _asked(index, query))
    shared = _loop.shared_weight(index.start, index.disease, index.content, asked, index.diseases)
    every = np.arange(len(index.content))
    held = _loop.shared_weight(index.start, index.disease, index.content, every, index.diseases)
    union = _loop.column_sums(np.array([0, len(asked)]), index.content[asked])[0] + held - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def shared_terms(index: DiseaseIndex, query: ArrayLike) -> tuple[Integers, Integers, int]:
    """((d,) terms shared with `query` (q,), (d,) terms of the disease, terms of the query), ancestors counted on both sides."""
    asked = _reached(index, _asked(index, query))
    shared = np.zeros(index.diseases, dtype=np.int64)
    for term in asked.tolist():
        np.add.at(shared, index.disease[index.start[term] : index.start[term + 1]], 1)
    return shared, np.bincount(index.disease, minlength=index.diseases), len(asked)


def shared_content(index: DiseaseIndex, term: int) -> Floats:
    """(t,) content of the best common ancestor of `term` with every term; 0 where only the root is shared."""
    mark = np.zeros(len(index.content), dtype=np.bool_)
    mark[index.ancestors(term)] = True
    held = np.where(mark[index.ancestor], index.content[index.ancestor], 0.0)
    return np.maximum(np.maximum.reduceat(held, index.ancestor_start[:-1]), 0.0)


def mid_ranks(scores: ArrayLike) -> Floats:
    """(d,) rank of each of `scores` (d,), 1 for the largest; equal scores share the mean of their ranks."""
    given = np.asarray(scores, dtype=np.float64)
    rising = np.sort(given)
    above = len(given) - np.searchsorted(rising, given, side="right")
    equal = np.searchsorted(rising, given, side="right") - np.searchsorted(rising, given, side="left")
    return above + (equal + 1) / 2


def _similarity(index: DiseaseIndex, query: ArrayLike, as_lin: bool) -> Floats:
    asked = _asked(index, query)
    columns = (index.start, index.disease, index.least_content, index.content, index.ancestor_start, index.ancestor)
    return _loop.best_similarities(*columns, asked, as_lin, index.diseases) / len(asked)


def _asked(index: DiseaseIndex, query: ArrayLike) -> Integers:
    asked = np.asarray(query, dtype=np.int64)
    if asked.ndim != 1 or not len(asked):
        raise ValueError("a query names one finding at least")
    if asked.min() < 0 or asked.max() >= len(index.content):
        raise ValueError(f"terms are numbered 0 to {len(index.content) - 1}")
    return asked


def _reached(index: DiseaseIndex, asked: Integers) -> Integers:
    return np.unique(np.concatenate([index.ancestors(int(term)) for term in asked]))
