"""The volcano of compared features: its names keep apart and lead to their points."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.figures.integration import volcano_figure


def test_names_of_near_points_keep_apart_and_each_leads_to_its_own():
    effect = np.array([2.0, 2.01, 2.02, -2.0, 0.1])
    p_value = np.array([1e-20, 1e-20, 1e-19, 1e-18, 0.5])
    table = pd.DataFrame(
        {
            "symbol": ["A", "B", "C", "D", "E"],
            "effect": effect,
            "statistic": effect,
            "p_value": p_value,
            "q_value": [1e-9] * 4 + [0.5],
            "biomarker": [False] * 5,
        }
    )
    axes = volcano_figure(table, 0.05, "one").axes[0]
    named = {text.get_text(): text for text in axes.texts}
    assert sorted(named) == ["A", "B", "C", "D"]
    heights = sorted(named[name].xyann[1] for name in "ABC")
    low, high = axes.get_ylim()
    assert np.diff(heights).min() >= 0.0499 * (high - low)
    assert heights[-1] < high
    places = {name: text.xy for name, text in named.items()}
    assert places == dict(zip("ABCD", zip(effect, -np.log10(p_value)), strict=False))
    left, right = axes.get_xlim()
    assert {name: text.xyann[0] for name, text in named.items()} == {"A": right, "B": right, "C": right, "D": left}
    assert left < effect.min() < effect.max() < right
