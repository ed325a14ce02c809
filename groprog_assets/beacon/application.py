"""The server as an ASGI application: who asks, what is refused before anything is read, routes, headers of every answer."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from groprog_assets.beacon import pages
from groprog_assets.beacon.actors import PUBLIC, Actor, Actors, Pace
from groprog_assets.beacon.desk import Desk, Refused
from groprog_assets.beacon.protocol import COLLECTIONS, ENTRIES, Envelopes
from groprog_assets.beacon.questions import from_address, from_body
from groprog_assets.store.query_log import LogUnwritable
from groprog_assets.web.own_pages import HEADERS, OwnPages, loopback, policy
from groprog_assets.wording import count_of

MOST_BYTES = 64 * 1024
MOST_ADDRESS = 8 * 1024
MOST_FIELD = 500
SECONDS = 10.0
SESSION = "groprog_session"
STYLE = Path(__file__).with_name("style.css")
SOURCES = "default-src 'self'; img-src 'self' data:; script-src 'none'; object-src 'none'"
FORM = "application/x-www-form-urlencoded"
UNKNOWN = Actor("unknown", "public")
"""Who is refused before it is known who asks."""
UNLOGGED = Refused(503, "The log of questions cannot be written, and without it nothing is answered.", logged=True)
ABOUT = ("info", "service-info", "configuration", "map", "entry_types", "filtering_terms")


class Answering:
    """What the routes share: the desk, who asks, how many requests a minute."""

    def __init__(self, desk: Desk, actors: Actors, own: OwnPages, pace: Pace):
        self.desk = desk
        self.actors = actors
        self.own = own
        self.pace = pace
        self.envelopes = Envelopes(desk.workspace.study)
        self.style = STYLE.read_bytes()

    def actor(self, request: Request) -> Actor:
        """Who asks: whose token it is, who has signed in, else the public. Refused for a token that is nobody's."""
        given = request.headers.get("authorization", "")
        if given:
            kind, _, token = given.partition(" ")
            found = self.actors.of_token(token.strip()) if kind.lower() == "bearer" else None
            if found is None:
                raise Refused(401, "The token is nobody's here.")
            return found
        return self.actors.of_session(request.cookies.get(SESSION, "")) or PUBLIC

    def admitted(self, request: Request) -> Actor:
        """Who asks, within their pace. Refused where a page of another site asks in a visitor's name."""
        follows_link = request.headers.get("sec-fetch-mode") == "navigate"
        costs = request.url.path.startswith(("/api", "/count"))
        if request.headers.get("sec-fetch-site", "none") == "cross-site" and (costs or not follows_link):
            raise Refused(403, "A page of another site asks nothing here.")
        try:
            actor = self.actor(request)
        except Refused:
            if self.pace.wait(UNKNOWN.name, time.monotonic()):
                raise Refused(429, "Too many requests with tokens that are nobody's.", 60) from None
            raise
        wait = self.pace.wait(actor.name, time.monotonic())
        if wait:
            text = f"At most {self.pace.requests} requests a minute; the next one in {count_of(wait, 'second')}."
            raise Refused(429, text, wait)
        return actor

    async def api(self, request: Request) -> Response:
        """One request of the Beacon protocol."""
        path = request.path_params.get("path", "").strip("/") or "info"
        return await self._guarded(request, f"/api/{path}", lambda actor: self._api(request, path, actor), self._error)

    async def page(self, request: Request) -> Response:
        """One page of the portal."""
        endpoint = request.scope["route"].path
        return await self._guarded(request, endpoint, lambda actor: self._page(request, actor), self._error_page)

    async def _guarded(
        self,
        request: Request,
        endpoint: str,
        answer: Callable[[Actor], Awaitable[Response]],
        told: Callable[[Refused], Response],
    ) -> Response:
        """`answer`, or what is told of its refusal, which is logged unless the desk has."""
        actor = UNKNOWN
        try:
            actor = self.admitted(request)
            with anyio.fail_after(SECONDS):
                return await answer(actor)
        except TimeoutError:
            refused = Refused(504, f"The answer took longer than {SECONDS:g} seconds.")
        except LogUnwritable:
            refused = UNLOGGED
        except Refused as error:
            refused = error
        try:
            if not refused.logged:
                await run_in_threadpool(self.desk.note, actor, endpoint[:100], "refused")
        except LogUnwritable:
            refused = UNLOGGED
        return told(refused)

    async def _api(self, request: Request, path: str, actor: Actor) -> Response:
        if request.method != "GET" and path not in ENTRIES:
            raise Refused(405, "Only individuals and g_variants take a POST.")
        body = await _body(request) if request.method == "POST" else b""
        if request.method == "POST" and not request.headers.get("content-type", "").startswith("application/json"):
            raise Refused(415, "The body of a request is JSON (Content-Type: application/json).")
        return await run_in_threadpool(self._api_answer, request, path, actor, body)

    def _api_answer(self, request: Request, path: str, actor: Actor, body: bytes) -> Response:
        held, made = self.desk.held(), self.envelopes
        if path in ENTRIES:
            if request.method == "POST":
                asked = from_body(path, body, held)
            else:
                asked = from_address(path, request.query_params.multi_items(), held)
            return _json(made.counted(path, asked, self.desk.ask(actor, f"/api/{path}", asked.asked), held))
        if path.partition("/")[0] in (*ENTRIES, *COLLECTIONS) and "/" in path:
            raise Refused(400, "Single records and what belongs to them are not served; ask for counts.")
        if path in COLLECTIONS:
            answer = made.collection(path, held)
        elif path in ABOUT:
            answer = self._about(request, path)
        else:
            raise Refused(404, f"There are {', '.join((*ABOUT, *COLLECTIONS, *ENTRIES))}.")
        self.desk.note(actor, f"/api/{path}")
        return _json(answer)

    def _about(self, request: Request, path: str) -> dict[str, Any]:
        held, made = self.desk.held(), self.envelopes
        if path == "filtering_terms":
            numbers = [request.query_params.get(name, "0") for name in ("skip", "limit")]
            if not all(text.isascii() and text.isdigit() and len(text) < 7 for text in numbers):
                raise Refused(400, "skip and limit are whole numbers.")
            skip, limit = (int(text) for text in numbers)
            return made.filtering_terms(held, skip, limit)
        if path == "map":
            return made.map(held, f"http://{request.headers['host']}/api")
        if path == "service-info":
            return made.service_info()
        return {"info": made.info, "configuration": made.configuration, "entry_types": made.entry_types}[path](held)

    def _error(self, refused: Refused) -> Response:
        made = _json(self.envelopes.error(refused.status, refused.text, self.desk.held().snapshot), refused.status)
        return _with_wait(made, refused)

    async def _page(self, request: Request, actor: Actor) -> Response:
        return await run_in_threadpool(self._page_answer, request, actor)

    def _page_answer(self, request: Request, actor: Actor) -> Response:
        endpoint = request.scope["route"].path
        name = str(request.path_params.get("name", ""))[:200]
        if endpoint in pages.OF_ONE and not (actor.role == "steward" and _of_this_machine(request)):
            raise Refused(403, "Single subjects are shown to a steward who has signed in, on this machine.")
        given = {field: request.query_params.get(field, "") for field in ("q", "filters", "purpose")}
        if any(len(text) > MOST_FIELD for text in given.values()):
            raise Refused(400, f"A field has at most {MOST_FIELD} characters.")
        page = pages.page(self.desk, actor, endpoint, name, given)
        if endpoint == pages.SUBJECT:
            self.desk.note(actor, endpoint, canonical=self.desk.mark(name))
        elif not (endpoint == pages.COUNT and given["filters"].strip()):  # which the desk has logged
            self.desk.note(actor, endpoint, canonical=name[:60])
        return Response(page, media_type="text/html")

    def _error_page(self, refused: Refused) -> Response:
        page = pages.error_page(self.desk, refused)
        return _with_wait(Response(page, refused.status, media_type="text/html"), refused)

    async def sign_in(self, request: Request) -> Response:
        """The form of a browser: a token for a session, kept in a cookie that no script and no other site reads."""

        async def answer(actor: Actor) -> Response:
            if request.method == "GET":
                return Response(pages.sign_in_page(self.desk, actor), media_type="text/html")
            if not request.headers.get("content-type", "").startswith(FORM):
                raise Refused(415, "The form is sent as a form.")
            fields = parse_qs((await _body(request)).decode("latin-1"))
            token = fields.get("token", [""])[0].strip()
            found = self.actors.of_token(token) if token else None
            if token and found is None:
                raise Refused(401, "The token is nobody's here.")
            await run_in_threadpool(self.desk.note, found or actor, "/sign-in")
            answered = Response(status_code=303, headers={"location": "/"})
            self.actors.signed_out(request.cookies.get(SESSION, ""))
            if found is None:
                answered.delete_cookie(SESSION, httponly=True, samesite="strict")
            else:
                session = self.actors.signed_in(found)
                answered.set_cookie(SESSION, session, httponly=True, samesite="strict")
            return answered

        return await self._guarded(request, "/sign-in", answer, self._error_page)

    async def stylesheet(self, request: Request) -> Response:
        return Response(self.style, media_type="text/css", headers={"cache-control": "max-age=3600"})

    async def nothing(self, request: Request) -> Response:
        def answer(actor: Actor) -> Awaitable[Response]:
            raise Refused(404, "There is no such page.")

        return await self._guarded(request, "other", answer, self._error_page)


def application(answering: Answering) -> Callable[..., Awaitable[None]]:
    """The application behind its guard."""
    routes = [
        Route("/api", answering.api, methods=["GET"]),
        Route("/api/{path:path}", answering.api, methods=["GET", "POST"]),
        *(Route(path, answering.page, methods=["GET"]) for path in pages.PAGES),
        Route("/sign-in", answering.sign_in, methods=["GET", "POST"]),
        Route("/style.css", answering.stylesheet, methods=["GET"]),
        Route("/{path:path}", answering.nothing, methods=["GET"]),
    ]
    return Guard(Starlette(routes=routes), answering.own)


class Guard:
    """`inner`, for requests that are sent to this server's own name, are short, and do not come from a page of another site."""

    def __init__(self, inner: Callable[..., Awaitable[None]], own: OwnPages):
        self.inner = inner
        self.own = own
        self.headers = [
            (name.lower().encode(), value.encode())
            for name, value in {
                **HEADERS,
                "Content-Security-Policy": policy(SOURCES),
                "Cache-Control": "no-store",
            }.items()
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.inner(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                held = {name for name, _ in message.get("headers", ())}
                added = [(name, value) for name, value in self.headers if name not in held]
                message = dict(message, headers=[*message.get("headers", ()), *added])
            await send(message)

        refused = self._refusal(scope)
        if refused is None:
            await self.inner(scope, receive, guarded)
        else:
            body = json.dumps({"error": {"errorCode": refused.status, "errorMessage": refused.text}})
            await Response(body, refused.status, media_type="application/json")(scope, receive, guarded)

    def _refusal(self, scope: Any) -> Refused | None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        method, path = scope["method"], scope["path"]
        if path.startswith("/api") and method == "POST" and not any(name == "origin" for name, _ in headers):
            found = self.own.refusal(
                "GET", headers
            )  # a program, which has no page; the body must be JSON, which no form sends
        else:
            found = self.own.refusal(method, headers)
        if found is not None:
            return Refused(found.status, found.text)
        if len(scope.get("query_string", b"")) + len(scope.get("raw_path") or b"") > MOST_ADDRESS:
            return Refused(414, f"An address has at most {MOST_ADDRESS:,} bytes.")
        lengths = [value for name, value in headers if name == "content-length"]
        if any(not text.isdigit() or int(text) > MOST_BYTES for text in lengths):
            return Refused(413, f"A body has at most {MOST_BYTES:,} bytes.")
        return None


def _of_this_machine(request: Request) -> bool:
    """Whether both the address that asks and the name that is asked are this machine's own."""
    name = request.headers["host"].rpartition(":")[0].strip("[]") or request.headers["host"]
    return all(loopback(place) for place in (name, request.client.host if request.client else ""))


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise Refused(413, f"A body has at most {MOST_BYTES:,} bytes.")
        parts.append(part)
    return b"".join(parts)


def _json(document: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), status, media_type="application/json")


def _with_wait(response: Response, refused: Refused) -> Response:
    if refused.wait:
        response.headers["retry-after"] = str(refused.wait)
    if refused.status == 401:
        response.headers["www-authenticate"] = "Bearer"
    return response
