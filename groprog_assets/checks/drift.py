"""Has what the model sees, or how well its probabilities hold, moved away from what it was promoted on? Never a barrier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groprog_assets.results import Verdict


def inputs_drift(stability: Mapping[str, float] | None, bound: float) -> Verdict:
    """Fails when a covariate's stability index against the champion's training patients reaches `bound`; history by covariate."""
    if not stability:
        return Verdict("inputs_drift", True, "No champion's training patients to compare with yet.")
    moved = {name: value for name, value in stability.items() if value >= bound}
    shown = ", ".join(f"{name} {value:.2f}" for name, value in sorted(moved.items(), key=lambda item: -item[1]))
    worst = max(stability.values())
    return Verdict(
        "inputs_drift",
        not moved,
        f"{shown} against the patients the champion was trained on; from {bound:g} a change is large"
        if moved
        else f"every covariate is as when the champion was trained (stability index at most {worst:.2f}, bound {bound:g})",
        {"largest": worst, **stability},
    )


D_CALIBRATION_BOUND = 0.05
"""p under which D-calibration is rejected. Source: Haider et al. 2020, J Mach Learn Res 21(85), section 3.6."""


def calibration(document: Mapping[str, Any], significance: float = D_CALIBRATION_BOUND) -> Verdict:
    """Fails when D-calibration of the model is rejected on held-out patients; the error at each horizon is kept as history."""
    found = (document.get("calibration") or {}).get("groprog") or {}
    p_value = (found.get("d_calibration") or {}).get("p_value")
    if p_value is None:
        return Verdict("calibration", False, "Calibration could not be measured.")
    errors = {
        f"error_{months}_months": item["error"]
        for months, item in (found.get("horizons") or {}).items()
        if item.get("error") is not None
    }
    return Verdict(
        "calibration",
        p_value >= significance,
        f"D-calibration p = {p_value:.3g} on held-out patients; under {significance:g} the probabilities do not hold",
        {"d_calibration_p": p_value, **errors},
    )
