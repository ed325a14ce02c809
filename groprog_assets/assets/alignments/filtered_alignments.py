"""Unique, mapped, unmasked reads as positions, and how many each rule removed."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.checks import read_end as check_read_end
from groprog_assets.checks import signal as check_signal
from groprog_assets.checks import strandedness as check_strand
from groprog_assets.compute.compute_pool import Pool
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.graph.specification import LIBRARY_FILES
from groprog_assets.report import plots
from groprog_assets.store.wire_format import Stored
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Progress


@study_asset(
    group="alignments",
    kinds={"parquet"},
    tables={"positions": "positions", "bases": "positions", "funnel": "filter_funnel"},
    sections=("library", "genome", "parameters.filtering"),
    files=(*LIBRARY_FILES, "genome.fasta"),
    checks=("both_strands", "one_base_a_read"),
    blocking=("has_signal", "strandedness"),
    partitioned=True,
    unread=("alignments", "gene_models"),
)
def filtered_alignments(
    study: StudyView,
    workspace: Workspace,
    pool: Pool,
    progress: Progress,
    alignments: Stored,
    gene_models: Stored,
) -> Materialized:
    """Reads that map once, outside masks, each as one base on one strand; with the funnel and the strandedness verdict."""
    from groprog_assets.compute.shards import filtered_alignments as shard

    path = workspace.resolve(Path(alignments.value().about["path"]))
    given = (study.library, study.genome, study.parameters.filtering, alignments, gene_models)
    filtered = shard.on_pool(pool, path, *given, progress)
    funnel = filtered.funnel["remaining"]
    return materialized(
        filtered,
        plot=plots.filter_funnel(filtered, study.library),
        verdicts=[
            check_signal.any_signal(filtered.positions, "reads after filtering"),
            check_signal.both_strands(filtered.positions),
            check_strand.strandedness(filtered.summary),
            check_read_end.one_base_a_read(filtered.summary),
        ],
        reads_kept=int(funnel.iloc[-1]) if len(funnel) else 0,
        strandedness=filtered.summary["strandedness"]["status"],
    )
