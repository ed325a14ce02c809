"""Which model stands: the derivations behind the champion's decision, for all that scores with the model or tells of it.

A decision lets the newly trained model stand, or the one before, or one that a person chose; each decision's record says which.
No Dagster.
"""

from __future__ import annotations

from typing import Any

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.store.workspace import Workspace

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
