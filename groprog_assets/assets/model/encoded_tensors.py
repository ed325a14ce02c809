"""The inputs of the model for each patient, and the folds."""

from __future__ import annotations

from groprog_assets.checks import cohort as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.prognosis.fold_encoders import fold_encoders
from groprog_assets.prognosis.leak_guard import told_leaks
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays


@study_asset(
    group="model",
    kinds={"numpy", "safetensors"},
    tables={"folds": "folds"},
    sections=(
        "cohort",
        "parameters.representation",
        "parameters.signature",
        "parameters.matrices",
        "parameters.evaluation",
        "parameters.cohort",
        "parameters.training",
    ),
    files=("cohort.splits",),
    blocking=("between_patient_variance", "no_leakage"),
)
def encoded_tensors(
    study: StudyView,
    cohort: Bundle,
    patient_expression: Arrays,
    normalized_features: Bundle,
    source_cohorts: Bundle,
) -> Materialized:
    """The folds, the constants each training fold fits (nothing of a held-out patient enters them), and what the model reads of
    each patient."""
    parameters = study.as_parameters()
    given = (cohort, patient_expression, normalized_features, source_cohorts)
    made = fold_encoders(*given, study.cohort.splits, parameters)
    leaks = told_leaks(cohort, patient_expression, made.value.folds, parameters.cohort)
    variance = made.inputs.between_patient_variance()
    return materialized(
        made.value,
        verdicts=[
            check.between_patient_variance(variance, made.inputs.mode),
            check.no_leakage(leaks, parameters.cohort),
        ],
        patients=len(made.inputs),
        folds=len(made.value.encoders) - 1,
        genes=len(made.inputs.genes),
        mode=made.inputs.mode,
    )
