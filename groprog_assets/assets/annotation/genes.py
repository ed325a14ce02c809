"""The genes of the study, each with its dominant TSS."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.wire_format import Stored, tables_in_sequences
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="annotation",
    kinds={"parquet"},
    table="genes",
    sections=("parameters.annotation",),
    unread=("filtered_alignments",),
)
def genes(study: StudyView, gene_models: Bundle, filtered_alignments: dict[str, Stored]) -> Materialized:
    """One row a gene: the annotated start with most reads, its end, how often it is placed, how much is masked."""
    from groprog_assets.methods.annotation import genes as method

    positions = tables_in_sequences(filtered_alignments, "positions")
    table = method.dominant_tss(
        gene_models.transcripts, gene_models.consensus, positions, gene_models.masks, study.parameters.annotation
    )
    return materialized(table, genes=len(table), reliable=int(table["reliable"].sum()))
