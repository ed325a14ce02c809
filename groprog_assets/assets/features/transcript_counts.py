"""Reads of every unit in every library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.compute.compute_pool import Pool
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.wire_format import Stored
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"parquet"},
    table="transcript_counts",
    sections=("parameters.differential",),
    unread=("filtered_alignments",),
)
def transcript_counts(
    study: StudyView, pool: Pool, transcripts: pd.DataFrame, filtered_alignments: dict[str, Stored]
) -> Materialized:
    """Counts in each unit's window from its start (limitToXkb: counting_offset, counting_size), per library."""
    from groprog_assets.compute.shards import transcript_counts as shard

    table = shard.on_pool(pool, transcripts, filtered_alignments, study.parameters.differential)
    return materialized(table, reads=int(table["count"].sum()))
