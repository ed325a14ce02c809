"""The model that scores, and why it is that one."""

from __future__ import annotations

from typing import Any

from groprog_assets.artifacts import Bundle
from groprog_assets.asset_definition import study_asset
from groprog_assets.io_managers import load_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView, Workspace

BARRIERS = ("cohort", "encoded_tensors")


def standing(workspace: Workspace) -> dict[str, Any]:
    """What else decides: who is champion now (a decision about the same model is not taken twice) and which checks failed."""
    return {"current": load_asset(workspace, "champion"), "failed": failed_checks(workspace)}


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


@study_asset(group="model", kinds={"json"}, sections=("parameters.evaluation",), extra_inputs=standing)
def champion(study: StudyView, workspace: Workspace, risk_model: Bundle, evaluation: dict[str, Any]) -> Materialized:
    """The promotion decision: champion, challenger, rule and evidence."""
    from groprog_assets.methods import promotion as method

    current = load_asset(workspace, "champion")
    decision = method.decide(
        risk_model.summary["model_version"],
        evaluation,
        failed_checks(workspace),
        current,
        study.parameters.evaluation.promotion_margin,
    )
    return materialized(
        decision, model_version=decision["model_version"], promoted=decision["promoted"], reason=decision["reason"]
    )
