"""Subjects told on pages of their own."""

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
    tables={"table": "case_ranks", "ratios": "case_ratios"},
    sections=("omics.cases", "parameters.ranking"),
    blocking=("keys",),
)
def case_studies(
    study: StudyView,
    workspace: Workspace,
    subjects: Bundle,
    phenotypes: Bundle,
    ranking_index: Bundle,
    reference_annotations: Bundle,
) -> Materialized:
    """The diseases of single subjects, ranked among all and among those of one gene, and what each finding says of them."""
    from groprog_assets.methods.omics import case_studies as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    ids = who.pseudonyms(workspace, (case.packet for case in study.omics.cases))
    allowed = {name: found for name, found in ids.items() if found in set(subjects.table["subject_id"])}
    known = (phenotypes.table, ranking_index, reference_annotations.genes)
    found = method.case_studies(study.omics.cases, allowed, *known, study.parameters.ranking)
    held = {"case_ranks": found.table, "case_ratios": found.ratios, "subjects": subjects.table}
    held |= {"candidate_diseases": ranking_index.candidates, "ranking_terms": ranking_index.terms}
    broken = broken_keys(held)
    return materialized(found, verdicts=[check.keys(broken)], **found.summary)
