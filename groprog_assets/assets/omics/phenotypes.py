"""Findings of the subjects."""

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
    tables={"table": "phenotypes", "subject_terms": "subject_terms"},
    sections=("omics.phenopackets",),
    files=("omics.phenopackets.path",),
    checks=("findings_resolved", "contradictions"),
    blocking=("keys",),
)
def phenotypes(study: StudyView, workspace: Workspace, subjects: Bundle, reference_terms: Bundle) -> Materialized:
    """Findings, present and excluded, as live terms, and every term that each subject has with its ancestors."""
    from groprog_assets.methods.omics import subjects as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    packets = method.sourced_packets(study.omics.phenopackets)
    ids = who.pseudonyms(workspace, (item.packet.id for item in packets))
    found = method.findings(packets, ids, subjects.table["subject_id"].tolist(), reference_terms)
    held = {"phenotypes": found.table, "subject_terms": found.subject_terms, "terms": reference_terms.terms}
    held["subjects"] = subjects.table.reset_index(names="subject_ix")
    verdicts = [
        check.findings_resolved(found.summary),
        check.contradictions(found.summary),
        check.keys(broken_keys(held)),
    ]
    return materialized(found, verdicts=verdicts, findings=len(found.table), unresolved=found.summary["unresolved"])
