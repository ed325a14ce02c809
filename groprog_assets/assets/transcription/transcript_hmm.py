"""The two-state model of transcription, fitted once on the pooled libraries."""

from __future__ import annotations

from groprog_assets.checks import equal_libraries as check
from groprog_assets.compute.compute_pool import Pool
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Document, Progress


@study_asset(
    group="transcription",
    kinds={"parquet", "numba"},
    tables={"trace": "em_trace", "tuning": "tuning_surface"},
    sections=("parameters.transcription", "parameters.coverage"),
    blocking=("distinct_libraries",),
)
def transcript_hmm(
    study: StudyView, pool: Pool, progress: Progress, coverage: Document, gene_models: Bundle
) -> Materialized:
    """Parameters of the hidden Markov model, the likelihood of every EM step, and the tuning surface."""
    from groprog_assets.compute.shards.transcript_hmm import OnPool
    from groprog_assets.methods.reads.equal_libraries import equal_libraries
    from groprog_assets.methods.transcription import transcript_hmm as method

    fitted = method.fit_transcript_hmm(
        coverage,
        gene_models.chrom_sizes,
        gene_models.consensus,
        study.parameters.coverage.bin_size,
        study.parameters.transcription,
        elsewhere=OnPool(pool, progress) if pool.elsewhere else None,
    )
    return materialized(
        fitted,
        plot=plots.transcript_hmm(fitted),
        verdicts=[check.distinct_libraries(equal_libraries(coverage, "window"), len(coverage))],
        iterations=len(fitted.trace),
        tuning_cells=len(fitted.tuning),
    )
