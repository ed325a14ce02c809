"""The layer in front of an application: what reaches it, and which headers every answer has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from groprog_assets.web.layer import OwnPagesOnly
from groprog_assets.web.own_pages import HEADERS, OwnPages

HOST, PAGE = ("host", "127.0.0.1:3000"), ("origin", "http://127.0.0.1:3000")


class Application:
    """Answers 200 to everything, and keeps what it was asked."""

    def __init__(self, *headers: tuple[bytes, bytes]):
        self.asked: list[Any] = []
        self.headers = headers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": list(self.headers)})
        await send({"type": "http.response.body", "body": b"page"})


def ask(application: Any, method: str, path: str, *headers: tuple[str, str], kind: str = "http") -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": f"{kind}.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    given = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": kind, "method": method, "path": path, "query_string": b"query=x", "headers": given}
    asyncio.run(OwnPagesOnly(application, OwnPages("127.0.0.1", 3000))(scope, receive, send))
    return sent


def policies(sent: list[Any]) -> list[str]:
    return [value.decode() for name, value in sent[0]["headers"] if name.lower() == b"content-security-policy"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/assets", [HOST], 200),
        ("GET", "/assets", [("host", "another.example")], 421),
        ("POST", "/graphql", [HOST, PAGE], 200),
        ("POST", "/graphql", [HOST], 403),
        ("POST", "/graphql", [HOST, ("origin", "http://another.example")], 403),
        ("POST", "/report_asset_materialization/cohort", [HOST, PAGE], 405),
        ("DELETE", "/graphql", [HOST, PAGE], 405),
    ],
)
def test_what_is_refused_does_not_reach_the_application(method: str, path: str, headers: list[Any], status: int):
    application = Application()
    sent = ask(application, method, path, *headers)
    assert sent[0]["status"] == status
    assert bool(application.asked) == (status == 200)
    found = {name.decode() for name, _ in sent[0]["headers"]}
    assert {name.lower() for name in HEADERS} <= found
    assert "frame-ancestors 'none'" in policies(sent)[-1]


def test_no_query_is_taken_from_an_address():
    application = Application()
    ask(application, "GET", "/graphql", HOST)
    assert application.asked[0]["query_string"] == b""


@pytest.mark.parametrize(("headers", "kind"), [([HOST, PAGE], "accept"), ([HOST], "close"), ([PAGE], "close")])
def test_a_websocket_is_opened_by_an_own_page(headers: list[Any], kind: str):
    application = Application()
    sent = ask(application, "GET", "/graphql", *headers, kind="websocket")
    assert sent[0]["type"] == f"websocket.{kind}"
    assert bool(application.asked) == (kind == "accept")


def test_the_policy_of_the_application_stays_and_ours_names_no_script_beside_it():
    sent = ask(Application((b"Content-Security-Policy", b"script-src 'nonce-x'")), "GET", "/", HOST)
    theirs, ours = policies(sent)
    assert theirs == "script-src 'nonce-x'"
    assert "script-src" not in ours
    assert "default-src" not in ours
    assert "frame-ancestors 'none'" in ours


def test_a_page_without_a_policy_gets_one_that_allows_its_own_scripts_only():
    (ours,) = policies(ask(Application(), "GET", "/x", HOST))
    assert "script-src 'self';" in ours


def test_lifespan_passes():
    application = Application()
    ask(application, "", "", kind="lifespan")
    assert application.asked
