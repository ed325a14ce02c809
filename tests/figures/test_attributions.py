"""The cohort's drivers: largest on top, zeros left out, words where there is nothing."""

from __future__ import annotations

from groprog_assets.figures.attributions import attributions
from groprog_assets.figures.evaluation import decision_figure


def test_panels_hold_what_there_is():
    genes = {f"G{k}": k / 100 for k in range(40)}
    figure = attributions({"fields": {"age": 0.2, "body_mass_index": 0.5, "flat": 0.0}, "genes": genes, "labels": {}})
    fields, shown = figure.axes
    assert [tick.get_text() for tick in fields.get_yticklabels()] == ["body mass index", "age"]
    assert len(shown.get_yticklabels()) == 14
    assert "of 39" in shown.get_title(loc="left")


def test_no_contribution_is_said():
    assert "same risk" in attributions({}).axes[0].texts[0].get_text()


def test_decision_curves_draw_and_say_when_there_are_none():
    lines = {"groprog": [0.2, None], "all": [0.1, -0.3]}
    figure = decision_figure({"decision_curves": {"threshold": [0.1, 0.5], "horizons": {"12": lines, "36": lines}}})
    assert len(figure.axes) == 2
    assert decision_figure({}).axes[0].texts
