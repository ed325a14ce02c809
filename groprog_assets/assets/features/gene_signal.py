"""Reads at the promoter, in the body and upstream of every gene."""

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
    table="gene_signal",
    sections=("libraries", "parameters.pausing"),
    unread=("filtered_alignments",),
)
def gene_signal(
    study: StudyView,
    pool: Pool,
    filtered_alignments: dict[str, Stored],
    genes: pd.DataFrame,
    library_sizes: pd.DataFrame,
) -> Materialized:
    """Counts and densities of the three windows of each gene in each library."""
    from groprog_assets.compute.shards import gene_signal as shard
    from groprog_assets.methods.reads.library_sizes import spike_in_sizes

    pausing = study.parameters.pausing
    sizes = spike_in_sizes(library_sizes)
    table = shard.on_pool(pool, genes, study.libraries, filtered_alignments, pausing, sizes)
    return materialized(table, genes=int(table["gene"].nunique()), libraries=len(study.libraries))
