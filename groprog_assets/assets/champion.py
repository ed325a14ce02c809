"""The model that scores, and why it is that one."""

from __future__ import annotations

from typing import Any

from groprog_assets.artifacts import Bundle
from groprog_assets.asset_definition import study_asset
from groprog_assets.checks import drift as check
from groprog_assets.io_managers import load_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView, Workspace

BARRIERS = ("cohort", "encoded_tensors")


def standing(workspace: Workspace) -> dict[str, Any]:
    """What else decides: the champion before this model was judged, and which checks failed.

    A decision about the model at hand is not its own circumstance: a study that is run again takes it again with the same
    outcome.
    """
    return {"current": champion_before(workspace), "failed": failed_checks(workspace)}


def champion_before(workspace: Workspace) -> dict[str, Any] | None:
    """The decision that stood when the current risk model was first judged, or a person's since; None for the first model."""
    record, model = (workspace.derivations.current_record(name) for name in ("champion", "risk_model"))
    judged = {item["name"]: item["sha256"] for item in record["inputs"]} if record else {}
    if record and model and judged.get("risk_model") == model["output"]["sha256"]:
        by_hand = "decision" in record["extra"]
        return load_asset(workspace, "champion") if by_hand else record["extra"]["current"]
    return load_asset(workspace, "champion")


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
    group="model", kinds={"json"}, sections=("parameters.evaluation",), checks=("inputs_drift",), extra_inputs=standing
)
def champion(
    study: StudyView, workspace: Workspace, cohort: Bundle, risk_model: Bundle, evaluation: dict[str, Any]
) -> Materialized:
    """The promotion decision: champion, challenger, rule and evidence; and whether patients have changed since the champion."""
    from groprog_assets.methods import drift
    from groprog_assets.methods import promotion as method

    current = champion_before(workspace)
    decision = method.decide(
        risk_model.summary["model_version"],
        evaluation,
        failed_checks(workspace),
        current,
        study.parameters.evaluation.promotion_margin,
    )
    decision["challenger"].setdefault("inputs", drift.describe_inputs(cohort.records, cohort.fields))
    reference = ((current or {}).get("champion") or {}).get("inputs")
    stability = drift.stability(reference, cohort.records) if reference else None
    return materialized(
        decision,
        verdicts=[check.inputs_drift(stability, drift.DRIFT_BOUND)],
        model_version=decision["model_version"],
        promoted=decision["promoted"],
        reason=decision["reason"],
    )
