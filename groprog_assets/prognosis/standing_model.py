"""The model in use: the derivations behind the last decision of the asset `champion`. No Dagster.

A decision puts into use the newly trained model, the one before, or one that a person chose; each decision's record says which.
No Dagster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.derivations import Record
from groprog_assets.store.readings import Reading, read_asset, reading
from groprog_assets.store.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

TRAINED_ON = ("normalized_features", "cohort")
JUDGED = ("risk_model", "evaluation")
"""What a decision is about: a model and what it was found to be worth."""


def models_behind(record: Record) -> dict[str, str]:
    """{asset: derivation} of JUDGED for the model that a decision (a record of `champion`) lets stand; empty when none does."""
    extra = record["extra"]
    if "chosen" in extra:
        return dict(extra["chosen"])
    if record["headline"].get("promoted"):
        return {item["name"]: item["derivation"] for item in record["inputs"] if item["name"] in JUDGED}
    return dict(extra.get("standing") or {})


def standing_derivation(workspace: Workspace, asset: str) -> str:
    """The derivation of `asset` that the model in use is (risk_model), was judged by (evaluation), or was trained on.

    ArtifactError when nothing was decided yet, or when no model is in use.
    """
    record = workspace.derivations.current_record("champion")
    if record is None:
        rule = "A model is in use once it was decided on."
        raise ArtifactError(Problem("champion", "missing", rule, f"Run `{workspace.making('champion')}`."))
    behind = models_behind(record)
    if asset in behind:
        return behind[asset]
    if "risk_model" in behind:
        for item in workspace.derivations.read(behind["risk_model"])["inputs"]:
            if item["asset"] == asset:
                return str(item["derivation"])
    reason = record["headline"].get("reason", "")
    raise ArtifactError(
        Problem(
            "champion", "no model is in use", f"The last decision: {reason}.", "`groprog model promote STUDY VERSION`"
        )
    )


def read_standing(workspace: Workspace, asset: str) -> Reading:
    """The value of an asset behind the model in use, which need not be the newest (see `standing_derivation`)."""
    return reading(workspace, asset, "", standing_derivation(workspace, asset))


def read_standing_or_newest(workspace: Workspace, asset: str) -> Reading:
    """As `read_standing`, of the model or what it was trained on; before any decision, of the newest model."""
    if workspace.derivations.current("champion") is not None:
        return read_standing(workspace, asset)
    newest = read_asset(workspace, "risk_model")
    if asset == "risk_model":
        return newest
    inputs = workspace.derivations.read(newest.derivation)["inputs"]
    return reading(workspace, asset, "", next(item["derivation"] for item in inputs if item["asset"] == asset))


class Champion(NamedTuple):
    """The model in use: the values of risk_model and normalized_features, and the clinical fields it was trained on."""

    risk_model: Bundle
    features: Bundle
    fields: pd.DataFrame


def champion_model(workspace: Workspace) -> Champion:
    """The champion, or the newest model before any was decided on.

    ArtifactError when there is no model, or when the champion's bytes are no longer in the store.
    """
    model, features, cohort = (read_standing_or_newest(workspace, name).value() for name in ("risk_model", *TRAINED_ON))
    return Champion(model, features, cohort.fields)
