"""What the UI answers beside Dagster: the asset graph as its first page, and the plots of recorded values as pictures.

Dagster shows a picture of its metadata at once when the text that names it is short, so metadata holds the address of a plot
and not the plot (`store.plots`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Pictures = Callable[[str, str], bytes | None]

FIRST_PAGE = "/asset-groups"
"""Dagster's page of the whole asset graph."""
PLOT = re.compile(r"/plots/([0-9a-f]{64})/(\w{1,80})\.png")
"""A derivation and the name of one of its plots."""
WIDEST = 640
"""Pixels; names and times take the rest of the table of metadata in a window of 1,500."""


class OwnAnswers:
    """`application`, but for the first page and plots. pictures: a derivation and a name to PNG bytes, None for none."""

    def __init__(self, application: Application, pictures: Pictures):
        self.application = application
        self.pictures = pictures

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        reading = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if reading and path == "/":
            await _answer(send, scope, 307, b"", (b"location", FIRST_PAGE.encode()))
        elif reading and path.startswith("/plots/"):
            named = PLOT.fullmatch(path)
            picture = self.pictures(named[1], named[2]) if named else None
            if picture is None:
                await _answer(send, scope, 404, b"no such plot\n", (b"content-type", b"text/plain"))
            else:
                await _answer(send, scope, 200, picture, (b"content-type", b"image/png"))
        else:
            await self.application(scope, receive, send)


async def _answer(send: Send, scope: Message, status: int, body: bytes, header: tuple[bytes, bytes]) -> None:
    headers = [header, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def stored_plot(derivation: str, name: str) -> bytes | None:
    """The PNG of a plot that a derivation of the study records; None when it records none of this name, or it is gone."""
    from groprog_assets.errors import ArtifactError
    from groprog_assets.store.plots import PLAIN
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace()
    try:
        plots = workspace.derivations.read(derivation).get("plots", {})
        sha256 = plots.get("" if name == PLAIN else name)
        return None if sha256 is None else fitted(workspace.store.get_bytes(sha256, f"plot {name}"))
    except ArtifactError:
        return None


def fitted(picture: bytes) -> bytes:
    """A PNG no wider than the column of Dagster's page, which cuts a wider one off."""
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        if image.width <= WIDEST:
            return picture
        size = WIDEST, round(image.height * WIDEST / image.width)
        smaller, written = image.convert("RGB").resize(size, Image.Resampling.LANCZOS), io.BytesIO()
    smaller.save(written, "png")
    return written.getvalue()
