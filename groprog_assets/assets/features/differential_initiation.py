"""Initiation regions that change between the conditions, and the genes beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"parquet"},
    tables={"table": "differential_initiation", "links": "initiation_links"},
    sections=("libraries", "contrast", "parameters.differential", "parameters.initiation"),
)
def differential_initiation(
    study: StudyView,
    initiation_regions: Bundle,
    gene_differential: Bundle,
    gene_signal: pd.DataFrame,
    gene_models: Bundle,
    library_sizes: pd.DataFrame,
) -> Materialized:
    """Fold change and significance of each region, with the size factors of the genes; and its nearest, overlapping and
    co-varying genes, with their own change."""
    from groprog_assets.methods.initiation import differential_initiation as method
    from groprog_assets.methods.reads.library_sizes import spike_in_sizes

    given = (initiation_regions, gene_differential, gene_signal, gene_models.transcripts)
    sizes = spike_in_sizes(library_sizes)
    result = method.compare_regions(*given, study.libraries, study.contrast, study.parameters, sizes)
    headline = {name: result.summary[name] for name in ("tested", "up", "down", "analysis")}
    return materialized(result, plot=plots.differential_initiation(result, study.contrast), **headline)
