"""Ranking of diseases for a subject's findings: the index of what is annotated, scores, and what each finding says.

Candidates are OMIM diseases with a term, their annotation pooled with that of the ORPHA diseases of the same MONDO class. The
likelihood ratio of a finding follows Robinson (AJHG 2020, LIRICAL) in idea; frequencies, floors and ancestors are set in
parameters.ranking.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.omics.disease_mappings import classes_of, members_of
from groprog_assets.methods.omics.ontologies import TermNumbers, term_numbers
from groprog_assets.study.omics_parameters import RankingParameters
from groprog_assets.tables import conform
from groprog_kernels import phenotype_ranking as kernel
from groprog_kernels.ontology_closure import OntologyClosure

LITTLE = 0.05
"""Natural logarithms of likelihood ratios closer to 0 are shown as 0.0, and speak neither for a disease nor against it."""

Floats = NDArray[np.float64]


class StoredIndex(Protocol):
    """A ranking index, as made or as stored."""

    @property
    def candidates(self) -> pd.DataFrame: ...
    @property
    def terms(self) -> pd.DataFrame: ...
    @property
    def arrays(self) -> dict[str, NDArray[np.int64]]: ...
    @property
    def annotations(self) -> pd.DataFrame: ...


class RankingIndex(NamedTuple):
    """What a query needs: candidates (`candidate_diseases`, sorted), terms (`ranking_terms`, sorted), the closure of these terms
    as arrays, and the annotation rows (`ranking_annotations`)."""

    candidates: pd.DataFrame
    terms: pd.DataFrame
    arrays: dict[str, NDArray[np.int64]]
    annotations: pd.DataFrame


class Ranker(NamedTuple):
    """An index ready for queries: candidate ids, term numbers, the kernel's index (`scoring`), the annotation rows behind it."""

    diseases: list[str]
    names: list[str]
    numbers: TermNumbers
    scoring: kernel.DiseaseIndex
    annotations: pd.DataFrame

    def query(self, terms: Iterable[str]) -> NDArray[np.int64]:
        """(q,) numbers of the known terms, without ancestors of other terms. Raises CohortError when none is left."""
        known = [self.numbers.number[term] for term in terms if term in self.numbers.number]
        if not known:
            rule, remedy = "Diseases are ranked by findings that are present.", "Add findings as terms of the ontology."
            raise CohortError(Problem("findings", "none that the ontology knows", rule, remedy))
        return kernel.most_specific(self.scoring, known)


def ranking_index(
    terms: pd.DataFrame,
    edges: pd.DataFrame,
    disease_terms: pd.DataFrame,
    diseases: pd.DataFrame,
    xrefs: pd.DataFrame,
    parameters: RankingParameters,
) -> RankingIndex:
    """The annotation of every candidate disease, its frequencies as they are used.

    Only aspect P, rows that are not negated, and live terms count. Raises CohortError when no disease is left.
    """
    numbers = term_numbers(terms, edges)
    rows = disease_terms.reset_index(names="row")
    rows = rows[(rows["aspect"] == "P") & ~rows["negated"] & rows["term_id"].isin(list(numbers.number))]
    rows = rows.assign(used=_used(rows, parameters))
    rows = rows[rows["used"] > 0]
    own = rows[rows["disease_id"].str.startswith("OMIM:")].assign(candidate=lambda held: held["disease_id"])
    pooled = [own]
    if parameters.pool_orpha:
        pooled.append(_orpha_rows(rows[rows["disease_id"].str.startswith("ORPHA:")], xrefs))
    every = pd.concat(pooled, ignore_index=True)
    ids = sorted(every["candidate"].unique())
    if not ids:
        rule, remedy = "Candidates are OMIM diseases with a term.", "Is omics.ontologies.annotations phenotype.hpoa?"
        raise CohortError(Problem("omics.ontologies.annotations", "no OMIM disease with a term", rule, remedy))
    place = {name: k for k, name in enumerate(ids)}
    annotations = pd.DataFrame(
        {
            "disease": every["candidate"].map(place).astype("int64"),
            "term": every["term_id"].map(numbers.number).astype("int64"),
            "frequency": every["used"].astype("float64"),
            "annotated_id": every["disease_id"],
            "sources": every["sources"],
        }
    ).sort_values(["disease", "term", "annotated_id"])
    named = dict(diseases[["disease_id", "name"]].itertuples(index=False, name=None))
    orpha = {name: found for name, found in _orpha_of(ids, xrefs).items() if found in named}
    names = [named.get(name) or named.get(orpha.get(name, ""), name) for name in ids]
    return RankingIndex(
        conform(pd.DataFrame({"disease_id": ids, "name": names}), "candidate_diseases"),
        conform(pd.DataFrame({"term_id": numbers.ids}), "ranking_terms"),
        {"starts": numbers.closure.starts, "ancestors": numbers.closure.ancestors},
        conform(annotations, "ranking_annotations"),
    )


def ranker(given: StoredIndex, kept: NDArray[np.bool_] | None = None, for_lin: bool = True) -> Ranker:
    """`given` ready for queries. kept: which of its annotation rows count, all where it is None; for_lin: whether Lin's score may
    be asked."""
    rows = given.annotations if kept is None else given.annotations[kept]
    ids = given.terms["term_id"].tolist()
    numbers = TermNumbers(ids, _numbered(tuple(ids)), OntologyClosure(**given.arrays))
    columns = (rows["disease"].to_numpy(), rows["term"].to_numpy(), rows["frequency"].to_numpy())
    index = kernel.disease_index(*columns, len(given.candidates), numbers.closure, for_lin)
    return Ranker(given.candidates["disease_id"].tolist(), given.candidates["name"].tolist(), numbers, index, rows)


def likelihood_scores(made: Ranker, query: NDArray[np.int64], parameters: RankingParameters) -> Floats:
    """(d,) sum of ln of the likelihood ratios of the findings `query` (q,)."""
    ratios = kernel.likelihood_ratios(made.scoring, query, parameters.ancestor_factor, parameters.smallest_ratio)
    return kernel.summed_logarithms(ratios)


def hypergeometric_scores(made: Ranker, query: NDArray[np.int64]) -> Floats:
    """(d,) -ln of the probability to share as many terms or more by chance, ancestors counted; the urn holds the annotated
    terms."""
    shared, held, asked = kernel.shared_terms(made.scoring, query)
    urn = int((np.diff(made.scoring.start) > 0).sum())
    table = _log_factorials(max(urn, len(made.numbers.ids)) + asked + 1)
    pairs, back = np.unique(np.column_stack([shared, held]), axis=0, return_inverse=True)
    return np.array([_upper_tail(int(k), int(n), asked, urn, table) for k, n in pairs])[back.ravel()]


SCORERS: dict[str, Callable[[Ranker, NDArray[np.int64], RankingParameters], Floats]] = {
    "likelihood ratio": likelihood_scores,
    "Resnik": lambda made, query, _: kernel.resnik(made.scoring, query),
    "Lin": lambda made, query, _: kernel.lin(made.scoring, query),
    "best-match average": lambda made, query, _: kernel.best_match_average(made.scoring, query),
    "simGIC": lambda made, query, _: kernel.group_similarity(made.scoring, query),
    "hypergeometric": lambda made, query, _: hypergeometric_scores(made, query),
}
"""How diseases can be scored: (ranker, query (q,), parameters) -> (d,), larger is better."""


class Ranked(NamedTuple):
    """The diseases ranked for one subject: tables `disease_ranks` and `finding_ratios` of the first ones and of the diagnoses."""

    ranks: pd.DataFrame
    ratios: pd.DataFrame


def rank_subject(
    made: Ranker,
    subject: str,
    present: Iterable[str],
    excluded: Iterable[str],
    diagnosed: Iterable[str],
    parameters: RankingParameters,
    genes: Iterable[str] | None = None,
) -> Ranked:
    """The first diseases by likelihood ratio, what each finding says of them, and the subject's own diagnoses wherever they are.

    present, excluded: live terms; diagnosed: OMIM ids; genes: diseases to restrict to, or None for all. Excluded findings add
    `excluded_weight` times ln of (1 - frequency) over (1 - mean frequency). Raises CohortError for no present finding, and for a
    restriction that no candidate meets.
    """
    present = list(present)
    query = made.query(present)
    scores = likelihood_scores(made, query, parameters)
    absent = [made.numbers.number[term] for term in excluded if term in made.numbers.number]
    if parameters.excluded_weight and absent:
        scores = scores + parameters.excluded_weight * _absence(made, absent).sum(axis=0)
    chosen = np.arange(len(scores)) if genes is None else _restricted(made, genes)
    ranks = kernel.mid_ranks(scores[chosen])
    weight = np.exp(scores[chosen] - scores[chosen].max())
    support = weight / weight.sum()
    named = set(diagnosed)
    order = np.lexsort((chosen, ranks))
    kept = [
        k for place, k in enumerate(order) if place < parameters.shown_diseases or made.diseases[chosen[k]] in named
    ]
    table = pd.DataFrame(
        {
            "subject_id": subject,
            "rank": ranks[kept],
            "disease_id": [made.diseases[chosen[k]] for k in kept],
            "name": [made.names[chosen[k]] for k in kept],
            "score": scores[chosen[kept]],
            "support": support[kept],
            "diagnosed": [made.diseases[chosen[k]] in named for k in kept],
        }
    )
    explained = list(kept[: parameters.explained_diseases])
    explained += [k for k in kept[parameters.explained_diseases :] if made.diseases[chosen[k]] in named]
    ratios = _finding_ratios(made, subject, chosen[explained], query, sorted(set(absent)), parameters)
    return Ranked(conform(table, "disease_ranks"), ratios)


def diseases_of_genes(gene_disease: pd.DataFrame, genes: Iterable[str]) -> list[str]:
    """The OMIM diseases of genes, named by symbol or identifier. Raises CohortError for a gene without a disease."""
    wanted = list(dict.fromkeys(genes))
    found = gene_disease[gene_disease["symbol"].isin(wanted) | gene_disease["gene_id"].isin(wanted)]
    lost = [gene for gene in wanted if not ((found["symbol"] == gene) | (found["gene_id"] == gene)).any()]
    if lost:
        rule, remedy = "A gene is named by its symbol or NCBIGene identifier.", "Correct it, or leave it out."
        raise CohortError([Problem("genes", f"{gene!r} has no disease", rule, remedy) for gene in lost])
    return sorted(name for name in set(found["disease_id"]) if name.startswith("OMIM:"))


def _used(rows: pd.DataFrame, parameters: RankingParameters) -> Floats:
    """The frequency of each row as it is used: ratios drawn to the prior, classes and percents as given, the default for none."""
    n, m = (rows[name].fillna(0).to_numpy(dtype=np.float64) for name in ("n", "m"))
    drawn = (n + parameters.prior_patients * parameters.prior_frequency) / (m + parameters.prior_patients)
    stated = rows["frequency"].fillna(parameters.unstated_frequency).to_numpy(dtype=np.float64)
    return np.where(rows["frequency_source"] == "ratio", drawn, stated)


def _orpha_rows(rows: pd.DataFrame, xrefs: pd.DataFrame) -> pd.DataFrame:
    """Rows of ORPHA diseases under the OMIM diseases of the same MONDO classes."""
    up, down = classes_of(xrefs, "ORPHA"), members_of(xrefs, "OMIM")
    pairs = [
        (orpha, omim)
        for orpha in rows["disease_id"].unique()
        for omim in sorted({name for mondo in up.get(orpha, ()) for name in down.get(mondo, ())})
    ]
    return rows.merge(pd.DataFrame(pairs, columns=["disease_id", "candidate"]), on="disease_id")


def _orpha_of(ids: Iterable[str], xrefs: pd.DataFrame) -> dict[str, str]:
    up, down = classes_of(xrefs, "OMIM"), members_of(xrefs, "ORPHA")
    found = {name: [orpha for mondo in up.get(name, ()) for orpha in down.get(mondo, ())] for name in ids}
    return {name: others[0] for name, others in found.items() if others}


@lru_cache(maxsize=4)
def _numbered(ids: tuple[str, ...]) -> dict[str, int]:
    return {term: k for k, term in enumerate(ids)}


def _restricted(made: Ranker, diseases: Iterable[str]) -> NDArray[np.int64]:
    wanted = set(diseases)
    chosen = np.array([k for k, name in enumerate(made.diseases) if name in wanted], dtype=np.int64)
    if not len(chosen):
        rule, remedy = "A restriction leaves one candidate at least.", "Check the genes, or rank without them."
        raise CohortError(Problem("genes", "no candidate disease", rule, remedy))
    return chosen


def _absence(made: Ranker, absent: list[int]) -> Floats:
    """(a, d) ln of the likelihood ratio of each excluded finding."""
    index = made.scoring
    found = np.zeros((len(absent), index.diseases))
    for i, term in enumerate(absent):
        frequency = np.zeros(index.diseases)
        held = slice(index.start[term], index.start[term + 1])
        frequency[index.disease[held]] = index.frequency[held]
        base = min(float(index.base[term]), 0.99)
        found[i] = np.log(np.maximum(1 - frequency, 0.01) / (1 - base))
    return found


def _finding_ratios(
    made: Ranker,
    subject: str,
    diseases: NDArray[np.int64],
    query: NDArray[np.int64],
    absent: list[int],
    parameters: RankingParameters,
) -> pd.DataFrame:
    """Table `finding_ratios`: what each finding, present or excluded, says of each of `diseases`."""
    ratios = kernel.likelihood_ratios(made.scoring, query, parameters.ancestor_factor, parameters.smallest_ratio)
    against = _absence(made, absent) * parameters.excluded_weight
    columns = [made.annotations[name].to_numpy() for name in ("disease", "term", "frequency", "sources")]
    owner, term, frequency, sources = columns
    ids, content = made.numbers.ids, {int(h): kernel.shared_content(made.scoring, int(h)) for h in query}
    rows = []
    for d in diseases.tolist():
        own = slice(*np.searchsorted(owner, [d, d + 1]))
        terms = term[own]
        for i, h in enumerate(query.tolist()):
            shared = content[h][terms]
            best = int(np.lexsort((-terms, frequency[own], shared))[-1]) if len(terms) else -1
            found = best >= 0 and shared[best] > 0
            log_ratio = math.log(ratios[i, d])
            reading = "supports" if log_ratio > 0 else "speaks against" if found else "no annotation"
            if abs(log_ratio) < LITTLE and reading != "no annotation":
                reading = "says little"
            rows.append((d, h, False, log_ratio, own.start + best if found else -1, reading))
        for i, h in enumerate(absent):
            below = [k for k, t in enumerate(terms.tolist()) if h in made.scoring.ancestors(t)]
            best = max(below, key=lambda k: frequency[own.start + k], default=-1)
            at = own.start + best if below else -1
            rows.append((d, h, True, against[i, d], at, "contradicts" if below else "agrees"))
    at = [row[4] for row in rows]
    frame = {
        "subject_id": subject,
        "disease_id": [made.diseases[row[0]] for row in rows],
        "term_id": [ids[row[1]] for row in rows],
        "excluded": [row[2] for row in rows],
        "log_ratio": [row[3] for row in rows],
        "matched": [ids[term[k]] if k >= 0 else None for k in at],
        "frequency": [frequency[k] if k >= 0 else None for k in at],
        "sources": [list(sources[k]) if k >= 0 else [] for k in at],
        "reading": [row[5] for row in rows],
    }
    return conform(pd.DataFrame(frame), "finding_ratios")


@lru_cache(maxsize=4)
def _log_factorials(count: int) -> Floats:
    """(count,) ln k!."""
    return np.r_[0.0, np.cumsum(np.log(np.arange(1, count)))]


def _upper_tail(shared: int, held: int, asked: int, urn: int, table: Floats) -> float:
    """-ln P(X >= shared), X hypergeometric: `asked` drawn from `urn` of which `held` are the disease's."""
    asked = min(asked, urn)
    top = min(held, asked)
    k = np.arange(max(shared, asked + held - urn, 0), top + 1)
    if shared <= max(0, asked + held - urn) or not len(k):
        return 0.0

    def choose(n: int, r: NDArray[np.int64]) -> Floats:
        return table[n] - table[r] - table[n - r]

    terms = choose(held, k) + choose(urn - held, asked - k) - float(choose(urn, np.array([asked]))[0])
    most = terms.max()
    return float(-(most + np.log(np.exp(terms - most).sum())))
