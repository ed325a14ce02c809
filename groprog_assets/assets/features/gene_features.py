"""The descriptor of each gene (u_g of eq. 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"parquet"},
    table="gene_features",
    sections=("contrast", "parameters.initiation", "parameters.descriptors"),
)
def gene_features(
    study: StudyView,
    genes: pd.DataFrame,
    gene_signal: pd.DataFrame,
    pausing: Bundle,
    transcript_density: Bundle,
    differential_transcription: Bundle,
    enrichment: Bundle,
    loci: Bundle,
    initiation_regions: Bundle,
    differential_initiation: Bundle,
    chromatin_signal: pd.DataFrame,
    local_tracks: Arrays,
) -> Materialized:
    """Densities, pausing, overlap with units, fold change, functional labels, marks, key-locus flag, enhancers near; what the
    study asks for beside them."""
    from groprog_assets.methods.features import gene_features as method
    from groprog_assets.methods.features.asked_descriptors import asked_descriptors

    asked = study.parameters.descriptors

    table = method.gene_features(
        genes,
        gene_signal,
        pausing.table,
        transcript_density.gene_overlap,
        differential_transcription.table,
        enrichment.labels,
        loci.table,
        initiation_regions.table,
        differential_initiation.table,
        study.parameters.initiation,
        chromatin_signal,
        asked.screening,
        asked_descriptors(genes, loci.table, local_tracks, study.contrast, asked),
    )
    return materialized(table, genes=len(table), features=table.shape[1] - 1)
