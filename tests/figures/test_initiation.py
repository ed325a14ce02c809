"""Figures of the initiation regions: directions, sums, empty tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.figures import initiation
from groprog_assets.methods.initiation.initiation_regions import initiation_regions
from groprog_assets.methods.initiation.surroundings import surroundings
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.schema import Library
from tests.methods.initiation.simulated_starts import SIZES, simulate

LIBRARIES = [Library(id="a", condition="mock"), Library(id="b", condition="oe")]


@pytest.fixture(scope="module")
def called():
    world = simulate(1, genes=60, enhancers=100, decoys=20)
    positions = {"a": world.positions, "b": world.positions}
    found = initiation_regions(positions, LIBRARIES, SIZES, world.models, InitiationParameters())
    return found, surroundings(found.table, positions, LIBRARIES, {"a": 1e6, "b": 1e6}, 0.1)


def test_plus_lies_above_the_line_and_right_of_the_centre(called):
    figure = initiation.heat_map(called[1].heat_map, called[1].metaplot, "mock", "oe")
    proximal = figure.axes[0]
    assert "Proximal" in proximal.get_title(loc="left")
    plus, minus = proximal.lines[0], proximal.lines[1]
    assert plus.get_ydata().max() > 0 >= minus.get_ydata().max()
    assert plus.get_xdata()[np.argmax(plus.get_ydata())] > 0 > minus.get_xdata()[np.argmin(minus.get_ydata())]


def test_the_profile_is_drawn_in_full(called):
    profile = called[0].profile
    (axes,) = initiation.start_profile(profile).axes
    assert axes.get_xlim() == (-1500, 1500)
    assert axes.patches[0].get_data().values.tolist() == profile["log_ratio"].tolist()


def test_classes_add_up(called):
    table = called[0].table
    axes = initiation.classes(table, 0.1).axes[0]
    assert sum(bar.get_width() for bar in axes.patches) == len(table)


def test_without_replicates_the_figure_says_that_nothing_is_tested(called):
    table = pd.DataFrame(
        {"analysis": "unreplicated", "class": ["distal", "proximal"], "direction": "none", "base_mean": 9.0}
    ).assign(log2_fold_change=1.0)
    figure = initiation.response(table, {"analysis": "unreplicated"}, "oe", "mock")
    assert "not tested for significance" in figure.get_supxlabel()


def test_empty_tables_are_said(called):
    found, around = called
    empty = {name: part[:0] if name != "offset" else part for name, part in around.heat_map.items()}
    figures = [
        initiation.start_profile(found.profile[:0]),
        initiation.heat_map(empty, around.metaplot[:0], "mock", "oe"),
        initiation.classes(found.table[:0], 0.1),
        initiation.response(pd.DataFrame({"analysis": []}), {"analysis": "replicated"}, "oe", "mock"),
    ]
    for figure in figures:
        assert any(text.get_text() for axes in figure.axes for text in axes.texts)
