"""The programs that make up the UI of a study, and how they are started and ended together.

They start in a folder of their own, outside the study, with Python's safe import path: neither the study's folder nor the one
where the command was given is searched for modules, and no `.env`, `pyproject.toml` or `dagster.yaml` there is read.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType

import yaml

DEFINITIONS = "groprog_assets.definitions"
SAFE_PATH = "PYTHONSAFEPATH"
"""Python's own variable: with it no program that is started puts its folder, or the current one, on the import path."""
PATIENCE_SECONDS = 20.0
SOCKET, LOCATIONS = "code.sock", "workspace.yaml"


def programs(host: str, port: int, read_only: bool, served_as: Iterable[str], folder: Path) -> list[list[str]]:
    """The commands, in the order in which they start: the code server, the web server and, unless `read_only`, the daemon.

    Writes into `folder` the file that tells the other two where the code server listens.
    """
    server = {"socket": str(folder / SOCKET), "location_name": DEFINITIONS}
    (folder / LOCATIONS).write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    place = ["--socket", server["socket"], "--location-name", DEFINITIONS, "--log-level", "warning"]
    code = [*_module("dagster"), "code-server", "start", "-m", DEFINITIONS, "-d", str(folder), *place]
    locations = ["--workspace", str(folder / LOCATIONS)]
    web = [*_module("groprog_assets.ui.web_server"), "--host", host, "--port", str(port), *locations]
    web += [part for name in served_as for part in ("--served-as", name)]
    if read_only:
        return [[*code, "--use-python-environment-entry-point"], [*web, "--read-only"]]
    daemon = [*_module("dagster._daemon"), "run", *locations, "--log-level", "warning"]
    return [[*code, "--use-python-environment-entry-point"], web, daemon]


def _module(name: str) -> list[str]:
    return [sys.executable, "-P", "-m", name]


def answering(folder: Path) -> bool:
    """Whether the code server of `folder` answers."""
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    if not (folder / SOCKET).exists():
        return False
    try:
        DagsterGrpcClient(socket=str(folder / SOCKET)).ping("")
    except DagsterUserCodeUnreachableError:
        return False
    return True


def supervise(
    commands: Sequence[list[str]], folder: Path, environment: dict[str, str], ready: Callable[[], bool] = lambda: True
) -> int:
    """Run `commands` in `folder` until one ends or INT or TERM comes, then end all; that one's status, 0 after a signal.

    The second and later ones start once `ready()` says that the first one is. Each has a session of its own. A shell without a
    terminal starts background commands with INT ignored, and children inherit that: the signals are set back before the first
    one starts. What has not gone twenty seconds after a signal is killed.
    """
    asked: list[float] = []
    started: list[subprocess.Popen[bytes]] = []

    def end(number: signal.Signals) -> None:
        for one in started:
            _signal_group(one.pid, number)

    def stop(number: int, frame: FrameType | None) -> None:
        asked.append(time.monotonic())
        end(signal.SIGINT if len(asked) == 1 else signal.SIGKILL)

    for number in (signal.SIGINT, signal.SIGTERM):  # before a program starts, which gets the default handlers back
        signal.signal(number, stop)
    for command in commands:
        while started and not asked and started[0].poll() is None and not ready():
            time.sleep(0.1)
        if asked or (started and started[0].poll() is not None):
            break
        process = subprocess.Popen(command, cwd=folder, env={**environment, SAFE_PATH: "1"}, start_new_session=True)
        started.append(process)
        if asked:
            _signal_group(process.pid, signal.SIGINT)
    while not asked and all(one.poll() is None for one in started):
        time.sleep(0.2)
    status = 0 if asked else next(one.returncode for one in started if one.returncode is not None)
    if not asked:
        end(signal.SIGINT)
    since = time.monotonic()
    while any(one.poll() is None for one in started):
        time.sleep(0.2)
        if time.monotonic() - since > PATIENCE_SECONDS:
            end(signal.SIGKILL)
    end(signal.SIGKILL)  # whoever of a group has outlived it
    return status


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
