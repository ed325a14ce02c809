"""Equal figures give equal bytes, in a fresh process too."""

from __future__ import annotations

import subprocess
import sys

import pytest

from groprog_assets.figures.style import (
    CONTROL,
    TREATMENT,
    condition_colours,
    data_uri,
    figure_bytes,
    new_figure,
    style,
)

CODE = """
import hashlib, sys
from groprog_assets.figures.style import figure_bytes, new_figure, style
with style():
    figure, axes = new_figure()
    axes.plot([0, 1, 2], [0, 1, 0], label="line")
    axes.legend()
print(hashlib.sha256(figure_bytes(figure, sys.argv[1])).hexdigest())
"""


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_bytes_repeat_between_processes(suffix):
    digests = {
        subprocess.run([sys.executable, "-c", CODE, suffix], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(digests) == 1


def test_svg_carries_no_date_and_keeps_its_text():
    with style():
        figure, axes = new_figure()
        axes.set_title("Words stay words")
    raw = figure_bytes(figure, "svg").decode()
    assert "Words stay words" in raw
    assert "dc:date" not in raw


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_figure_is_drawn_once_a_file_and_has_the_bytes_of_matplotlibs_own(suffix):
    from matplotlib.figure import Figure

    def filled(figure, axes):
        left, right = axes
        points = left.scatter(range(1, 40), range(40, 1, -1), label="points")
        left.set(title="A title", xlabel="label", xscale="log")
        left.legend()
        figure.colorbar(right.imshow([[1.0, 2.0], [3.0, 4.0]]), ax=right)
        figure.suptitle("Over both")
        return points

    with style():
        plain = Figure(figsize=(5, 3), layout="constrained")
        filled(plain, plain.subplots(1, 2))
    figure, axes = new_figure((5, 3), 1, 2)
    with style():
        points = filled(figure, axes)
    drawn, draw = [], points.draw

    def counted(renderer):
        drawn.append(renderer)
        draw(renderer)

    points.draw = counted
    assert figure_bytes(figure, suffix) == figure_bytes(plain, suffix)
    assert len(drawn) == 1


def test_another_suffix_is_refused():
    figure, _ = new_figure()
    with pytest.raises(ValueError, match="png or svg"):
        figure_bytes(figure, "pdf")


def test_control_and_treatment_keep_their_colours():
    colours = condition_colours(["a", "mock", "b", "oe"], "mock", "oe")
    assert colours["mock"] == CONTROL
    assert colours["oe"] == TREATMENT
    assert len(set(colours.values())) == 4


def test_the_style_does_not_leak():
    import matplotlib

    before = matplotlib.rcParams["axes.grid"]
    with style():
        assert matplotlib.rcParams["axes.grid"] is True
    assert matplotlib.rcParams["axes.grid"] == before


def test_data_uri_knows_png_from_svg():
    figure, _ = new_figure()
    assert data_uri(figure_bytes(figure)).startswith("data:image/png;base64,")
    assert data_uri("<svg/>").startswith("data:image/svg+xml;base64,")
