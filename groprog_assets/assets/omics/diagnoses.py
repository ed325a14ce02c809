"""Diagnoses of the subjects."""

from __future__ import annotations

from groprog_assets.checks import omics as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.intake import omics_subjects as who
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView, Workspace


@study_asset(
    group="omics",
    kinds={"parquet"},
    table="diagnoses",
    sections=("omics.phenopackets",),
    files=("omics.phenopackets.path",),
    blocking=("keys",),
)
def diagnoses(study: StudyView, workspace: Workspace, subjects: Bundle, reference_xrefs: Bundle) -> Materialized:
    """Each disease as read, with its MONDO class and its OMIM and ORPHA identifiers by exact mappings."""
    from groprog_assets.methods.omics import subjects as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    packets = method.sourced_packets(study.omics.phenopackets)
    ids = who.pseudonyms(workspace, (item.packet.id for item in packets))
    table = method.diagnosis_table(packets, ids, subjects.table["subject_id"].tolist(), reference_xrefs.table)
    broken = broken_keys({"diagnoses": table, "subjects": subjects.table})
    return materialized(table, verdicts=[check.keys(broken)], with_omim=int(table["omim_id"].notna().sum()))
