"""External validation of the finished model."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays


@study_asset(
    group="model",
    kinds={"json"},
    tables={"scores": "external_scores"},
    sections=("cohort", "validation"),
    files=(
        "validation.clinical",
        "validation.expression.file",
        "validation.matrices.file",
        "validation.matrices.case_list",
        "validation.sample_table",
    ),
    of_champion=("risk_model", "cohort", "patient_expression", "normalized_features"),
)
def external_validation(
    study: StudyView,
    risk_model: Bundle,
    cohort: Bundle,
    patient_expression: Arrays,
    normalized_features: Bundle,
) -> Materialized:
    """Scores of every external cohort with metrics, calibration, risk groups, and what of the model it could not feed."""
    from groprog_assets.prognosis.external_cohorts import trained_from, validate_cohorts

    trained = trained_from(risk_model, cohort, patient_expression, normalized_features)
    value = validate_cohorts(study.validation, study.cohort, trained)
    models = {document["name"]: document["evaluation"]["models"]["groprog"] for document in value.cohorts}
    estimates = {f"c_ipcw of {name}": found["c_ipcw"]["estimate"] for name, found in models.items()}
    return materialized(value, plot=plots.external_validation(value.cohorts), cohorts=len(models), **estimates)
