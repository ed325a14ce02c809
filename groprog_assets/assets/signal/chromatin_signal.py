"""Histone marks over each gene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="signal",
    kinds={"parquet"},
    table="chromatin_signal",
    sections=("marks", "parameters.chromatin"),
    files=("marks.bigwig",),
)
def chromatin_signal(study: StudyView, genes: pd.DataFrame) -> Materialized:
    """Mean of every mark's track at the promoter and over the body of each gene; empty when the study has no marks."""
    from groprog_assets.methods.features import chromatin_signal as method

    return materialized(method.mark_signal(study.marks, genes, study.parameters.chromatin), marks=len(study.marks))
