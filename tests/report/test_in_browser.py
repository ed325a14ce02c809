"""The report and the pages of loci as a reader opens them: from the results folder, in a real browser, wide and narrow.

Of the study GROPROG_UI_STUDY where it names one that was run, else of a tiny one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from groprog_assets.documentation.figures import LARGEST_IMAGE, small_png
from tests.browser import page
from tests.trained_study import trained_study

__all__ = ["page"]

pytestmark = pytest.mark.slow

WIDTHS = (1400, 420)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("GROPROG_UI_STUDY")
    study = Path(named).resolve() if named else trained_study(tmp_path_factory.mktemp("browser") / "study")
    return study.parent / "results"


def opened(page: Any, path: Path, width: int) -> list[str]:
    """Open a file at a width; what the browser complains about while it is shown."""
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(LOCAL) else None)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path.as_uri())
    return complaints


LOCAL = ("file:", "data:", "blob:")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_is_as_wide_as_the_window_and_complains_of_nothing(results: Path, page: Any, width: int):
    complaints = opened(page, results / "report.html", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].filter(image => !image.naturalWidth).map(image => image.alt)") == []
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "unfolded it is not wider"
    assert complaints == []


def test_every_link_leads_somewhere(results: Path, page: Any):
    opened(page, results / "report.html", 1400)
    links = set(page.evaluate("[...document.links].map(link => link.getAttribute('href'))"))
    inside, files = (
        {link for link in links if link.startswith("#")},
        {link for link in links if not link.startswith("#")},
    )
    assert all(page.evaluate("id => !!document.getElementById(id)", link[1:]) for link in inside)
    assert {link for link in files if not (results / unquote(link)).is_file()} == set()
    assert {f"loci/{path.name}" for path in (results / "loci").glob("*.html")} <= files
    drawn = {f"figures/{path.name}" for path in (results / "figures").glob("*.svg")}
    assert drawn <= files, "every figure has its SVG linked"


@pytest.mark.parametrize("width", WIDTHS)
def test_every_locus_page_draws_its_tracks(results: Path, page: Any, width: int):
    for path in sorted((results / "loci").glob("*.html")):
        complaints = opened(page, path, width)
        page.wait_for_selector("body[data-drawn=yes]")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert complaints == []


def test_it_prints_every_section(results: Path, page: Any, tmp_path: Path):
    opened(page, results / "report.html", 1400)
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 100_000
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"


def test_the_first_screen_and_a_locus_make_a_picture(results: Path, page: Any, tmp_path: Path):
    """Pictures of the documentation, into GROPROG_SCREENSHOTS where it is set."""
    folder = Path(os.environ.get("GROPROG_SCREENSHOTS") or tmp_path)
    opened(page, results / "report.html", 1400)
    assert page.locator("nav").is_visible()
    (folder / "report.png").write_bytes(small_png(page.screenshot()))
    opened(
        page,
        next(iter(sorted((results / "loci").glob("*up*.html")) or sorted((results / "loci").glob("*.html")))),
        1400,
    )
    page.wait_for_selector("body[data-drawn=yes]")
    (folder / "locus.png").write_bytes(small_png(page.screenshot(full_page=True)))
    for name in ("report", "locus"):
        assert 10_000 < (folder / f"{name}.png").stat().st_size <= LARGEST_IMAGE
