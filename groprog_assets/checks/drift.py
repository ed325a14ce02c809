"""Checks of drift since the champion was trained: in its inputs and in its calibration. They block nothing."""

from __future__ import annotations

from collections.abc import Mapping

from groprog_assets.checks.verdict import Verdict
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Values


def inputs_drift(stability: Mapping[str, float] | None, bounds: Mapping[str, float], patients: int) -> Verdict:
    """Fails when a covariate's stability index of the `patients` new since the champion was trained reaches its bound; history by
    covariate."""
    if stability is None:
        return Verdict("inputs_drift", True, "No champion's training patients to compare with yet.")
    if not patients:
        return Verdict("inputs_drift", True, "No patient is new since the champion was trained.", {"new_patients": 0})
    moved = {name: value for name, value in stability.items() if value >= bounds[name]}
    shown = ", ".join(
        f"{name} {value:.2f} (bound {bounds[name]:.2f})"
        for name, value in sorted(moved.items(), key=lambda item: -item[1])
    )
    worst = max(stability.values(), default=0.0)
    return Verdict(
        "inputs_drift",
        not moved,
        f"{patients} new or corrected patients differ from those the champion was trained on: {shown}"
        if moved
        else f"{patients} new or corrected patients are like the champion's own (stability index up to {worst:.2f})",
        {"new_patients": patients, "largest": worst, **stability},
    )


def calibration_drift(found: Values | None, significance: float) -> Verdict:
    """Fails when the events since the champion was trained are not as many as it expected; history of the ratio."""
    if found is None:
        return Verdict("calibration_drift", True, "No champion's expectation to compare with yet.")
    values = {name: value for name, value in found.items() if value is not None}
    events = count_of(found["observed"], "event")
    seen = f"{events} in the follow-up since the champion was trained, {found['expected']:.1f} expected"
    if found["ratio"] is None:
        return Verdict("calibration_drift", True, f"{seen}: too few to tell", values)
    return Verdict(
        "calibration_drift",
        found["p_value"] >= significance,
        f"{seen}: ratio {found['ratio']:.2f} ({found['lower']:.2f} to {found['upper']:.2f}), p = {found['p_value']:.3g};"
        f" under {significance:g} its probabilities no longer hold",
        values,
    )


CALIBRATION_DRIFT_BOUND = 0.01
"""p under which observed events are called other than expected; small, as the question is asked at each training."""
D_CALIBRATION_BOUND = 0.05
"""p under which D-calibration is rejected. Source: Haider et al. 2020, J Mach Learn Res 21(85), section 3.6."""


def calibration(document: Values, significance: float = D_CALIBRATION_BOUND) -> Verdict:
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
