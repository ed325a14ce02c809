"""The web server of the UI as a program: Dagster's own application behind the layer that answers this server's pages only.

`groprog dev` starts it; the code server that its workspace file names must be running.
"""

from __future__ import annotations

import argparse

from groprog_assets.ui.own_answers import OwnAnswers, stored_plot
from groprog_assets.web.layer import OwnPagesOnly
from groprog_assets.web.own_pages import OwnPages

STATEMENT_MILLISECONDS, POOL_SECONDS, POOL_OVERFLOW = 15_000, 3600, 20
"""How the server uses its database: what `dagster-webserver` has by default."""
POLL_MILLISECONDS = 2000


def main() -> None:
    """Serve until INT or TERM."""
    import dagster as dg
    import uvicorn
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster_webserver.webserver import DagsterWebserver

    parser = argparse.ArgumentParser(prog="python -m groprog_assets.ui.web_server")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--served-as", action="append", default=[])
    parser.add_argument("--read-only", action="store_true")
    given = parser.parse_args()
    with dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(STATEMENT_MILLISECONDS, POOL_SECONDS, POOL_OVERFLOW)
        target = WorkspaceFileTarget([given.workspace])
        with WorkspaceProcessContext(
            instance, version=dg.__version__, read_only=given.read_only, workspace_load_target=target
        ) as context:
            application = DagsterWebserver(context, live_data_poll_rate=POLL_MILLISECONDS).create_asgi_app()
            answering = OwnAnswers(application, stored_plot)
            guarded = OwnPagesOnly(answering, OwnPages(given.host, given.port, given.served_as))
            uvicorn.run(
                guarded,
                host=given.host,
                port=given.port,
                log_level="warning",
                proxy_headers=False,
                server_header=False,
            )


if __name__ == "__main__":
    main()
