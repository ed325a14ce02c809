"""Requests to the application without a network: one call a request, the answer read whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

HOST = "127.0.0.1:3080"


class Answer(NamedTuple):
    """status, headers by name in lower case (the last of each), text."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def document(self) -> Any:
        return json.loads(self.text)


def asked(
    application: Callable[..., Awaitable[None]],
    address: str,
    method: str = "GET",
    body: bytes = b"",
    client: str = "127.0.0.1",
    **headers: str,
) -> Answer:
    """The answer to one request. headers: `_` in a name stands for `-`; host is the server's own unless given."""
    path, _, query = address.partition("?")
    given = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body and "content-length" not in given:
        given["content-length"] = str(len(body))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": (client, 50000),
        "server": ("127.0.0.1", 3080),
    }
    sent: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(_whole(application, scope, receive, send))
    content = b"".join(message.get("body", b"") for message in sent[1:])
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, content.decode())


async def _whole(application: Callable[..., Awaitable[None]], *given: Any) -> None:
    await application(*given)
