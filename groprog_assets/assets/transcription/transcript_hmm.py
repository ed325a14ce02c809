"""The two-state model of transcription, fitted once on the pooled libraries."""

from __future__ import annotations

from groprog_assets.checks import equal_libraries as check
from groprog_assets.compute.compute_pool import Pool
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.wire_format import Stored, tables_in_sequences
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Progress


@study_asset(
    group="transcription",
    kinds={"parquet", "numba"},
    tables={"trace": "em_trace", "tuning": "tuning_surface"},
    sections=("parameters.transcription", "parameters.coverage"),
    blocking=("distinct_libraries",),
    unread=("coverage",),
)
def transcript_hmm(
    study: StudyView, pool: Pool, progress: Progress, coverage: dict[str, Stored], gene_models: Bundle
) -> Materialized:
    """Parameters of the hidden Markov model, the likelihood of every EM step, and the tuning surface."""
    from groprog_assets.compute.shards.transcript_hmm import OnPool
    from groprog_assets.methods.reads.equal_libraries import equal_libraries
    from groprog_assets.methods.transcription import transcript_hmm as method

    windows = tables_in_sequences(coverage)
    fitted = method.fit_transcript_hmm(
        windows,
        gene_models.chrom_sizes,
        gene_models.consensus,
        study.parameters.coverage.bin_size,
        study.parameters.transcription,
        elsewhere=OnPool(pool, progress) if pool.elsewhere else None,
    )
    return materialized(
        fitted,
        plot=plots.transcript_hmm(fitted),
        verdicts=[check.distinct_libraries(equal_libraries(windows, "window"), len(windows))],
        iterations=len(fitted.trace),
        tuning_cells=len(fitted.tuning),
    )
