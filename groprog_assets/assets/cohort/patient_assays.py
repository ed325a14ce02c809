"""The assays of the patients that the risk model reads."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.intake import omics_subjects as who
from groprog_assets.store.artifacts import Bundle, paths_of
from groprog_assets.store.workspace import StudyView, Workspace


@study_asset(
    group="cohort",
    kinds={"numpy"},
    sections=("cohort", "omics.assays", "omics.gene_sets", "parameters.measurements", "parameters.integration"),
    files=("omics.gene_sets",),
)
def patient_assays(
    study: StudyView, workspace: Workspace, clinical_records: Bundle, samples: Bundle, assay_raw: Bundle
) -> Materialized:
    """Samples of patients with consent in the assays of `cohort.omics`, as read: each training fold fits all that follows."""
    from groprog_assets.methods.integration import patient_assays as method

    ids = who.subjects_of(workspace, clinical_records.records["patient_id"])
    asked = (study.cohort.omics, study.omics.assays, study.omics.gene_sets)
    held = (ids, method.tables_of(assay_raw, samples), paths_of(assay_raw.matrices))
    arrays = method.assay_arrays(*asked, *held, study.parameters.measurements, study.parameters.integration)
    return materialized(arrays, patients=method.patients_of(arrays))
