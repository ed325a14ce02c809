"""Transcription units."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Document


@study_asset(group="transcription", kinds={"parquet"}, table="transcripts", sections=("parameters.coverage",))
def transcripts(study: StudyView, transcript_hmm: Bundle, coverage: Document, gene_models: Bundle) -> Materialized:
    """Stretches the model calls transcribed, with the mean posterior of each; exact and groHMM coordinates."""
    from groprog_assets.methods.transcription import transcripts as method

    table = method.call_transcripts(
        coverage, transcript_hmm.fit, gene_models.chrom_sizes, study.parameters.coverage.bin_size
    )
    return materialized(table, units=len(table))
