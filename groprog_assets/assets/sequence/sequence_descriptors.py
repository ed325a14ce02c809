"""What the sequence half says of each gene, for the risk model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle

if TYPE_CHECKING:
    import pandas as pd


@study_asset(group="sequence", kinds={"parquet"}, table="sequence_descriptors")
def sequence_descriptors(genes: pd.DataFrame, sequence_embedding: Bundle) -> Materialized:
    """Vectors of all genes as descriptors of the signature, made where `parameters.descriptors.sequence` asks for them."""
    from groprog_assets.methods.sequence import embedding

    tasks = list(sequence_embedding.summary["tasks"])
    table = embedding.descriptors(genes["gene"].tolist(), sequence_embedding.table, tasks)
    return materialized(table, genes=len(table), missing=int(table["sequence_missing"].sum()))
