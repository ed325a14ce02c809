"""The two-state model of transcription, fitted once on the pooled libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groprog_assets import plots
from groprog_assets.artifacts import Bundle
from groprog_assets.asset_definition import study_asset
from groprog_assets.compute_pool import Pool
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView


@study_asset(
    group="transcription",
    kinds={"parquet", "numba"},
    tables={"trace": "em_trace", "tuning": "tuning_surface"},
    sections=("parameters.transcription", "parameters.coverage"),
)
def transcript_hmm(
    study: StudyView, pool: Pool, progress: Callable[[str], Any], coverage: dict[str, Any], gene_models: Bundle
) -> Materialized:
    """Parameters of the hidden Markov model (S1-P05), the likelihood of every EM step, and the tuning surface."""
    from groprog_assets.methods import transcript_hmm as method
    from groprog_assets.shards.transcript_hmm import OnPool

    fitted = method.fit_transcript_hmm(
        coverage,
        gene_models.chrom_sizes,
        gene_models.consensus,
        study.parameters.coverage.bin_size,
        study.parameters.transcription,
        elsewhere=OnPool(pool, progress) if pool.width > 1 else None,
    )
    return materialized(
        fitted, plot=plots.transcript_hmm(fitted), iterations=len(fitted.trace), tuning_cells=len(fitted.tuning)
    )
