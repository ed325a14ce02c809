"""Figures of library similarity: what is drawn is the table, and empty tables are said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.figures.library_similarity import library_components, library_correlation
from groprog_assets.figures.style import figure_bytes

IDS = ["mock_1", "mock_2", "oe_1", "oe_2"]


def components():
    return pd.DataFrame(
        {
            "library": IDS * 3,
            "condition": ["mock", "mock", "oe", "oe"] * 3,
            "component": np.repeat([1, 2, 3], 4),
            "score": [-3.0, -2.5, 2.5, 3.0, 1.0, -1.0, 0.5, -0.5, 0.1, -0.1, 0.1, -0.1],
            "variance_fraction": np.repeat([0.9, 0.08, 0.02], 4),
        }
    )


def texts(figure):
    return " ".join(
        item.get_text()
        for axes in figure.axes
        for item in [*axes.texts, axes.xaxis.label, axes.yaxis.label, axes.title]
    )


def test_points_stand_at_their_scores_under_their_names():
    figure = library_components(components(), "mock", "oe")
    points = {tuple(row) for group in figure.axes[0].collections for row in group.get_offsets().tolist()}
    assert points == {(-3.0, 1.0), (-2.5, -1.0), (2.5, 0.5), (3.0, -0.5)}
    assert all(name in texts(figure) for name in (*IDS, "90%", "8%"))


def test_cells_hold_the_correlations():
    table = pd.DataFrame(
        {"library": np.repeat(IDS, 4), "other": IDS * 4, "correlation": np.where(np.eye(4).ravel() == 1, 1.0, 0.913)}
    )
    figure = library_correlation(table)
    written = [item.get_text() for item in figure.axes[0].texts]
    assert written.count("1.000") == 4
    assert written.count("0.913") == 12


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (lambda: library_components(components().query("component == 1"), "mock", "oe"), "three or more libraries"),
        (lambda: library_components(components().iloc[:0], "mock", "oe"), "three or more libraries"),
        (
            lambda: library_correlation(pd.DataFrame({"library": ["a"], "other": ["a"], "correlation": [1.0]})),
            "two or more libraries",
        ),
    ],
)
def test_too_few_libraries_are_said(figure, said):
    drawn = figure()
    assert said in texts(drawn)
    assert figure_bytes(drawn, "png")
