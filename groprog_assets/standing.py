"""Which model stands: the derivations behind the champion's decision, for all that scores with the model or tells of it.

A decision lets the newly trained model stand, or the one before, or one that a person chose; each decision's record says which.
No Dagster.
"""

from __future__ import annotations

from typing import Any

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.workspace import Workspace

JUDGED = ("risk_model", "evaluation")
"""What a decision is about: a model and what it was found to be worth."""


def models_behind(record: dict[str, Any]) -> dict[str, str]:
    """{asset: derivation} of JUDGED for the model that a decision (a record of `champion`) lets stand; empty when none does."""
    extra = record["extra"]
    if "chosen" in extra:
        return dict(extra["chosen"])
    if record["headline"].get("promoted"):
        return {item["name"]: item["derivation"] for item in record["inputs"] if item["name"] in JUDGED}
    return dict(extra.get("standing") or {})


def standing_derivation(workspace: Workspace, asset: str) -> str:
    """The derivation of `asset` that the standing model is (risk_model), was judged by (evaluation), or was trained on.

    ArtifactError when nothing was decided yet, or when no model stands.
    """
    record = workspace.derivations.current_record("champion")
    if record is None:
        rule = "A model stands once it was decided on."
        raise ArtifactError(Problem("champion", "missing", rule, f"Run `{workspace.command} --select champion`."))
    behind = models_behind(record)
    if asset in behind:
        return behind[asset]
    if "risk_model" in behind:
        for item in workspace.derivations.read(behind["risk_model"])["inputs"]:
            if item["asset"] == asset:
                return item["derivation"]
    reason = record["headline"].get("reason", "")
    raise ArtifactError(
        Problem("champion", "no model stands", f"The last decision: {reason}.", "`groprog model promote STUDY VERSION`")
    )


def standing_or_newest(workspace: Workspace, asset: str) -> str:
    """As `standing_derivation`; before any decision, of the newest model. ArtifactError when there is no model."""
    if workspace.derivations.current("champion") is not None:
        return standing_derivation(workspace, asset)
    held = workspace.derivations.current(asset if asset in JUDGED else "risk_model")
    if held is None:
        rule = "A model scores once it was trained."
        raise ArtifactError(Problem("risk_model", "missing", rule, f"Run `{workspace.command} --select risk_model`."))
    if asset in JUDGED:
        return held
    inputs = workspace.derivations.read(held)["inputs"]
    return next(item["derivation"] for item in inputs if item["asset"] == asset)
