"""docs/ as HTML in a real browser, wide and narrow: no page is too wide, no link is dead, nothing is complained of."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from groprog_assets.documentation.html_pages import write_html
from tests.architecture.sources import ROOT
from tests.browser import page

__all__ = ["page"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_html(ROOT / "docs", tmp_path_factory.mktemp("html")).parent


@pytest.mark.parametrize("width", [1400, 420])
def test_every_page_fits_the_window_and_complains_of_nothing(folder: Path, page: Any, width: int):
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda asked: complaints.append(asked.url))
    page.on("request", lambda asked: None if asked.url.startswith("file:") else complaints.append(asked.url))
    page.set_viewport_size({"width": width, "height": 900})
    wide = {}
    for path in sorted(folder.glob("*.html")):
        page.goto(path.as_uri())
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide[path.name] = page.evaluate("document.documentElement.scrollWidth")
        assert page.evaluate("[...document.images].filter(image => !image.naturalWidth).map(image => image.src)") == []
        first = page.evaluate("document.querySelector('h1').getBoundingClientRect().top")
        assert first < 200, f"{path.name} begins with what it is about"
    assert wide == {}
    assert complaints == []


def test_every_link_leads_somewhere(folder: Path, page: Any):
    dead = []
    anchors: dict[Path, set[str]] = {}
    links: list[tuple[Path, str]] = []
    for path in sorted(folder.glob("*.html")):
        page.goto(path.as_uri())
        anchors[path] = set(page.evaluate("[...document.querySelectorAll('[id]')].map(part => part.id)"))
        links += [(path, link) for link in page.evaluate("[...document.links].map(link => link.href)")]
    for path, link in links:
        parts = urlsplit(link)
        if parts.scheme != "file":
            continue
        target = Path(unquote(parts.path))
        place = unquote(parts.fragment)
        if not target.is_file() or (place and target.suffix == ".html" and place not in anchors[target]):
            dead.append(f"{path.name}: {link}")
    assert len(links) > 500
    assert dead == []
