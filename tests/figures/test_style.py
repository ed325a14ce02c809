"""Equal figures give equal bytes, in a fresh process too."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest

from groprog_assets.figures.style import (
    CONTROL,
    MOST_ROWS,
    MOST_VECTOR_POINTS,
    TREATMENT,
    coloured_rows,
    condition_colours,
    data_uri,
    figure_bytes,
    laid_out_once,
    new_figure,
    scatter,
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


def test_both_files_of_a_figure_have_one_layout():
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    def filled():
        figure, axes = new_figure((5, 3))
        with style():
            axes.set(title="A title", ylabel="label")
        return figure

    figure, done = filled(), []
    engine = figure.get_layout_engine()
    engine.execute = lambda given: done.append(given) or ConstrainedLayoutEngine.execute(engine, given)
    made = laid_out_once(figure)
    assert len(done) == 1
    assert made == laid_out_once(filled())
    assert made["png"] == figure_bytes(filled(), "png")
    assert made["svg"].startswith(b"<?xml")


@pytest.mark.parametrize(("size", "dpi"), [((5, 3), 144), ((4.6, 3.4), 110), ((8.2, 3.6), 110), ((3.237, 2.813), 97)])
def test_a_picture_has_the_dots_of_matplotlibs_own_without_transparency(size, dpi):
    from PIL import Image

    figure, axes = new_figure(size)
    with style():
        axes.plot([0, 1, 2], [0, 1, 0], color=CONTROL)
        own = io.BytesIO()
        figure.savefig(own, format="png", dpi=dpi)
    with Image.open(io.BytesIO(figure_bytes(figure, "png", dpi))) as written, Image.open(own) as drawn:
        assert written.mode == "RGB"
        assert written.size == drawn.size
        assert written.info == {"dpi": drawn.info["dpi"], "Software": "GroProg"}
        assert written.tobytes() == drawn.convert("RGB").tobytes()


@pytest.mark.parametrize(("count", "pictures"), [(MOST_VECTOR_POINTS, 0), (MOST_VECTOR_POINTS + 1, 1)])
def test_many_points_are_a_picture_in_an_svg_and_few_are_shapes(count, pictures):
    figure, axes = new_figure()
    scatter(axes, np.arange(count), np.arange(count), s=4, color=CONTROL, label="points")
    svg = figure_bytes(figure, "svg").decode()
    assert svg.count("<image") == pictures
    assert (svg.count("<use") > MOST_VECTOR_POINTS) == (not pictures)


def test_rows_of_a_heat_map_are_means_of_neighbours_cut_at_the_top():
    _, axes = new_figure()
    values = np.repeat([[0.0, 4.0], [1.0, 3.0]], [3 * MOST_ROWS, 2 * MOST_ROWS], axis=0)
    image = coloured_rows(axes, values, (-5.0, 7.0), 3.5)
    half = int(0.6 * MOST_ROWS)
    assert image.get_array().tolist() == [[0.0, 3.5]] * half + [[1.0, 3.0]] * (MOST_ROWS - half)
    assert image.get_extent() == [-5.0, 7.0, 5 * MOST_ROWS, 0]
    assert image.get_clim() == (0, 3.5)
    uneven = coloured_rows(axes, np.arange(MOST_ROWS * 1.5)[:, None], (0.0, 1.0), 1e9).get_array()
    assert uneven.shape == (MOST_ROWS, 1)
    assert uneven[:3, 0].tolist() == [0.0, 1.5, 3.0]
    few = np.array([[1.0, 9.0], [2.0, 3.0]])
    assert coloured_rows(axes, few, (0.0, 1.0), 5.0).get_array().tolist() == few.tolist()


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
