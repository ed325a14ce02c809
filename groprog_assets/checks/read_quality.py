"""Checks that base qualities are known and high enough, and the gate that leaves out a library whose are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks.verdict import Verdict
from groprog_assets.study.parameters import QualityParameters

if TYPE_CHECKING:
    import pandas as pd


def read_quality(table: pd.DataFrame, parameters: QualityParameters) -> Verdict:
    """Fails when the mean quality of a library's worst cycle lies under the floor; passes, and says so, when unknown."""
    if not len(table):
        return Verdict(
            "read_quality", True, "The file carries no base qualities; nothing can be said.", {"known": False}
        )
    lowest = float(table["mean_quality"].min())
    floor = parameters.minimum_mean_quality
    return Verdict(
        "read_quality",
        lowest >= floor,
        f"lowest mean quality of a cycle Q{lowest:.1f}, floor Q{floor:g}",
        {"lowest_mean_quality": lowest, "known": True},
    )


def quality_gate(table: pd.DataFrame, parameters: QualityParameters) -> Verdict:
    """Fails, and so leaves the library out, when the mean quality of its worst cycle lies under `gate_mean_quality`.

    Passes, and says so, without a threshold and for a library without base qualities. Source: paper 4.2.
    """
    gate = parameters.gate_mean_quality
    if gate is None or not len(table):
        reason = (
            "No threshold is set." if gate is None else "The file carries no base qualities; the gate cannot judge it."
        )
        return Verdict("quality_gate", True, reason, {}, blocking=True)
    worst = table.iloc[int(table["mean_quality"].to_numpy().argmin())]
    lowest = float(worst["mean_quality"])
    where = f"cycle {int(worst['cycle'])} of mate {int(worst['mate'])}"
    return Verdict(
        "quality_gate",
        lowest >= gate,
        f"mean quality Q{lowest:.1f} at {where}, threshold of the gate Q{gate:g} (parameters.quality.gate_mean_quality)",
        {"lowest_mean_quality": lowest},
        blocking=True,
    )
