"""The finished model on other centres' patients (S1-X01 to X03)."""

from __future__ import annotations

from typing import Any

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="model",
    kinds={"json"},
    tables={"scores": "external_scores"},
    sections=("cohort", "validation"),
    files=("validation.clinical", "validation.expression.path"),
    of_champion=("risk_model", "cohort", "patient_expression", "normalized_features"),
)
def external_validation(
    study: StudyView,
    risk_model: Bundle,
    cohort: Bundle,
    patient_expression: dict[str, Any],
    normalized_features: Bundle,
) -> Materialized:
    """Scores of every external cohort with metrics, calibration, risk groups, and what of the model it could not feed."""
    from groprog_assets.model.checkpoint import load_model
    from groprog_assets.prognosis.external_cohorts import Trained, collected, validate_cohort

    model = load_model({name: blob.content for name, blob in risk_model.files.items()})
    trained = Trained(
        model, cohort, patient_expression, normalized_features, risk_model.summary["mode"], model.parameters
    )
    found = [validate_cohort(external, study.cohort, trained) for external in study.validation]
    value = collected(found, risk_model.summary["model_version"])
    estimates = {
        f"c_ipcw of {document['name']}": document["evaluation"]["models"]["groprog"]["c_ipcw"]["estimate"]
        for document in value.cohorts
    }
    return materialized(value, plot=plots.external_validation(value.cohorts), cohorts=len(value.cohorts), **estimates)
