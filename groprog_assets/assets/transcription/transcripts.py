"""Transcription units."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.wire_format import Stored, tables_in_sequences
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="transcription",
    kinds={"parquet"},
    table="transcripts",
    sections=("parameters.coverage",),
    unread=("coverage",),
)
def transcripts(
    study: StudyView, transcript_hmm: Bundle, coverage: dict[str, Stored], gene_models: Bundle
) -> Materialized:
    """Stretches the model calls transcribed, with the mean posterior of each; exact and groHMM coordinates."""
    from groprog_assets.methods.transcription import transcripts as method

    given = (gene_models.chrom_sizes, study.parameters.coverage.bin_size)
    table = method.call_transcripts(tables_in_sequences(coverage), transcript_hmm.fit, *given)
    return materialized(table, units=len(table))
