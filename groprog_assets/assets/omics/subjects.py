"""The subjects who may be used."""

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
    tables={"table": "subjects", "variants": "subject_variants", "publications": "subject_publications"},
    sections=("omics.phenopackets", "omics.samples", "omics.assays"),
    files=("omics.phenopackets.path", "omics.samples"),
    blocking=("keys",),
)
def subjects(study: StudyView, workspace: Workspace, consents: Bundle) -> Materialized:
    """Subjects with consent under pseudonyms, the variants that their records interpret, the publications that they cite."""
    from groprog_assets.methods.omics import subjects as method

    packets = method.sourced_packets(study.omics.phenopackets)
    ids = who.pseudonyms(workspace, method.subject_names(study.omics))
    found = method.subject_tables(packets, ids, consents.permitted["subject_id"])
    return materialized(found, verdicts=[check.keys(method.broken_subject_keys(found))], subjects=len(found.table))
