"""The pages of the ledger: written into the results folder, and served beside the UI.

A page is made from the ledger when it is asked for, so it is never older than the ledger. Reading only: names of assets are the
only paths there are, and nothing but GET is answered. Pages name no patient, since the ledger does not.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from groprog_assets.errors import GroProgError, LedgerError
from groprog_assets.graph.column_sources import COLUMN_SOURCES
from groprog_assets.lineage import ledger, ledger_pages
from groprog_assets.lineage.command_runs import decisions_known, runs_known
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables import TABLES
from groprog_assets.tables.values import Document
from groprog_assets.web.own_pages import HEADERS, OwnPages, policy

if TYPE_CHECKING:
    import duckdb

SOURCES = "default-src 'none'; style-src 'unsafe-inline'"
PAGE = re.compile(r"/([a-z][a-z0-9_]{0,63})\.html")


def pages(workspace: Workspace) -> Iterator[tuple[str, bytes]]:
    """(file name, page) of the list and of every asset ever made; nothing without a ledger."""
    if not workspace.ledger_path.is_file():
        return
    with ledger.open_ledger(workspace.ledger_path) as connection:
        names = [row["asset"] for row in ledger_pages.assets_known(connection)]
        for name in ("index", *names):
            yield f"{name}.html", _page(workspace, connection, name)


def page(workspace: Workspace, name: str) -> bytes:
    """The page of an asset, or of all for "index". LedgerError when there is no ledger, or it was never made."""
    with ledger.open_ledger(workspace.ledger_path) as connection:
        return _page(workspace, connection, name)


def _page(workspace: Workspace, connection: duckdb.DuckDBPyConnection, name: str) -> bytes:
    from groprog_assets.figures.ledger_page import render_asset, render_index
    from groprog_assets.graph.specification import SPECIFICATIONS, main_table

    study, head = workspace.study.title or workspace.study.name, ledger.read_head(workspace.ledger_path)
    if name == "index":
        lists = ledger_pages.assets_known(connection), runs_known(connection), decisions_known(connection)
        return render_index(*lists, study, head)
    given = SPECIFICATIONS.get(name)
    description = (given.function.__doc__ or "") if given else ""
    facts = ledger_pages.asset_facts(connection, name)
    facts["columns"] = _columns(name, main_table(given)) if given else []
    return render_asset(facts, study, " ".join(description.split()), head)


def _columns(asset: str, table: str) -> list[Document]:
    """The declared columns of an asset's main table, each with the columns it comes from."""
    sources = COLUMN_SOURCES.get(asset, {})
    return [
        {
            "name": column.name,
            "dtype": column.dtype,
            "unit": column.unit,
            "meaning": column.meaning,
            "sources": [source.split(".") for source in sources.get(column.name, "").split()],
        }
        for column in (TABLES[table].columns if table else ())
    ]


class _Handler(BaseHTTPRequestHandler):
    workspace: Workspace
    own: OwnPages

    def do_GET(self) -> None:
        refused = self.own.refusal("GET", self.headers.items())
        if refused is not None:
            self._answer(refused.status, refused.text.encode())
            return
        found = PAGE.fullmatch("/index.html" if self.path == "/" else self.path)
        try:
            status, content = 200, page(self.workspace, found[1]) if found else b""
        except LedgerError as error:
            status, content = 404, str(error).encode()
        except GroProgError as error:
            status, content = 500, str(error).encode()
        if found is None:
            status, content = 404, b"There is a page for each asset."
        self._answer(status, content)

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"text/{'html' if status == 200 else 'plain'}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def end_headers(self) -> None:
        """Also of the answers that the library gives, as to another method than GET."""
        for name, value in {**HEADERS, "Content-Security-Policy": policy(SOURCES)}.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, handler: type[_Handler]):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), handler)


def serve(workspace: Workspace, host: str, port: int, served_as: Iterable[str] = ()) -> str:
    """Serve the pages from a thread of this process, at `port` or, when it is taken, any other; the address.

    Only requests to that address are answered, or to a name of `served_as`."""
    handler: type[_Handler] = type("Handler", (_Handler,), {"workspace": workspace})
    try:
        server = _Server(host, port, handler)
    except OSError:
        server = _Server(host, 0, handler)
    handler.own = OwnPages(host, server.server_address[1], served_as)
    threading.Thread(target=server.serve_forever, name="ledger pages", daemon=True).start()
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{server.server_address[1]}"
