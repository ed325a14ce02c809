"""The graph's picture: readers stand below what they read, implied edges are not drawn, cycles are refused."""

from __future__ import annotations

import pytest

from groprog_assets.figures.style import figure_bytes
from groprog_assets.figures.workflow import workflow

GROUPS = {"reads": "reads", "signal": "signal", "units": "transcription", "report": "report"}
CHAIN = [("reads", "signal"), ("signal", "units"), ("units", "report")]


def heights(figure) -> dict[str, float]:
    """Where each asset's name stands, downwards; names of groups in the legend come later and are left out."""
    return {text.get_text(): text.get_position()[1] for text in reversed(figure.axes[0].texts)}


def edges_drawn(figure) -> int:
    return sum(type(patch).__name__ == "PathPatch" for patch in figure.axes[0].patches)


def test_a_reader_stands_below_what_it_reads():
    place = heights(workflow({**GROUPS, "late": "model"}, [*CHAIN, ("report", "late")]))
    assert place["signal"] < place["units"] < place["late"]


def test_edges_a_longer_path_implies_are_left_out():
    assert edges_drawn(workflow(GROUPS, [*CHAIN, ("reads", "report"), ("reads", "units")])) == 3


def test_a_passing_edge_keeps_its_lane():
    groups = {**GROUPS, "side": "cohort"}
    figure = workflow(groups, [*CHAIN, ("side", "report")])
    assert edges_drawn(figure) == 4
    assert figure_bytes(figure) == figure_bytes(workflow(groups, [*CHAIN, ("side", "report")]))


def test_edges_to_strangers_are_left_out():
    assert edges_drawn(workflow(GROUPS, [*CHAIN, ("reads", "stranger")])) == 3


def test_a_cycle_is_refused():
    with pytest.raises(ValueError, match="cycle"):
        workflow(GROUPS, [*CHAIN, ("report", "reads")])


def test_an_empty_graph_is_said():
    assert "no assets" in workflow({}, []).axes[0].texts[0].get_text()
