"""Read figures: one line a library and mate, shares of the file, words where there is nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from groprog_assets.figures.reads import condition_quality, filter_funnel, read_quality
from groprog_assets.figures.style import CONTROL, TREATMENT, figure_bytes
from tests.figures.example import CONDITIONS, funnel, quality


def test_quality_has_a_line_a_library_in_its_conditions_colour():
    figure = read_quality({library: quality(0.0) for library in CONDITIONS}, CONDITIONS, "mock", "oe")
    (axes,) = figure.axes
    assert [line.get_color() for line in axes.lines] == [CONTROL, CONTROL, TREATMENT, TREATMENT]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["mock", "oe"]
    assert axes.lines[0].get_xdata()[0] == 1


def test_mates_have_a_panel_each():
    table = quality(0.0)
    both = table.assign(mate=2).astype(table.dtypes.to_dict())
    figure = read_quality({"mock_1": table, "oe_1": both}, CONDITIONS, "mock", "oe")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Mate 1", "Mate 2"]


def test_libraries_without_qualities_are_named():
    figure = read_quality({"mock_1": quality(0.0), "oe_1": quality(0.0).iloc[:0]}, CONDITIONS, "mock", "oe")
    assert any("oe_1" in text.get_text() for text in figure.axes[0].texts)
    silent = read_quality({"mock_1": quality(0.0).iloc[:0]}, CONDITIONS, "mock", "oe")
    assert "no base qualities" in silent.axes[0].texts[0].get_text()
    assert figure_bytes(silent)


def test_one_conditions_mates_are_laid_end_to_end_and_weighted_by_reads():
    first = quality(0.0)
    second = first.assign(mate=2, mean_quality=first["mean_quality"] - 4.0).astype(first.dtypes.to_dict())
    lower = pd.concat([first, second], ignore_index=True)
    more = lower.assign(mean_quality=lower["mean_quality"] + 1.0, reads=3 * lower["reads"])
    shown = {"mock_1": lower, "mock_2": more, "oe_1": quality(0.0)}
    figure = condition_quality(shown, {"mock_1": "mock", "mock_2": "mock", "oe_1": "oe"}, "mock")
    drawn, boundary = figure.axes[0].lines
    assert len(drawn.get_xdata()) == 2 * len(first)
    assert drawn.get_ydata() == pytest.approx(lower["mean_quality"].to_numpy() + 0.75)
    assert boundary.get_xdata()[0] == len(first) + 0.5
    assert any("range" in text.get_text() for text in figure.axes[0].texts)
    silent = condition_quality({"mock_1": first.iloc[:0]}, {"mock_1": "mock"}, "mock")
    assert "No library of mock" in silent.axes[0].texts[0].get_text()


def test_funnel_bars_are_shares_of_the_file():
    table = funnel(1000)
    figure = filter_funnel({"mock_1": table, "oe_1": funnel(2000)}, CONDITIONS, "mock", "oe")
    (axes,) = figure.axes
    assert len(axes.patches) == 2 * len(table)
    widths = [patch.get_width() for patch in axes.patches[: len(table)]]
    assert widths == pytest.approx([100 * left / 1000 for left in table["remaining"]])
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert all(label.startswith("\u2212 ") for label in shown), "a bar is what is left, not what was removed"


def test_an_empty_file_has_no_bars():
    empty = funnel(1000).assign(removed=0, remaining=0)
    figure = filter_funnel({"mock_1": empty}, CONDITIONS, "mock", "oe")
    assert not figure.axes[0].patches
    assert figure_bytes(filter_funnel({}, {}, "mock", "oe"))
