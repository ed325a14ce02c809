"""The tuning surface: both judgements shown, the setting used boxed, the best starred."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from groprog_assets.figures.style import UP, figure_bytes
from groprog_assets.figures.tuning import em_trace, tuning_surface
from groprog_assets.tables import TABLES, conform
from tests.figures.test_nascent_figures import empty, words

LEAVE, SHAPE = [-300.0, -200.0, -100.0], [5.0, 10.0, 15.0]


def surface(leave=LEAVE, shape=SHAPE):
    rows = [
        (one, two, 100, 3, 2, 0.01 * (i + 1), 0.9 - 0.01 * i, 0.5 + 0.01 * i, -1e5)
        for i, (one, two) in enumerate(itertools.product(leave, shape))
    ]
    return conform(pd.DataFrame(rows, columns=TABLES["tuning_surface"].column_names), "tuning_surface")


def fit(leave=-200.0, shape=5.0, tuned=False, tuned_by=None):
    return {"log_prob_leave_transcribed": leave, "untranscribed_shape": shape, "tuned": tuned, "tuned_by": tuned_by}


def boxes(axes):
    from matplotlib.patches import Rectangle

    found = [patch for patch in axes.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    return [(patch.get_x() + 0.5, patch.get_y() + 0.5) for patch in found]


def test_both_judgements_are_shown_and_the_used_cell_is_boxed():
    figure = tuning_surface(surface(), fit())
    panels = [axes for axes in figure.axes if axes.get_title(loc="left") or axes.get_title()]
    assert len(panels) == 2
    assert "Error rate" in words(figure)
    assert "Genes recovered" in words(figure)
    for axes in panels:
        assert boxes(axes) == [(0.0, 1.0)]


@pytest.mark.parametrize(
    ("tuned", "said"), [(True, "chosen by the lowest error rate"), (False, "as the study sets it")]
)
def test_how_it_was_chosen_is_said(tuned, said):
    assert said in words(tuning_surface(surface(), fit(tuned=tuned)))


def test_the_best_cell_of_each_panel_is_starred():
    figure = tuning_surface(surface(), fit())
    starred = [text.get_text() for text in figure.findobj(match=lambda a: hasattr(a, "get_text"))]
    assert [text for text in starred if text.endswith("*")] == ["0.010*", "0.900*"]


def test_equal_cells_are_all_best_and_have_the_middle_colour():
    figure = tuning_surface(surface().assign(error_rate=0.25), fit())
    first, second = [axes for axes in figure.axes if axes.images]
    (image,), told = first.images, [text.get_text() for text in first.texts]
    assert told == ["0.250*"] * 9
    assert [image.norm(0.25), second.images[0].norm(0.9)] == [0.5, 1.0]


def test_a_setting_chosen_by_the_dice_is_shown_beside_it():
    figure = tuning_surface(surface(), fit(-100.0, 15.0, tuned=True, tuned_by="dice"))
    assert "chosen by the highest Dice coefficient" in words(figure)
    assert "0.580*" in words(figure)
    assert "Genes recovered" not in words(figure)


def test_a_setting_outside_the_grid_is_said():
    figure = tuning_surface(surface(), fit(leave=-150.0))
    assert "outside the grid" in words(figure)
    assert not any(boxes(axes) for axes in figure.axes)


def test_a_grid_too_large_for_numbers_still_marks_its_cells():
    figure = tuning_surface(surface([-10.0 * i for i in range(1, 11)], [float(i) for i in range(1, 11)]), fit(-50, 5))
    assert "0.010" not in words(figure)
    assert sum(line.get_color() == UP for axes in figure.axes for line in axes.lines) == 2


def test_bytes_repeat_and_empty_tables_are_said():
    first, second = (figure_bytes(tuning_surface(surface(), fit()), "svg") for _ in range(2))
    assert first == second
    assert "was not run" in words(tuning_surface(empty("tuning_surface"), fit()))
    assert "No iteration" in words(em_trace(empty("em_trace")))


def test_the_trace_has_every_iteration():
    trace = pd.DataFrame({"iteration": [1, 2, 3], "log_likelihood": [-9.0, -5.0, -4.0]})
    (line,) = em_trace(trace).axes[0].lines
    assert list(line.get_ydata()) == [-9.0, -5.0, -4.0]
