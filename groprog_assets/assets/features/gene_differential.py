"""Genes that change between the conditions, beside the called units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"parquet"},
    tables={"table": "gene_differential"},
    sections=("libraries", "contrast", "parameters.differential"),
)
def gene_differential(
    study: StudyView, gene_signal: pd.DataFrame, genes: pd.DataFrame, library_sizes: pd.DataFrame
) -> Materialized:
    """Fold change and significance of each gene by the reads of its body; the test is that of `differential_transcription`."""
    from groprog_assets.methods.features import gene_differential as method
    from groprog_assets.methods.reads.library_sizes import spike_in_sizes

    parameters, sizes = study.parameters.differential, spike_in_sizes(library_sizes)
    result = method.gene_differential(gene_signal, genes, study.libraries, study.contrast, parameters, sizes)
    directions = result.table["direction"].value_counts()
    return materialized(
        result,
        up=int(directions.get("up", 0)),
        down=int(directions.get("down", 0)),
        dispersion_trend=result.summary["dispersion_trend"]["fit"],
    )
