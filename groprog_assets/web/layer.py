"""A layer in front of an ASGI application: it answers what `OwnPages` lets through and adds the headers that keep pages apart.

Dagster sees no other request. It also sees no query string: its GraphQL address would run a query, and so a change, that
stands in one; the pages read theirs in the browser. Standard library only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from groprog_assets.web.own_pages import HEADERS, READING, OwnPages, policy

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

QUERIES = "/graphql"
"""The one address to which a page of the UI posts, and whose own page (GET) has a script in its text."""
REPLACED = {name.lower().encode() for name in HEADERS}


class OwnPagesOnly:
    """`application`, for the requests that `own` lets through."""

    def __init__(self, application: Application, own: OwnPages):
        self.application = application
        self.own = own
        sockets = " ".join(f"ws://{name} wss://{name}" for name in sorted(own.names))
        self._resources = (
            f"connect-src 'self' {sockets}; img-src 'self' data: blob:; font-src 'self' data:; media-src 'self';"
            " worker-src 'self' blob:; manifest-src 'self'; frame-src 'none'; object-src 'none'"
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
            return
        websocket, path = scope["type"] == "websocket", str(scope["path"])
        method = str(scope.get("method", "GET"))
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        refused = self.own.refusal(method, headers, websocket)
        status, text = refused or (0, "")
        if refused is None and not websocket and method not in READING and path != QUERIES:
            status, text = 405, "Nothing but queries is posted here."
        if not status:
            await self.application(dict(scope, query_string=b""), receive, self._guarded(send, path))
        elif websocket:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": text})
        else:
            body = f"{text}\n".encode()
            about = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
            answer = self._guarded(send, path)
            await answer({"type": "http.response.start", "status": status, "headers": about})
            await answer({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    def _guarded(self, send: Send, path: str) -> Send:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in REPLACED]
                named = any(name.lower() == b"content-security-policy" for name, _ in kept)
                added = {**HEADERS, "Content-Security-Policy": policy(self._sources(path, named))}
                message = dict(
                    message, headers=[*kept, *((key.lower().encode(), value.encode()) for key, value in added.items())]
                )
            await send(message)

        return send_guarded

    def _sources(self, path: str, named: bool) -> str:
        """Where an answer may load from. A policy that the application has set stays beside it: a browser keeps to both, and
        that of the UI names its scripts."""
        if named:
            return self._resources
        scripts = "'self' 'unsafe-inline'" if path == QUERIES else "'self'"
        return f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; {self._resources}"
