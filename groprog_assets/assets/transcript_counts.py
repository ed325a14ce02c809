"""Reads of every unit in every library."""

from __future__ import annotations

from typing import Any

from groprog_assets.artifacts import Bundle
from groprog_assets.asset_definition import study_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView


@study_asset(group="features", kinds={"parquet"}, table="transcript_counts", sections=("parameters.differential",))
def transcript_counts(study: StudyView, transcripts: Any, filtered_alignments: dict[str, Bundle]) -> Materialized:
    """Counts in each unit's window of 1 to 13 kb from its start (limitToXkb), per library."""
    from groprog_assets.methods import transcript_counts as method

    positions = {library: item.positions for library, item in filtered_alignments.items()}
    table = method.count_transcripts(transcripts, positions, study.parameters.differential)
    return materialized(table, reads=int(table["count"].sum()))
