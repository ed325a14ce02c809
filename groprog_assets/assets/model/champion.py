"""The model in use, and the decision behind it."""

from __future__ import annotations

from groprog_assets.checks import drift as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.intake.promotion import circumstances_of_decision, judge_challenger
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Arrays, Document


@study_asset(
    group="model",
    kinds={"json"},
    sections=("parameters.evaluation", "parameters.training"),
    checks=("inputs_drift", "calibration_drift"),
    extra_inputs=circumstances_of_decision,
)
def champion(
    study: StudyView,
    workspace: Workspace,
    cohort: Bundle,
    patient_expression: Arrays,
    encoded_tensors: Bundle,
    risk_model: Bundle,
    evaluation: Document,
) -> Materialized:
    """The promotion decision: champion, challenger, rule and evidence; whether patients or outcomes moved since the champion."""
    given = (cohort, patient_expression, encoded_tensors.folds, risk_model, evaluation)
    found = judge_challenger(workspace, *given, study.parameters.evaluation, study.parameters.training.seed)
    verdicts = [
        check.inputs_drift(found.stability, found.bounds, found.arrived),
        check.calibration_drift(found.expected, check.CALIBRATION_DRIFT_BOUND),
    ]
    return materialized(found.decision, verdicts=verdicts, **found.headline)
