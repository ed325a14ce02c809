"""The portal as a reader opens it: the real server in a real browser, wide and narrow, signed in and not."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from groprog_assets.beacon.actors import add_actor
from groprog_assets.documentation.figures import LARGEST_IMAGE, small_png
from groprog_assets.store.identities import names
from groprog_assets.store.workspace import Workspace
from tests.beacon.conftest import copied
from tests.browser import page
from tests.cli.test_dev import free_port
from tests.integrated_files import SUBJECTS

__all__ = ["page"]

pytestmark = pytest.mark.slow

WIDTHS = (1400, 420)
PAGES = (
    "/",
    "/?q=limb",
    "/gene/LIMB1",
    "/disease/MONDO:0000001",
    "/phenotype/HP:0000011",
    "/count?filters=HP:0000010",
    "/sign-in",
)

MEASURED = ("/", "/?q=planted", "/pathways", "/pathway/PLANTED", "/drugs", "/drug/fixer", "/drug/D1", "/gene/GENE0")


@pytest.fixture(scope="module")
def study(made_portal: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the study GROPROG_PORTAL_STUDY where it names one that was run, else of the simulated one."""
    named = os.environ.get("GROPROG_PORTAL_STUDY")
    if named:
        return Path(named).resolve()
    return copied(made_portal, tmp_path_factory.mktemp("browser") / "study")


@pytest.fixture(scope="module")
def token(study: Path) -> str:
    return add_actor(Workspace(study).state, "browser", "steward")


@pytest.fixture(scope="module")
def address(study: Path, token: str) -> Iterator[str]:
    with served_at(study) as found:
        yield found


@contextmanager
def served_at(study: Path) -> Iterator[str]:
    """The address of the real server of a study."""
    port = free_port()
    script = "from groprog_assets.cli.main import main; main()"
    command = [sys.executable, "-c", script, "omics", "serve", str(study), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    assert f"http://127.0.0.1:{port}" in line, line
    while server.poll() is None:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=10).request("GET", "/style.css")
            break
        except OSError:
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    server.send_signal(signal.SIGINT)
    assert server.wait(30) == 0


def opened(page: Any, address: str, width: int) -> list[str]:
    """Open an address at a width; what the browser complains about, and what it loads from elsewhere."""
    complaints: list[str] = []
    own = "/".join(address.split("/")[:3])
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda sent: complaints.append(sent.url) if not sent.url.startswith((own, "data:")) else None)
    page.set_viewport_size({"width": width, "height": 900})
    assert page.goto(address).status == 200
    return complaints


def whole(page: Any, width: int) -> None:
    """Nothing is wider than the window, folded or not."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = "[...document.querySelectorAll('.scroll')].filter(part => part.scrollWidth > part.clientWidth + 1).length"
    assert page.evaluate(wide) == 0, "no table is wider than the page"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_are_as_wide_as_the_window_and_complain_of_nothing(address: str, page: Any, width: int):
    for place in PAGES:
        complaints = opened(page, address + place, width)
        whole(page, width)
        assert complaints == [], place
        assert "Research use only" in page.inner_text("footer")


def test_pages_of_genes_pathways_and_drugs_at_both_widths(
    made_measured: Path, tmp_path_factory: pytest.TempPathFactory, page: Any
):
    study = copied(made_measured, tmp_path_factory.mktemp("measured") / "s")
    token = add_actor(Workspace(study).state, "browser", "steward")
    subject = names(Workspace(study).state)[SUBJECTS[5]]
    folder = Path(os.environ.get("GROPROG_SCREENSHOTS") or tmp_path_factory.mktemp("shots"))
    with served_at(study) as address:
        opened(page, f"{address}/sign-in", 1400)
        page.fill("#token", token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{address}/")
        for width in WIDTHS:
            for place in (*MEASURED, f"/subject/{subject}"):
                complaints = opened(page, address + place, width)
                whole(page, width)
                assert complaints == [], place
                name = place.strip("/").split("/p-")[0].replace("/", "_") or "home"
                (folder / f"measured_{name}_{width}.png").write_bytes(small_png(page.screenshot(full_page=True)))
        opened(page, f"{address}/gene/GENE0", 1400)
        drawn = page.locator("svg.box rect").first.bounding_box()
        assert drawn["width"] > 5
        page.get_by_role("link", name="PLANTED").first.click()
        assert page.inner_text("h1") == "PLANTED"


def test_a_reader_finds_a_finding_by_its_words_and_counts(address: str, page: Any):
    opened(page, address, 1400)
    page.fill("#q", "short limb")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Short limbs", exact=True).first.click()
    assert page.url.endswith("/phenotype/HP:0000011")
    assert page.inner_text("h1") == "Short limbs"
    page.get_by_role("button", name="Count").click()
    assert "about" in page.inner_text(".facts")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_steward_signs_in_and_reads_of_single_subjects(
    address: str, page: Any, study: Path, token: str, width: int, tmp_path: Path
):
    opened(page, f"{address}/sign-in", width)
    page.fill("#token", token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")
    cases = Workspace(study).study.omics.cases  # type: ignore[union-attr] # a study with omics
    subject = names(Workspace(study).state)[cases[0].packet]
    folder = Path(os.environ.get("GROPROG_SCREENSHOTS") or tmp_path)
    for place, name in ((f"/case/{cases[0].name}", "portal_case"), (f"/subject/{subject}", "portal_subject")):
        complaints = opened(page, address + place, width)
        whole(page, width)
        assert complaints == []
        assert "esearch use only" in page.inner_text("main")
        (folder / f"{name}.png").write_bytes(small_png(page.screenshot()))
        assert (folder / f"{name}.png").stat().st_size <= LARGEST_IMAGE
