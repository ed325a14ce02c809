"""When a newly trained model replaces the current one. Documents in, a document out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

METRIC = "c_ipcw"


def decide(
    version: str,
    evaluation: Mapping[str, Any],
    failed_checks: list[str],
    current: Mapping[str, Any] | None,
    margin: float,
) -> dict[str, Any]:
    """The decision about the model `version`, with its evidence.

    `current` is the champion's document or None. A challenger is promoted when no check failed and its out-of-fold C_IPCW is
    not worse than the champion's by more than `margin` (C-index, >= 0); the first model needs only its checks. A decision made
    about this version before is returned as it was. Source: specs/model 7; `promotion_margin` of the parameters.
    """
    if current is not None and current["challenger"]["model_version"] == version:
        return dict(current)
    found = evaluation.get("models", {}).get("groprog", {}).get(METRIC, {})
    challenger = {"model_version": version, "metric": METRIC, "estimate": found.get("estimate"), **_interval(found)}
    champion = None if current is None else current["champion"]
    evidence: dict[str, Any] = {"challenger": challenger, "failed_checks": failed_checks, "margin": margin}
    if failed_checks:
        promoted, reason = False, f"checks failed: {', '.join(failed_checks)}"
    elif champion is None:
        promoted, reason = True, "first model of this study"
    elif challenger["estimate"] is None or champion["estimate"] is None:
        promoted, reason = False, "one of the two has no estimate to compare"
    else:
        difference = challenger["estimate"] - champion["estimate"]
        promoted = difference >= -margin
        reason = f"{METRIC} differs by {difference:+.4f}; promoted from {-margin:+.4f}"
        evidence["difference"] = difference
    kept = challenger if promoted else champion
    return {
        "champion": kept,
        "model_version": kept["model_version"] if kept else None,
        "promoted": promoted,
        "reason": reason,
        "previous": champion,
        **evidence,
    }


def _interval(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"lower": found.get("lower"), "upper": found.get("upper")}
