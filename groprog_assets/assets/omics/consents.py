"""What the subjects allow."""

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
    tables={"table": "consents", "permitted": "permitted_subjects"},
    sections=("omics.phenopackets", "omics.samples", "omics.assays", "omics.consents"),
    files=("omics.phenopackets.path", "omics.samples", "omics.consents.table"),
    blocking=("consent_coverage",),
    extra_inputs=who.consent_state,
)
def consents(study: StudyView, workspace: Workspace, reference_diseases: Bundle | None) -> Materialized:
    """Every version of each subject's consent, and who may be used for the study's purpose on the day it is judged."""
    from groprog_assets.methods.omics import consents as method
    from groprog_assets.methods.omics.subjects import subject_names

    ids = who.pseudonyms(workspace, subject_names(study.omics))
    gone = who.withdrawn_subjects(workspace, ids)
    found = method.consent_tables(study.omics.consents, ids, who.consent_day(workspace), gone, reference_diseases)
    who.write_identities(workspace, ids, found.permitted["subject_id"])
    return materialized(found, verdicts=[check.consent_coverage(found.summary)], permitted=len(found.permitted))
