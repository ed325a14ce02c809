"""Transcription units."""

from __future__ import annotations

from typing import Any

from groprog_assets.artifacts import Bundle
from groprog_assets.asset_definition import study_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView


@study_asset(group="transcription", kinds={"parquet"}, table="transcripts", sections=("parameters.coverage",))
def transcripts(
    study: StudyView, transcript_hmm: Bundle, coverage: dict[str, Any], gene_models: Bundle
) -> Materialized:
    """Stretches the model calls transcribed, with the mean posterior of each; exact and groHMM coordinates."""
    from groprog_assets.methods import transcripts as method

    table = method.call_transcripts(
        coverage, transcript_hmm.fit, gene_models.chrom_sizes, study.parameters.coverage.bin_size
    )
    return materialized(table, units=len(table))
