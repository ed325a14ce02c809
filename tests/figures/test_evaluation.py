"""Figures of an evaluation are drawn from its document, and say so where there is nothing."""

from __future__ import annotations

import pytest

from groprog_assets.figures.calibration import calibration_figure
from groprog_assets.figures.evaluation import auc_figure, roc_figure
from groprog_assets.figures.kaplan_meier import kaplan_meier_figure
from groprog_assets.figures.style import figure_bytes
from groprog_assets.methods.evaluation.evaluation import evaluate
from tests.methods.evaluation.test_evaluation import PARAMETERS, _study


@pytest.fixture(scope="module")
def document() -> dict:
    return evaluate(*_study(120), PARAMETERS)


def test_every_figure_has_its_lines(document: dict) -> None:
    curves = kaplan_meier_figure(document["strata"]["groprog"], "Survival by risk")
    assert len(curves.axes[0].lines) == 3
    assert any("log-rank" in text.get_text() for text in curves.axes[0].texts)
    assert len(curves.axes[1].texts) == 3 * len(document["strata"]["groprog"]["at_risk"]["time"])
    assert len(calibration_figure(document["calibration"]["groprog"]).axes) == 3
    assert len(auc_figure(document).axes[0].lines) == 4
    assert len(roc_figure(document).axes[0].lines) == 4
    for figure in (curves, roc_figure(document)):
        assert figure_bytes(figure).startswith(b"\x89PNG")


def test_nothing_to_show_is_said() -> None:
    for figure in (
        kaplan_meier_figure(None),
        calibration_figure({"horizons": {}}),
        auc_figure({}),
        roc_figure({}),
    ):
        assert sum(len(axes.texts) for axes in figure.axes) == 1


def test_a_legend_of_long_names_lies_within_the_figure(document: dict) -> None:
    labels = {model: f"{model}, clinical fields and expression of genes" for model in document["auc_curves"]["models"]}
    for draw in (auc_figure, roc_figure):
        figure = draw(document, labels)
        figure.canvas.draw()
        (legend,) = figure.legends
        assert figure.bbox.x0 <= legend.get_window_extent().x0
        assert legend.get_window_extent().x1 <= figure.bbox.x1, draw.__name__
