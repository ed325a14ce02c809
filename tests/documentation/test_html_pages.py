"""docs/ as HTML: every page, links that lead somewhere, and nothing from a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from groprog_assets.documentation.html_pages import anchor, write_html
from tests.architecture.sources import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_html(DOCS, tmp_path_factory.mktemp("html")).parent


def test_every_page_is_written_and_in_the_menu(folder: Path):
    written = {path.stem for path in folder.glob("*.html")}
    assert written == {path.stem for path in DOCS.glob("*.md")} | {"readme"}
    index = (folder / "index.html").read_text()
    menu = index[index.index("<nav ") : index.index("</nav>")]
    assert {path.stem for path in DOCS.glob("*.md")} - set(re.findall(r'href="(\w+)\.html', menu)) == set()


def test_links_and_pictures_lead_to_what_is_there(folder: Path):
    for page in folder.glob("*.html"):
        text = page.read_text()
        for target in re.findall(r'(?:href|src)="([^"]*)"', text):
            if "://" in target:
                continue
            assert target.strip("#"), f"{page.name}: a link to nowhere"
            name, _, place = target.partition("#")
            other = folder / name if name else page
            assert other.is_file(), f"{page.name}: {target}"
            if place and other.suffix == ".html":
                assert f'id="{place}"' in other.read_text(), f"{page.name}: {target}"


def test_a_link_to_a_file_that_is_no_page_keeps_its_words_alone(tmp_path: Path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Title\n\nSee [the *log*](../CHANGELOG.md) and [this](index.md#title).\n")
    text = write_html(docs, tmp_path / "html").read_text()
    assert '<p>See the <em>log</em> and <a href="index.html#title">this</a>.</p>' in text


def test_a_page_needs_no_network(folder: Path):
    for page in folder.glob("*.html"):
        assert not re.search(r'(?:src|<link[^>]*href)="https?:', page.read_text())
        assert "<script" not in page.read_text()


def test_headings_are_named_as_github_names_them():
    assert anchor("What is found: `a_b` (2.0)") == "what-is-found-a_b-20"


def test_tables_and_titles_are_html(folder: Path):
    text = (folder / "study_file.html").read_text()
    assert "<title>The study file · GroProg</title>" in text
    assert "<table>" in text
    assert '<h2 id="cohortendpoint">cohort.endpoint</h2>' in text
