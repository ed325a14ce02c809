"""The patients' own expression and further omics."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays, Values


@study_asset(
    group="cohort",
    kinds={"numpy"},
    sections=("cohort",),
    files=("cohort.expression.file", "cohort.matrices.file", "cohort.matrices.case_list", "cohort.sample_table"),
)
def patient_expression(study: StudyView, clinical_records: Bundle, patient_assays: Arrays | None) -> Materialized:
    """Expression of each patient (patients × genes, NaN for missing), each further matrix likewise (mutations, copy number), and
    the assays that the model reads; no patients when the study names none."""
    from groprog_assets.methods.cohort import patient_matrices as method

    arrays = {**method.read_omics(study.cohort, clinical_records.records["patient_id"]), **(patient_assays or {})}
    further: Values = {f"genes of {name}": arrays[f"{name}.gene"].size for name in method.matrix_names(arrays)}
    return materialized(arrays, patients=arrays["values"].shape[0], genes=arrays["values"].shape[1], **further)
