"""Mean signal around transcription starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.wire_format import Stored, tables_in_sequences
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"parquet"},
    tables={"table": "tss_profile"},
    sections=("libraries", "contrast", "parameters.tss_profile"),
    unread=("filtered_alignments",),
)
def tss_profile(
    study: StudyView, filtered_alignments: dict[str, Stored], genes: pd.DataFrame, library_sizes: pd.DataFrame
) -> Materialized:
    """Signal in true base pairs around the dominant starts, per condition and orientation, with a heat map of the genes."""
    from groprog_assets.methods.features import tss_profile as method
    from groprog_assets.methods.reads.library_sizes import spike_in_sizes

    positions = tables_in_sequences(filtered_alignments, "positions")
    sizes = spike_in_sizes(library_sizes)
    made = method.around_starts(positions, study.libraries, genes, study.parameters.tss_profile, sizes=sizes)
    value = Bundle(heat_maps=Bundle(made.heat_maps), table=made.table)
    return materialized(value, plot=plots.tss_profile(value.table, study.contrast))
