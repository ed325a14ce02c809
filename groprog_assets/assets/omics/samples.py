"""The samples that the assays measure."""

from __future__ import annotations

from groprog_assets.checks import omics as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.intake import omics_subjects as who
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.study.omics_integration import outcome_columns


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={"table": "samples", "factors": "sample_factors"},
    sections=("omics.samples", "omics.assays", "omics.groups", "omics.survival"),
    files=("omics.samples",),
    blocking=("keys",),
)
def samples(study: StudyView, workspace: Workspace, subjects: Bundle) -> Materialized:
    """Samples of subjects with consent under pseudonyms, and the factors of the sample table that the study names."""
    from groprog_assets.methods.assays import sample_table as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    outcomes = outcome_columns(study.omics.groups, study.omics.survival)
    read = method.read_sample_table(study.omics.samples, study.omics.assays, outcomes)
    ids = who.pseudonyms(workspace, read.rows["subject"])
    known = set(subjects.table["subject_id"])
    permitted = {name: subject for name, subject in ids.items() if subject in known}
    found = method.sample_tables(read, who.sample_ids(workspace, read.named), permitted)
    held = {"samples": found.table, "sample_factors": found.factors, "subjects": subjects.table}
    return materialized(
        found,
        verdicts=[check.keys(broken_keys(held))],
        samples=len(found.table),
        left_out=len(read.rows) - len(found.table),
    )
