"""The patients' own expression."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="cohort", kinds={"numpy"}, sections=("cohort",), files=("cohort.expression.path", "cohort.sample_table")
)
def patient_expression(study: StudyView, clinical_records: Bundle) -> Materialized:
    """Expression of each patient (patients × genes, NaN for missing); no patients when the study names no matrix."""
    from groprog_assets.methods.cohort import patient_expression as method

    arrays = method.read_expression(study.cohort, clinical_records.records["patient_id"])
    return materialized(arrays, patients=arrays["values"].shape[0], genes=arrays["values"].shape[1])
