"""The score of each patient."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.prognosis.model_columns import model_inputs, score_table
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays, Document


@study_asset(
    group="model",
    kinds={"parquet"},
    table="risk_scores",
    sections=("parameters.representation",),
    of_champion=("risk_model", "normalized_features"),
)
def risk_scores(
    study: StudyView,
    champion: Document,
    risk_model: Bundle,
    cohort: Bundle,
    patient_expression: Arrays,
    normalized_features: Bundle,
) -> Materialized:
    """Risk by the champion, its interval, percentile and survival at the horizons; beside it the score of models that never saw
    the patient."""
    from groprog_assets.model.checkpoint import load_model
    from groprog_assets.model.predict import predict

    model = load_model({name: blob.content for name, blob in risk_model.files.items()})
    inputs = model_inputs(cohort, patient_expression, normalized_features, study.parameters.representation.mode)
    table = score_table(predict(model, inputs), risk_model.out_of_fold, champion["model_version"])
    return materialized(table, patients=len(table), model_version=champion["model_version"])
