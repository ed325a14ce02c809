"""Library sizes: the common scale of all libraries."""

from __future__ import annotations

from groprog_assets.checks import spike_in as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.wire_format import Stored
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="signal",
    kinds={"parquet"},
    table="library_sizes",
    sections=("libraries", "genome"),
    checks=("spike_in",),
    unread=("filtered_alignments",),
)
def library_sizes(study: StudyView, filtered_alignments: dict[str, Stored]) -> Materialized:
    """Reads of each library, those of its spike-in, and the size by which its counts are divided."""
    from groprog_assets.methods.reads import library_sizes as method

    summaries = {library: item.member("summary").value() for library, item in filtered_alignments.items()}
    table = method.library_sizes(
        {library: summary["plus_reads"] + summary["minus_reads"] for library, summary in summaries.items()},
        {library: summary["spike_in_reads"] for library, summary in summaries.items()},
        study.libraries,
        study.genome.spike_in_prefix,
    )
    return materialized(table, verdicts=[check.spike_in(table)], basis=str(table["basis"].iloc[0]))
