"""Bars from one number to the other: each begins where the one before ended, and the last ends at the sum."""

from __future__ import annotations

import pytest

from groprog_assets.figures.style import figure_bytes
from groprog_assets.figures.waterfall import waterfall

STEPS = [("patients", 0.3), ("seed", -0.5), ("parameters", 0.0)]


def test_bars_join_up():
    axes = waterfall(0.1, STEPS, ("old", "new"), "risk").axes[0]
    bars = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    assert sum(bars, ()) == pytest.approx((0.1, 0.4, 0.4, -0.1, -0.1, -0.1))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["old", "patients", "seed", "parameters", "new"]
    said = [text.get_text() for text in axes.texts]
    assert said == ["+0.300", "-0.500", "+0.000", "0.100", "-0.100"]


def test_room_is_left_on_both_sides():
    axes = waterfall(0.0, [("a", 1.0)], ("old", "new"), "risk").axes[0]
    low, high = axes.get_xlim()
    assert low < 0
    assert high > 1


def test_no_step_is_said_and_equal_figures_are_equal_bytes():
    assert "Nothing changed" in waterfall(0.0, [], ("a", "b"), "risk").axes[0].texts[0].get_text()
    assert figure_bytes(waterfall(0, STEPS, ("a", "b"), "x")) == figure_bytes(waterfall(0, STEPS, ("a", "b"), "x"))
