"""Reads at the promoter, in the body and upstream of every gene."""

from __future__ import annotations

from typing import Any

from groprog_assets.artifacts import Bundle
from groprog_assets.asset_definition import study_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView


@study_asset(group="features", kinds={"parquet"}, table="gene_signal", sections=("libraries", "parameters.pausing"))
def gene_signal(study: StudyView, filtered_alignments: dict[str, Bundle], genes: Any) -> Materialized:
    """Counts and densities of the three windows (S1-P02) of each gene in each library."""
    from groprog_assets.methods import gene_signal as method

    positions = {library: item.positions for library, item in filtered_alignments.items()}
    table = method.gene_signal(positions, study.libraries, genes, study.parameters.pausing)
    return materialized(table, genes=int(table["gene"].nunique()), libraries=len(positions))
