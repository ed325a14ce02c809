"""Promoter-proximal pausing (figure 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"parquet"},
    tables={"table": "pausing"},
    sections=("libraries", "contrast", "parameters.pausing"),
)
def pausing(study: StudyView, gene_signal: pd.DataFrame, genes: pd.DataFrame) -> Materialized:
    """Pausing index of each gene in each condition, its class, and whether treatment shifts it."""
    from groprog_assets.methods.features import pausing as method

    result = method.pausing(gene_signal, genes, study.libraries, study.contrast, study.parameters.pausing)
    return materialized(
        result, plot=plots.pausing(result, study.contrast), genes_passing=int(result.table["passes"].sum())
    )
