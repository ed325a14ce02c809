"""The pictures beside the values: there where people would look, small, drawn once, never at the cost of a value."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groprog_assets.definitions import defs
from groprog_assets.graph.derive import derive
from groprog_assets.graph.materialized import MAXIMUM_PLOT_BYTES, PLOT_DPI, materialized, png
from groprog_assets.graph.specification import SPECIFICATIONS, Specification
from groprog_assets.report import plots
from groprog_assets.store.code_version import closure
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables import TABLES

DRAWN = {
    "read_quality",
    "filtered_alignments",
    "transcript_hmm",
    "transcript_density",
    "tss_profile",
    "pausing",
    "differential_transcription",
    "enrichment",
    "loci",
    "cohort",
    "risk_model",
    "evaluation",
}


@pytest.fixture
def workspace(study: Path) -> Workspace:
    return Workspace(study)


def lines(points: int = 10):
    from groprog_assets.figures.style import new_figure

    figure, axes = new_figure()
    axes.scatter(*np.random.default_rng(0).random((2, points)), s=1)
    return figure


def specification(function, name: str) -> Specification:
    arguments = function.__code__.co_varnames[: function.__code__.co_argcount]
    return Specification(
        name, function, "groprog_assets.assets.features.pausing", "g", "", ("name",), (), (), None, False, (), arguments
    )


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_where_people_would_look_there_is_a_plot(name: str):
    path = Path(SPECIFICATIONS[name].function.__code__.co_filename)
    assert "plot=plots." in path.read_text()


def test_a_changed_figure_recomputes_nothing():
    for name in DRAWN:
        reached = {path.parent.name for path in closure(f"groprog_assets.assets.{name}")}
        assert "figures" not in reached, name


def test_a_plot_is_drawn_once_and_kept(workspace: Workspace):
    drawn = []

    def value(study):
        return materialized({"a": 1}, plot={"one": lambda: drawn.append("one") or lines(), "two": lines})

    given = specification(value, "drawn_once")
    _, record, reused = derive(workspace, given, "", {}, lambda text: None)
    assert not reused
    assert set(record["plots"]) == {"one", "two"}
    assert workspace.store.get_bytes(record["plots"]["one"]).startswith(b"\x89PNG")
    _, again, reused = derive(workspace, given, "", {}, lambda text: None)
    assert reused
    assert again["plots"] == record["plots"]
    assert drawn == ["one"]


def test_a_plot_that_fails_costs_no_value(workspace: Workspace):
    def value(study):
        return materialized({"a": 2}, plot=lambda: 1 / 0)

    said: list[str] = []
    _, record, _ = derive(workspace, specification(value, "undrawable"), "", {}, said.append)
    assert record["plots"] == {}
    assert record["output"]["sha256"]
    assert "ZeroDivisionError" in said[0]


@pytest.mark.parametrize("points", [10, 8_000, 200_000])
def test_a_plot_stays_small_at_its_whole_size_and_is_drawn_once(points):
    figure = lines(points)
    (dots,) = figure.axes[0].collections
    drawn, draw = [], dots.draw
    dots.draw = lambda renderer: drawn.append(renderer) or draw(renderer)
    image = png(figure)
    assert 0 < len(image) <= MAXIMUM_PLOT_BYTES
    assert len(drawn) == 1
    with Image.open(io.BytesIO(image)) as opened:
        assert opened.size == tuple(round(inches * PLOT_DPI) for inches in figure.get_size_inches())
    assert png(lines(points)) == image


def noise(inches: float):
    from groprog_assets.figures.style import new_figure

    figure, axes = new_figure((inches, inches))
    dots = int(inches * PLOT_DPI)
    axes.imshow(np.random.default_rng(0).random((dots, dots, 3)), interpolation="nearest")
    return figure


def test_a_plot_of_too_many_colours_has_fewer_dots():
    image = png(noise(4))
    assert 0 < len(image) <= MAXIMUM_PLOT_BYTES
    with Image.open(io.BytesIO(image)) as opened:
        assert 120 <= opened.width < 4 * PLOT_DPI
        assert opened.width == opened.height
    assert png(noise(4)) == image


def test_a_plot_that_never_fits_is_empty():
    assert png(noise(14)) == b""


def test_every_table_of_an_asset_has_its_columns_in_the_definition():
    for spec in defs.resolve_all_asset_specs():
        given = SPECIFICATIONS[spec.key.to_user_string()]
        assert "groprog lineage trace" in spec.metadata["lineage"].value
        tables = [given.tables] if isinstance(given.tables, str) else list(given.tables.values())
        shown = [getattr(value, "schema", value) for key, value in spec.metadata.items() if "column" in key]
        found = [[column.name for column in schema.columns] for schema in shown]
        wanted = [[column.name for column in TABLES[table].columns] for table in tables if table]
        assert sorted(found) == sorted(wanted), given.name
        if wanted:
            assert "dagster/column_schema" in spec.metadata


def test_every_drawing_is_used():
    text = "".join(Path(item.function.__code__.co_filename).read_text() for item in SPECIFICATIONS.values())
    named = [name for name, item in vars(plots).items() if callable(item) and item.__module__ == plots.__name__]
    assert named
    assert [name for name in named if f"plots.{name}(" not in text] == []
