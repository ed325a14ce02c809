"""Whether a newly trained model replaces the model in use: the circumstances of the decision, and the decision.

The rule itself is `methods.evaluation.promotion`; here it is applied to the state of the study: the previous decision, failed
checks, patients who withdrew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.intake.withdrawals import rests_on_withdrawn
from groprog_assets.prognosis.champion_challenge import Challenged, Unusable, champion_now
from groprog_assets.prognosis.standing_model import models_behind
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.derivations import failed_barriers
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.parameters import EvaluationParameters
from groprog_assets.tables.values import Arrays, Document

if TYPE_CHECKING:
    import pandas as pd

BARRIERS = ("cohort", "encoded_tensors")
"""Assets whose failed blocking checks keep a model from being promoted."""


class Judged(NamedTuple):
    """decision: the document of `promotion.decide`; stability and bounds: {field: stability index, its bound} of the `arrived`
    new patients; expected: events observed and expected since the champion was trained. None without a champion to compare
    with."""

    decision: Document
    stability: dict[str, float] | None
    bounds: dict[str, float]
    arrived: int
    expected: Document | None

    @property
    def headline(self) -> Document:
        """The headline numbers."""
        return {
            "model_version": self.decision["model_version"],
            "promoted": self.decision["promoted"],
            "reason": self.decision["reason"],
            "difference": (self.decision.get("comparison") or {}).get("difference"),
            "observed_to_expected": (self.expected or {}).get("ratio"),
        }


def judge_challenger(
    workspace: Workspace,
    cohort: Bundle,
    expression: Arrays,
    folds: pd.DataFrame,
    risk_model: Bundle,
    evaluation: Document,
    parameters: EvaluationParameters,
    seed: int,
) -> Judged:
    """The decision about the newly trained `risk_model`, with its evidence: both models on the present patients, over `folds`."""
    from groprog_assets.methods.evaluation import drift, promotion

    current, behind = champion_before(workspace)
    withdrawn = withdrawn_reason(workspace, behind)
    before = champion_now(workspace, behind, cohort, expression) if behind and not withdrawn else None
    comparison = stability = expected = None
    bounds: dict[str, float] = {}
    arrived = 0
    if isinstance(before, Challenged):
        comparison = promotion.compare(risk_model.out_of_fold, before.risks, cohort.outcomes, folds, parameters, seed)
        reference = drift.describe_inputs(before.cohort.records, before.cohort.fields)
        new = drift.arrivals(before.cohort.records, cohort.records)
        arrived, stability = len(new), drift.stability(reference, new)
        bounds = drift.drift_bounds(reference, arrived, len(before.cohort.records))
        last = float(before.baseline.time[-1]) if len(before.baseline.time) else 0.0
        follow_up = drift.new_follow_up(before.cohort.outcomes, cohort.outcomes, last)
        expected = drift.observed_and_expected(follow_up, before.absolute, before.baseline)
    decision = promotion.decide(
        risk_model.summary["model_version"],
        evaluation,
        failed_checks(workspace),
        current,
        parameters.promotion_margin,
        comparison,
        before.reason if isinstance(before, Unusable) else withdrawn,
    )
    return Judged(decision, stability, bounds, arrived, expected)


def circumstances_of_decision(workspace: Workspace) -> Document:
    """Further circumstances of the decision: the previous champion, the values behind it, and the failed checks.

    The decision about this model itself is not one of them, so a study that is run again makes the same decision.
    """
    current, behind = champion_before(workspace)
    withdrawn = withdrawn_reason(workspace, behind)
    return {"current": current, "standing": behind, "failed": failed_checks(workspace), "withdrawn": withdrawn}


def champion_before(workspace: Workspace) -> tuple[Document | None, dict[str, str]]:
    """(the decision in force when the current risk model was first judged, or a person's later one; the derivations behind the
    model it keeps in use); None and {} for the first model."""
    record, model = (workspace.derivations.current_record(name) for name in ("champion", "risk_model"))
    if record is None:
        return None, {}
    judged = {item["name"]: item["sha256"] for item in record["inputs"]}
    by_hand = "decision" in record["extra"]
    if model and judged.get("risk_model") == model["output"]["sha256"] and not by_hand:
        return record["extra"]["current"], record["extra"].get("standing", {})
    return load_asset(workspace, "champion"), models_behind(record)


def withdrawn_reason(workspace: Workspace, behind: dict[str, str]) -> str:
    """The reason why an intact champion may no longer be used: a patient it was trained on has withdrawn; else ""."""
    if "risk_model" in behind and rests_on_withdrawn(workspace, behind["risk_model"]):
        return "the champion was trained on a patient who has withdrawn"
    return ""


def failed_checks(workspace: Workspace) -> list[str]:
    """Blocking checks that failed on the inputs of the model, as "asset.check"."""
    records = [(name, workspace.derivations.current_record(name)) for name in BARRIERS]
    return [f"{name}.{check}" for name, record in records if record for check in failed_barriers(record)]
