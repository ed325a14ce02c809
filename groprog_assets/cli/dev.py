"""`groprog dev`: the Dagster UI and its daemon for one study. Only this machine can reach them, unless the user allows others."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import click

from groprog_assets.cli.addresses import refuse_place
from groprog_assets.cli.answering import STUDY, Answering

PATIENCE_SECONDS = 20.0
DEFINITIONS = "groprog_assets.definitions"


@click.command("dev", cls=Answering)
@STUDY
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=3000, show_default=True)
@click.option("--read-only", is_flag=True, help="For looking only: nothing can be launched, and no daemon runs.")
@click.option("--allow-remote", is_flag=True, help="Let --host be reached from other machines; there is no log-in.")
@click.option("--user", default="", help="Who launches runs here, for the ledger; else the login name.")
@click.option("--ledger-port", default=None, type=int, help="Of the ledger's pages; else the port after --port.")
def dev(
    study: Path, host: str, port: int, read_only: bool, allow_remote: bool, user: str, ledger_port: int | None
) -> None:
    """The Dagster UI and its daemon over the study's own instance, the ledger's pages beside it; ctrl-C ends all."""
    serve(study, host, port, read_only, allow_remote, user, ledger_port)


def serve(
    study: Path, host: str, port: int, read_only: bool, allow_remote: bool, user: str, ledger_port: int | None = None
) -> None:
    """Run the UI until it ends or a signal comes; the exit status is its own, 0 after a signal."""
    from groprog_assets import definitions
    from groprog_assets.graph.resources import ACTOR_VARIABLE
    from groprog_assets.graph.specification import ADDRESS_VARIABLE
    from groprog_assets.lineage import site
    from groprog_assets.running.execution import register_libraries, study_instance
    from groprog_assets.store.workspace import open_workspace

    refuse_place(host, port, allow_remote)
    workspace = open_workspace(study)
    with study_instance(workspace) as instance:
        register_libraries(instance, workspace)
    assert definitions.defs  # registers the assets that the pages describe
    pages = site.serve(workspace, host, ledger_port or port + 1)
    environment = {**os.environ, ACTOR_VARIABLE: user or getpass.getuser(), ADDRESS_VARIABLE: pages}
    click.echo(f"http://{host}:{port} in about ten seconds; the ledger at {pages}; ctrl-C ends both")
    sys.exit(supervise(command(host, port, read_only), workspace.home, environment))


def command(host: str, port: int, read_only: bool) -> list[str]:
    """The program that serves the UI: with the daemon, or the web server alone, refusing every change."""
    place = ["-m", DEFINITIONS, "-h", host, "-p", str(port)]
    if read_only:
        return [sys.executable, "-m", "dagster_webserver", "--read-only", *place]
    return [sys.executable, "-m", "dagster", "dev", *place]


def supervise(program: list[str], folder: Path, environment: dict[str, str]) -> int:
    """Run `program` in a session of its own and end all of it on INT or TERM; its status, 0 when a signal ended it.

    A shell without a terminal starts background commands with INT ignored, and children inherit that: the signals are set back
    before the program starts. What has not gone twenty seconds after a signal is killed.
    """
    asked: list[float] = []
    started: list[subprocess.Popen[bytes]] = []

    def stop(number: int, frame: FrameType | None) -> None:
        asked.append(time.monotonic())
        for one in started:
            _signal_group(one.pid, signal.SIGINT if len(asked) == 1 else signal.SIGKILL)

    for number in (signal.SIGINT, signal.SIGTERM):  # before the program starts, which gets the default handlers back
        signal.signal(number, stop)
    process = subprocess.Popen(program, cwd=folder, env=environment, start_new_session=True)
    started.append(process)
    if asked:
        _signal_group(process.pid, signal.SIGINT)
    while process.poll() is None:
        time.sleep(0.2)
        if asked and time.monotonic() - asked[0] > PATIENCE_SECONDS:
            _signal_group(process.pid, signal.SIGKILL)
    _signal_group(process.pid, signal.SIGKILL)  # whoever of the group has outlived it
    return 0 if asked else process.returncode


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
