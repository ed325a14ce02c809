"""The model that scores, and why it is that one."""

from __future__ import annotations

from typing import Any

from groprog_assets.checks import drift as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.intake.withdrawals import rests_on_withdrawn
from groprog_assets.prognosis.champion_challenge import champion_now
from groprog_assets.prognosis.standing_model import models_behind
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import StudyView, Workspace

BARRIERS = ("cohort", "encoded_tensors")


def standing(workspace: Workspace) -> dict[str, Any]:
    """What else decides: the champion before this model was judged, the values behind it, and which checks failed.

    A decision about the model at hand is not its own circumstance: a study that is run again takes it again with the same
    outcome.
    """
    current, behind = champion_before(workspace)
    withdrawn = withdrawn_reason(workspace, behind)
    return {"current": current, "standing": behind, "failed": failed_checks(workspace), "withdrawn": withdrawn}


def champion_before(workspace: Workspace) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """(the decision that stood when the current risk model was first judged, or a person's since; the derivations behind the
    model it lets stand); None and {} for the first model."""
    record, model = (workspace.derivations.current_record(name) for name in ("champion", "risk_model"))
    if record is None:
        return None, {}
    judged = {item["name"]: item["sha256"] for item in record["inputs"]}
    by_hand = "decision" in record["extra"]
    if model and judged.get("risk_model") == model["output"]["sha256"] and not by_hand:
        return record["extra"]["current"], record["extra"].get("standing", {})
    return load_asset(workspace, "champion"), models_behind(record)


def withdrawn_reason(workspace: Workspace, behind: dict[str, str]) -> str:
    """Why the champion may not stand any longer although it is whole: somebody it was trained on has withdrawn; else ""."""
    if "risk_model" in behind and rests_on_withdrawn(workspace, behind["risk_model"]):
        return "the champion was trained on a patient who has withdrawn"
    return ""


def failed_checks(workspace: Workspace) -> list[str]:
    """Blocking checks that failed on what the model was trained on."""
    records = [(name, workspace.derivations.current_record(name)) for name in BARRIERS]
    return [
        f"{name}.{verdict['name']}"
        for name, record in records
        if record
        for verdict in record["verdicts"]
        if verdict["blocking"] and not verdict["passed"]
    ]


@study_asset(
    group="model",
    kinds={"json"},
    sections=("parameters.evaluation", "parameters.training"),
    checks=("inputs_drift", "calibration_drift"),
    extra_inputs=standing,
)
def champion(
    study: StudyView,
    workspace: Workspace,
    cohort: Bundle,
    patient_expression: dict[str, Any],
    encoded_tensors: Bundle,
    risk_model: Bundle,
    evaluation: dict[str, Any],
) -> Materialized:
    """The promotion decision: champion, challenger, rule and evidence; whether patients or outcomes moved since the champion."""
    from groprog_assets.methods.evaluation import drift
    from groprog_assets.methods.evaluation import promotion as method

    current, behind = champion_before(workspace)
    parameters = study.parameters.evaluation
    withdrawn = withdrawn_reason(workspace, behind)
    before = champion_now(workspace, behind, cohort, patient_expression) if behind and not withdrawn else None
    unusable = before.unusable if before else withdrawn
    comparison = stability = bounds = expected = None
    arrived = 0
    if before is not None and not before.unusable:
        comparison = method.compare(
            risk_model.out_of_fold,
            before.risks,
            cohort.outcomes,
            encoded_tensors.folds,
            parameters,
            study.parameters.training.seed,
        )
        reference = drift.describe_inputs(before.cohort.records, before.cohort.fields)
        new = drift.arrivals(before.cohort.records, cohort.records)
        arrived, stability = len(new), drift.stability(reference, new)
        bounds = drift.drift_bounds(reference, arrived, len(before.cohort.records))
        last = float(before.baseline.time[-1]) if len(before.baseline.time) else 0.0
        follow_up = drift.new_follow_up(before.cohort.outcomes, cohort.outcomes, last)
        expected = drift.observed_and_expected(follow_up, before.absolute, before.baseline)
    decision = method.decide(
        risk_model.summary["model_version"],
        evaluation,
        failed_checks(workspace),
        current,
        parameters.promotion_margin,
        comparison,
        unusable,
    )
    return materialized(
        decision,
        verdicts=[
            check.inputs_drift(stability, bounds or {}, arrived),
            check.calibration_drift(expected, check.CALIBRATION_DRIFT_BOUND),
        ],
        model_version=decision["model_version"],
        promoted=decision["promoted"],
        reason=decision["reason"],
        difference=(decision.get("comparison") or {}).get("difference"),
        observed_to_expected=(expected or {}).get("ratio"),
    )
