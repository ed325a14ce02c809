"""The models that the risk model is compared with."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays


@study_asset(
    group="model",
    kinds={"parquet"},
    tables={"table": "out_of_fold"},
    sections=("parameters.evaluation", "parameters.training", "parameters.cohort"),
)
def baselines(study: StudyView, cohort: Bundle, patient_expression: Arrays, encoded_tensors: Bundle) -> Materialized:
    """Out-of-fold risks of the clinical-only Cox, the penalised Cox on clinical and expression, and the boosted Cox."""
    from groprog_assets.methods.evaluation import baselines as method

    result = method.baselines(
        cohort.records,
        cohort.fields,
        cohort.outcomes,
        patient_expression if patient_expression["values"].size else None,
        encoded_tensors.folds,
        study.as_parameters(),
    )
    return materialized(result, models=int(result.table["model"].nunique()))
