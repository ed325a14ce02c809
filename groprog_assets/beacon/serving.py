"""Starting the server: the log is opened and checked, the catalogue opened, and the address bound."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from groprog_assets.beacon.actors import Actors, Pace
from groprog_assets.beacon.application import Answering, application
from groprog_assets.beacon.desk import Desk
from groprog_assets.lineage.logged_questions import open_log
from groprog_assets.store.query_log import QUESTIONS
from groprog_assets.store.workspace import Workspace
from groprog_assets.web.own_pages import OwnPages


def open_desk(workspace: Workspace) -> tuple[Desk, Actors]:
    """The desk of a study and its actors. ArtifactError: no catalogue, a log that another process writes, that was altered, or
    that lacks lines which the ledger has: the budgets would be whole again. LedgerError: no ledger."""
    actors = Actors(workspace.state)
    log = open_log(workspace.ledger_path, workspace.state, QUESTIONS)
    try:
        return Desk(workspace, log, actors.budgets), actors
    except BaseException:
        log.close()
        raise


def served(workspace: Workspace, host: str, port: int, served_as: Iterable[str] = ()) -> Answering:
    """What answers at an address."""
    desk, actors = open_desk(workspace)
    return Answering(
        desk, actors, OwnPages(host, port, served_as), Pace(workspace.study.parameters.disclosure.requests_a_minute)
    )


def serve(answering: Answering, host: str, port: int, ready: Callable[[], None]) -> None:
    """Answer until INT or TERM. ready: called once the published counts are drawn and the reference tables read, which takes
    a moment."""
    import uvicorn

    held = answering.desk.held()
    assert held.listed is not None
    held.reference.read()
    ready()
    settings = uvicorn.Config(
        application(answering),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=64,
        timeout_keep_alive=5,
        h11_max_incomplete_event_size=64 * 1024,
    )
    try:
        with contextlib.suppress(KeyboardInterrupt):  # raised again by uvicorn after it has stopped in order
            uvicorn.Server(settings).run()
    finally:
        answering.desk.log.close()
