"""Density of transcription units along genes (figure 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import units as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.wire_format import Stored, tables_in_sequences
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="transcription",
    kinds={"parquet"},
    tables={"profile": "transcript_density", "gene_overlap": "gene_overlap"},
    sections=("parameters.density",),
    checks=("units_follow_genes",),
    unread=("filtered_alignments",),
)
def transcript_density(
    study: StudyView,
    transcripts: pd.DataFrame,
    repaired_transcripts: Bundle,
    gene_models: Bundle,
    filtered_alignments: dict[str, Stored],
) -> Materialized:
    """Density of units around scaled genes with FivePrimeFP, TP, PostTTS and TUA, over all genes and per gene."""
    from groprog_assets.methods.transcription import transcript_density as method

    positions = tables_in_sequences(filtered_alignments, "positions")
    density = method.transcript_density(
        transcripts, gene_models.consensus, positions, study.parameters.density, repaired=repaired_transcripts.table
    )
    headline: Document = {name: density.summary.get(name) for name in method.HEADLINE}
    verdict = check.units_follow_genes(density.summary, study.parameters.density.most_merged)
    return materialized(density, plot=plots.transcript_density(density), verdicts=[verdict], **headline)
