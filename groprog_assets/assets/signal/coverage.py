"""Reads in windows along each strand."""

from __future__ import annotations

from groprog_assets.checks import signal as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.wire_format import Stored
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="signal",
    kinds={"parquet"},
    table="coverage",
    sections=("parameters.coverage",),
    blocking=("has_signal",),
    partitioned=True,
    unread=("filtered_alignments",),
)
def coverage(study: StudyView, filtered_alignments: Stored, gene_models: Bundle) -> Materialized:
    """Counts in windows of bin_size (eq. 1's raw density) on each strand; windows without reads are not stored.

    In coverage mode the counts are of covered bases, as in groHMM."""
    from groprog_assets.methods.reads import coverage as method
    from groprog_assets.methods.reads.positions import sequences_in_pieces

    whole = filtered_alignments.member("summary").value()["read_end"] == "coverage"
    counted = sequences_in_pieces(filtered_alignments.member("bases" if whole else "positions").pieces())
    table = method.bin_sequences(counted, gene_models.chrom_sizes, study.parameters.coverage.bin_size)
    return materialized(table, verdicts=[check.any_signal(table, "reads in windows")], windows=len(table))
