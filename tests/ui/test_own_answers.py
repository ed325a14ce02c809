"""What the UI answers beside Dagster: its first page and the plots of recorded values, and nothing else of the store."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from groprog_assets.store.plots import plot_address
from groprog_assets.store.workspace import Workspace
from groprog_assets.ui.own_answers import FIRST_PAGE, WIDEST, OwnAnswers, stored_plot
from groprog_assets.ui.services import DEFINITIONS
from tests.trained_study import copied

DERIVATION = "a" * 64


def ask(path: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes, list[str]]:
    """(status, headers, body, paths that reached the application)."""
    sent: list[Any] = []
    reached: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"theirs"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    pictures = {(DERIVATION, "plot"): b"plain", (DERIVATION, "roc"): b"curve"}
    answers = OwnAnswers(application, lambda derivation, name: pictures.get((derivation, name)))
    asyncio.run(answers({"type": "http", "method": method, "path": path}, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"], reached


def png(width: int, height: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGBA", (width, height), "white").save(written, "png")
    return written.getvalue()


def test_the_first_page_is_the_asset_graph():
    status, headers, _, reached = ask("/")
    assert (status, headers[b"location"].decode(), reached) == (307, FIRST_PAGE, [])


@pytest.mark.parametrize(("name", "body"), [("", b"plain"), ("roc", b"curve")])
def test_a_plot_is_answered_at_its_address(name: str, body: bytes):
    status, headers, found, _ = ask(plot_address(DERIVATION, name))
    assert (status, headers[b"content-type"], found) == (200, b"image/png", body)
    assert ask(plot_address(DERIVATION, name), "HEAD")[2] == b""


@pytest.mark.parametrize(
    "path",
    [plot_address(DERIVATION, "none"), plot_address("b" * 64, ""), "/plots/../x.png", f"/plots/{'A' * 64}/plot.png"],
)
def test_another_address_of_plots_is_not_found(path: str):
    status, _, _, reached = ask(path)
    assert (status, reached) == (404, [])


@pytest.mark.parametrize(("path", "method"), [("/graphql", "POST"), ("/assets/cohort", "GET"), ("/", "POST")])
def test_everything_else_is_answered_by_the_application(path: str, method: str):
    assert ask(path, method)[3] == [path]


def test_only_what_a_derivation_records_as_a_plot_is_read(
    twice_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = copied(twice_run, tmp_path / "study")
    monkeypatch.setenv("GROPROG_STUDY", str(path))
    workspace = Workspace(path)
    record = workspace.derivations.current_record("clinical_records")
    assert record is not None
    small, wide = png(200, 100), png(2 * WIDEST, 300)
    plots = {"": workspace.store.put_bytes(small), "roc": workspace.store.put_bytes(wide)}
    digest = workspace.derivations.write({**record, "plots": plots})
    assert stored_plot(digest, "plot") == small
    with Image.open(io.BytesIO(stored_plot(digest, "roc") or b"")) as shown:
        assert shown.size == (WIDEST, 150)
    assert stored_plot(digest, "output") is None
    assert stored_plot(record["output"]["sha256"], "plot") is None, "a value is no plot"
    workspace.store.path(plots["roc"]).unlink()
    assert stored_plot(digest, "roc") is None, "erased"


def test_the_command_line_names_the_code_location_that_is_served():
    from groprog_assets.running.code_location import LOCATION

    assert LOCATION == DEFINITIONS
