"""The collections of records that the study names, counted."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    table="omics_sources",
    sections=("omics.phenopackets",),
    files=("omics.phenopackets.path",),
)
def omics_sources(study: StudyView) -> Materialized:
    """Packets, findings, diagnoses and variants of each collection, and fields that phenopackets do not have."""
    from groprog_assets.methods.omics import subjects as method

    packets = method.sourced_packets(study.omics.phenopackets)
    counts = method.source_counts(packets)
    return materialized(counts, packets=int(counts["packets"].sum()), unknown_fields=method.unknown_fields(packets))
