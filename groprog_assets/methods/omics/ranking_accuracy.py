"""How often the diagnosis is among the first: overall, for subjects unknown to the annotations, and with what knows them removed.

A published case may be the very publication that an annotation cites. `all` uses every annotation; `unleaked` counts only
subjects whose publications are cited by no annotation of their disease; `publication-out` removes, for each subject, the
annotations that cite nothing but its publications.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.omics.disease_ranking import SCORERS, Ranker, StoredIndex, ranker
from groprog_assets.study.omics_parameters import RankingParameters
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document, Progress
from groprog_kernels.phenotype_ranking import mid_ranks

FIRST = (1, 3, 10, 50)


class Case(NamedTuple):
    """A subject whose diagnosis is known: present terms, OMIM ids of the confirmed diagnoses, publications of its record."""

    subject: str
    present: list[str]
    diagnosed: list[str]
    publications: list[str]


class Citations(NamedTuple):
    """Who cites what: rows {publication: annotation rows that cite it}, cited (n,) publications that each row cites."""

    rows: dict[str, NDArray[np.int64]]
    cited: NDArray[np.int64]

    @classmethod
    def of(cls, given: StoredIndex) -> Citations:
        """The citations of the annotations of an index."""
        found: dict[str, list[int]] = {}
        for k, sources in enumerate(given.annotations["sources"]):
            for publication in sources:
                found.setdefault(publication, []).append(k)
        count = np.array([len(sources) for sources in given.annotations["sources"]], dtype=np.int64)
        return cls({name: np.array(rows, dtype=np.int64) for name, rows in found.items()}, count)

    def citing_nothing_but(self, publications: Iterable[str]) -> NDArray[np.bool_]:
        """(n,) rows that cite one of `publications` and nothing else."""
        hits = np.zeros(len(self.cited), dtype=np.int64)
        for name in publications:
            hits[self.rows.get(name, [])] += 1
        return (hits > 0) & (hits == self.cited)


class Accuracy(NamedTuple):
    """Tables `diagnosed_ranks` and `ranking_accuracy`; `summary`: JSON-able, who was not counted and why."""

    ranks: pd.DataFrame
    table: pd.DataFrame
    summary: Document


def diagnosed_cases(phenotypes: pd.DataFrame, diagnoses: pd.DataFrame, publications: pd.DataFrame) -> list[Case]:
    """The subjects with a confirmed diagnosis that has an OMIM identifier, in the order of their ids."""
    present = phenotypes[~phenotypes["excluded"] & phenotypes["term_id"].notna()].groupby("subject_id")["term_id"]
    terms = present.agg(list).to_dict()
    cited = publications.groupby("subject_id")["publication"].agg(list).to_dict() if len(publications) else {}
    found = diagnosed_of(diagnoses)
    return [Case(name, terms.get(name, []), ids, cited.get(name, [])) for name, ids in found.items()]


def diagnosed_of(diagnoses: pd.DataFrame) -> dict[str, list[str]]:
    """{subject: OMIM identifiers of its confirmed diagnoses}."""
    confirmed = diagnoses[(diagnoses["status"] == "confirmed") & diagnoses["omim_id"].notna()]
    found: dict[str, list[str]] = {}
    for subject, omim in confirmed[["subject_id", "omim_id"]].itertuples(index=False, name=None):
        found.setdefault(subject, []).extend(omim.split("|"))
    return {subject: list(dict.fromkeys(ids)) for subject, ids in sorted(found.items())}


def ranking_accuracy(
    given: StoredIndex,
    cases: Sequence[Case],
    scorers: Sequence[str],
    parameters: RankingParameters,
    progress: Progress = lambda text: None,
) -> Accuracy:
    """Ranks of the cases' diagnoses by each scorer, and how often they are among the first 1, 3, 10 and 50.

    A case without a term that the ontology knows, or whose diagnosis is no candidate, is not counted; with publications removed
    also one whose disease has no annotation left. Of several diagnoses the best rank counts. Micro averages are over cases, macro
    over diseases; no cases give an empty table.
    """
    made = ranker(given)
    place = {name: k for k, name in enumerate(made.diseases)}
    leaking, rows_of = _cited(made), Citations.of(given)
    lost = {"no known finding": 0, "diagnosis is no candidate": 0, "no annotation left": 0}
    rows = []
    reduced: tuple[frozenset[str], Ranker] = (frozenset(), made)
    for number, case in enumerate(sorted(cases, key=lambda case: (case.publications, case.subject)), 1):
        own = [place[name] for name in case.diagnosed if name in place]
        known = [term for term in case.present if term in made.numbers.number]
        lost["no known finding"] += not known
        lost["diagnosis is no candidate"] += bool(known) and not own
        if not known or not own:
            continue
        cited = frozenset(case.publications)
        leaked = any(cited & leaking.get(disease, set()) for disease in own)
        if leaked and reduced[0] != cited:  # cases of one publication follow each other
            reduced = (cited, ranker(given, ~rows_of.citing_nothing_but(cited), "Lin" in scorers))
        without = reduced[1] if leaked else made
        left = [disease for disease in own if _annotated(without, disease)]
        lost["no annotation left"] += not left
        for scorer in scorers:
            best, place_of = _best(made, known, own, scorer, parameters)
            rows.append((case.subject, made.diseases[place_of], scorer, "all", best))
            if not leaked:
                rows.append((case.subject, made.diseases[place_of], scorer, "unleaked", best))
            if left:
                best, place_of = _best(without, known, left, scorer, parameters) if leaked else (best, place_of)
                rows.append((case.subject, made.diseases[place_of], scorer, "publication-out", best))
        if number % 100 == 0:
            progress(f"{number} of {len(cases)} subjects ranked")
    frame = pd.DataFrame(rows, columns=["subject_id", "disease_id", "scorer", "figure", "rank"])
    ranks = conform(frame.sort_values(["scorer", "figure", "subject_id"]), "diagnosed_ranks")
    counted = int(ranks["subject_id"].nunique())
    return Accuracy(ranks, _table(ranks), {"cases": len(cases), "counted": counted, "not_counted": lost})


def _best(
    made: Ranker, present: Iterable[str], diseases: Sequence[int], scorer: str, parameters: RankingParameters
) -> tuple[float, int]:
    """(rank, disease) of the diagnosis that ranks first."""
    ranks = mid_ranks(SCORERS[scorer](made, made.query(present), parameters))
    return min((float(ranks[disease]), disease) for disease in diseases)


def _cited(made: Ranker) -> dict[int, set[str]]:
    """{disease: what its annotations cite}."""
    found: dict[int, set[str]] = {}
    for disease, sources in zip(made.annotations["disease"].tolist(), made.annotations["sources"], strict=True):
        found.setdefault(disease, set()).update(sources)
    return found


def _annotated(made: Ranker, disease: int) -> bool:
    return bool(made.scoring.own_start[disease + 1] > made.scoring.own_start[disease])


def _table(ranks: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (scorer, figure), part in ranks.groupby(["scorer", "figure"], sort=True):
        hits = pd.DataFrame({f"top_{k}": 100.0 * (part["rank"] <= k) for k in FIRST})
        hits = hits.assign(mean_reciprocal_rank=1 / part["rank"], disease_id=part["disease_id"])
        numbers = hits.drop(columns="disease_id")
        for average, means in (
            ("micro", numbers.mean()),
            ("macro", hits.groupby("disease_id").mean(numeric_only=True).mean()),
        ):
            rows.append(
                {"scorer": scorer, "figure": figure, "average": average, "packets": len(part), **means.to_dict()}
            )
    columns = ["scorer", "figure", "average", "packets", *(f"top_{k}" for k in FIRST), "mean_reciprocal_rank"]
    return conform(pd.DataFrame(rows, columns=columns), "ranking_accuracy")
