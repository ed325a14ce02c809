"""`groprog dev`: the Dagster UI and its daemon for one study. Only this machine can reach them, unless the user allows others."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click

from groprog_assets.cli.addresses import refuse_place
from groprog_assets.cli.answering import Answering
from groprog_assets.cli.study_place import study_argument


@click.command("dev", cls=Answering)
@study_argument
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65_535), default=3000, show_default=True)
@click.option("--read-only", is_flag=True, help="For looking only: nothing can be launched, and no daemon runs.")
@click.option("--allow-remote", is_flag=True, help="Let --host be reached from other machines; there is no log-in.")
@click.option(
    "--served-as",
    multiple=True,
    help="Another NAME[:PORT] under which browsers reach the pages, as of a proxy; requests to any other are refused.",
)
@click.option("--user", default="", help="Who launches runs here, for the ledger; else the login name.")
@click.option(
    "--ledger-port",
    default=None,
    type=click.IntRange(0, 65_535),
    help="Of the ledger's pages; else the port after --port.",
)
def dev(
    study: Path,
    host: str,
    port: int,
    read_only: bool,
    allow_remote: bool,
    served_as: tuple[str, ...],
    user: str,
    ledger_port: int | None,
) -> None:
    """The Dagster UI and its daemon over the study's own instance, the ledger's pages beside it; ctrl-C ends all."""
    serve(study, host, port, read_only, allow_remote, served_as, user, ledger_port)


def serve(
    study: Path,
    host: str,
    port: int,
    read_only: bool,
    allow_remote: bool,
    served_as: tuple[str, ...],
    user: str,
    ledger_port: int | None = None,
) -> None:
    """Run the UI until it ends or a signal comes; the exit status is its own, 0 after a signal."""
    from groprog_assets import definitions
    from groprog_assets.graph.resources import ACTOR_VARIABLE, known_actor
    from groprog_assets.graph.specification import ADDRESS_VARIABLE
    from groprog_assets.lineage import site
    from groprog_assets.running.execution import register_libraries, study_instance
    from groprog_assets.store.object_storage import STORE_VARIABLE
    from groprog_assets.store.workspace import open_workspace
    from groprog_assets.ui.services import answering, programs, supervise

    refuse_place(host, port, allow_remote)
    actor = known_actor(user)
    workspace = open_workspace(study)
    with study_instance(workspace) as instance:
        register_libraries(instance, workspace)
    assert definitions.defs  # registers the assets that the pages describe
    pages = site.serve(workspace, host, ledger_port or port + 1, served_as)
    environment = {**os.environ, ACTOR_VARIABLE: actor, ADDRESS_VARIABLE: pages}
    store = environment.get(STORE_VARIABLE, "")
    if store and "://" not in store:  # relative to where the command was given, and the programs run elsewhere
        environment[STORE_VARIABLE] = os.path.abspath(store)
    click.echo(f"http://{host}:{port} in about ten seconds; the ledger at {pages}; ctrl-C ends both")
    with tempfile.TemporaryDirectory(prefix="groprog-dev-") as place:
        folder = Path(place)
        commands = programs(host, port, read_only, served_as, folder)
        sys.exit(supervise(commands, folder, environment, lambda: answering(folder)))
