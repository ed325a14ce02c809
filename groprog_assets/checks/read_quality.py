"""Check that base qualities are known and high enough."""

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
