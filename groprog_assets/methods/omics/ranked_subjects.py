"""Diseases ranked for every subject of a study, and the accuracy for those whose diagnosis is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from groprog_assets.methods.omics.disease_ranking import Ranker, StoredIndex, rank_subject, ranker
from groprog_assets.methods.omics.ranking_accuracy import diagnosed_cases, diagnosed_of, ranking_accuracy
from groprog_assets.study.omics_parameters import RankingParameters
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document, Progress


class RankedSubjects(NamedTuple):
    """Tables `disease_ranks`, `finding_ratios`, `diagnosed_ranks`, `ranking_accuracy`; `summary`: JSON-able counts."""

    table: pd.DataFrame
    ratios: pd.DataFrame
    diagnosed: pd.DataFrame
    accuracy: pd.DataFrame
    summary: Document


def ranked_subjects(
    given: StoredIndex,
    phenotypes: pd.DataFrame,
    diagnoses: pd.DataFrame,
    publications: pd.DataFrame,
    scorers: Sequence[str],
    parameters: RankingParameters,
    progress: Progress,
) -> RankedSubjects:
    """The first diseases of every subject with a present finding that the ontology knows, and the accuracy by `scorers`.

    Subjects without such a finding are counted in the summary; they have no rows.
    """
    cases = diagnosed_cases(phenotypes, diagnoses, publications)
    table, parts = ranked(ranker(given), phenotypes, diagnosed_of(diagnoses), parameters, None, progress)
    accuracy = ranking_accuracy(given, cases, scorers, parameters, progress)
    count = int(table["subject_id"].nunique())
    without = int(phenotypes["subject_id"].nunique()) - count
    summary = {"ranked": count, "without_known_finding": without, **accuracy.summary}
    return RankedSubjects(table, parts, accuracy.ranks, accuracy.table, summary)


def ranked(
    made: Ranker,
    phenotypes: pd.DataFrame,
    diagnosed: dict[str, list[str]],
    parameters: RankingParameters,
    only: Sequence[str] | None = None,
    progress: Progress = lambda text: None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables (`disease_ranks`, `finding_ratios`) of every subject of `phenotypes` with a present finding that the ontology knows.

    diagnosed {subject: its own diagnoses}; only: the diseases to restrict to, or None.
    """
    known = phenotypes[phenotypes["term_id"].isin(list(made.numbers.number))]
    ranks, ratios = [], []
    groups = known[["subject_id", "term_id", "excluded"]].groupby("subject_id", sort=True)
    for number, (name, rows) in enumerate(groups, 1):
        subject = str(name)
        present = rows.loc[~rows["excluded"], "term_id"].tolist()
        if not present:
            continue
        absent = rows.loc[rows["excluded"], "term_id"].tolist()
        found = rank_subject(made, subject, present, absent, diagnosed.get(subject, ()), parameters, only)
        ranks.append(found.ranks)
        ratios.append(found.ratios)
        if number % 100 == 0:
            progress(f"diseases ranked for {number:,} subjects")
    return _stacked(ranks, "disease_ranks"), _stacked(ratios, "finding_ratios")


def _stacked(frames: list[pd.DataFrame], name: str) -> pd.DataFrame:
    empty = pd.DataFrame(columns=TABLES[name].column_names)
    return conform(pd.concat(frames, ignore_index=True) if frames else empty, name)
