"""Base qualities by sequencing cycle (figures 2 and 3)."""

from __future__ import annotations

from groprog_assets.checks import read_quality as check
from groprog_assets.compute.compute_pool import Pool
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.graph.specification import LIBRARY_FILES
from groprog_assets.report import plots
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Document


@study_asset(
    group="reads",
    kinds={"parquet"},
    table="read_quality",
    sections=("library", "genome", "parameters.quality"),
    files=(*LIBRARY_FILES, "genome.fasta"),
    checks=("read_quality",),
    blocking=("quality_gate",),
    partitioned=True,
)
def read_quality(study: StudyView, pool: Pool, raw_reads: Document) -> Materialized:
    """Mean, lowest and highest base quality of every cycle of each mate, as FastQC counts them."""
    from groprog_assets.compute.shards import read_quality as shard

    table = shard.on_pool(pool, study.library, study.genome)
    verdicts = [judge(table, study.parameters.quality) for judge in (check.read_quality, check.quality_gate)]
    headline = {"cycles": len(table), "reads": raw_reads["reads"]}
    return materialized(table, plot=plots.read_quality(table, study.library), verdicts=verdicts, **headline)
