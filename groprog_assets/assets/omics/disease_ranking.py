"""Diseases ranked for each subject, and how often the diagnosis comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import omics as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Progress

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={
        "table": "disease_ranks",
        "ratios": "finding_ratios",
        "diagnosed": "diagnosed_ranks",
        "accuracy": "ranking_accuracy",
    },
    sections=("omics.scorers", "parameters.ranking"),
    blocking=("keys",),
)
def disease_ranking(
    study: StudyView,
    subjects: Bundle,
    phenotypes: Bundle,
    diagnoses: pd.DataFrame,
    ranking_index: Bundle,
    progress: Progress,
) -> Materialized:
    """The first diseases of each subject with the part of each finding, and how well known diagnoses rank, leakage removed."""
    from groprog_assets.methods.omics import ranked_subjects as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    found = method.ranked_subjects(
        ranking_index,
        phenotypes.table,
        diagnoses,
        subjects.publications,
        study.omics.scorers,
        study.parameters.ranking,
        progress,
    )
    held = {"disease_ranks": found.table, "finding_ratios": found.ratios, "diagnosed_ranks": found.diagnosed}
    held |= {"subjects": subjects.table, "candidate_diseases": ranking_index.candidates}
    broken = broken_keys({**held, "ranking_terms": ranking_index.terms})
    return materialized(found, verdicts=[check.keys(broken)], **found.summary)
