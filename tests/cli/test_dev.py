"""The UI: on this machine only, started and ended from a shell without a terminal, over the study's own instance and store."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from groprog_assets.cli.addresses import refuse_place
from groprog_assets.errors import StudyError
from groprog_assets.lineage import ledger, questions
from groprog_assets.store.workspace import Workspace
from groprog_assets.ui.services import programs, supervise

BROWSER = shutil.which("chromium")
WAIT = "import time; time.sleep(60)"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "example.org"])
def test_an_address_that_others_reach_is_refused(host: str):
    with pytest.raises(StudyError, match="listens on this machine only"):
        refuse_place(host, 3000, False)


def test_a_port_that_is_taken_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StudyError, match="Choose another --port"):
            refuse_place("127.0.0.1", taken.getsockname()[1], False)


def test_loopback_is_let_through():
    refuse_place("127.0.0.1", free_port(), False)


def test_read_only_starts_no_daemon_and_refuses_changes(tmp_path: Path):
    looking, changing = (programs("127.0.0.1", 1, only, (), tmp_path) for only in (True, False))
    assert [command[3] for command in looking] == ["dagster", "groprog_assets.ui.web_server"]
    assert [command[3] for command in changing] == ["dagster", "groprog_assets.ui.web_server", "dagster._daemon"]
    assert "--read-only" in looking[1]
    assert "--read-only" not in changing[1]


@pytest.mark.parametrize("shell", ["INT ignored, as in a background shell", "terminal"])
def test_a_signal_ends_the_program_and_all_its_group(shell: str, tmp_path: Path):
    program = f"""
import os, sys
from pathlib import Path
from groprog_assets.ui.services import supervise
waiting = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"]
sys.exit(supervise([waiting], Path({str(tmp_path)!r}), dict(os.environ)))
"""
    ignored = shell.startswith("INT")
    started = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignored else None,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == b"1\n"
    started.send_signal(signal.SIGINT)
    assert started.wait(15) == 0
    assert started.stdout.read() == b""  # the pipe's other end is closed: nobody of the group is left


def test_a_program_that_ends_by_itself_keeps_its_status(tmp_path: Path):
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        commands = [[sys.executable, "-c", text] for text in (WAIT, "raise SystemExit(3)", WAIT)]
        assert supervise(commands, tmp_path, dict(os.environ)) == 3
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def graphql(port: int, query: str, **variables: Any) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())["data"]


def launch(port: int, asset: str) -> dict[str, Any]:
    query = (
        "mutation($p: ExecutionParams!){launchPipelineExecution(executionParams:$p){__typename"
        " ... on LaunchRunSuccess{run{runId}} ... on UnauthorizedError{message}}}"
    )
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "groprog_assets.definitions",
        "jobName": "__ASSET_JOB",
        "assetSelection": [{"path": [asset]}],
    }
    params = {"selector": selector, "mode": "default", "runConfigData": "{}"}
    return graphql(port, query, p=params)["launchPipelineExecution"]


class Served:
    """`groprog dev` started as a shell script starts it, with INT ignored."""

    def __init__(self, study: Path, *options: str):
        self.port = free_port()
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("groprog")), "dev", str(study), "--port", str(self.port), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
            start_new_session=True,
        )

    def __enter__(self) -> Served:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/server_info", timeout=5)
            except OSError:
                time.sleep(0.5)
            else:
                return self
        raise AssertionError("the UI did not come up")

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=60)
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/server_info", timeout=5)


@pytest.mark.slow
def test_an_asset_launched_in_the_ui_lands_in_the_study(study: Path, tmp_path: Path):
    with Served(study, "--user", "ada") as served:
        made = launch(served.port, "gene_models")
        assert made["__typename"] == "LaunchRunSuccess", made
        run = made["run"]["runId"]
        status = ""
        for _ in range(240):
            found = graphql(served.port, "query($i: ID!){runOrError(runId:$i){... on Run{status}}}", i=run)
            status = found["runOrError"]["status"]
            if status in ("SUCCESS", "FAILURE"):
                break
            time.sleep(0.5)
        assert status == "SUCCESS"
        if BROWSER:
            profile = f"--user-data-dir={tmp_path / 'profile'}"
            page = f"http://127.0.0.1:{served.port}/assets/gene_models?view=overview"
            shown = subprocess.run(
                [BROWSER, *FLAGS, "--no-first-run", profile, "--virtual-time-budget=30000", "--dump-dom", page],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            ).stdout
            for text in ("Chromosome sizes", "annotation", "groprog/derivation", "gene_models"):
                assert text in shown
    workspace = Workspace(study)
    record = workspace.derivations.current_record("gene_models")
    assert record is not None
    assert workspace.store.get_bytes(record["output"]["sha256"])
    from groprog_assets.lineage.collect import collect
    from groprog_assets.running.execution import study_instance

    with study_instance(workspace) as instance:
        collect(instance, workspace.ledger_path, workspace.derivations)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        assert questions.current(connection, "gene_models")["actor"] == "ada"


def status(port: int, method: str, path: str, headers: dict[str, str]) -> tuple[int, Message]:
    """The status and the headers with which the real server answers exactly these headers."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    asked.putrequest(method, path, skip_host=True)
    for name, value in headers.items():
        asked.putheader(name, value)
    body = json.dumps({"query": "{version}"}).encode() if method == "POST" else b""
    asked.putheader("Content-Type", "application/json")
    asked.putheader("Content-Length", str(len(body)))
    asked.endheaders(body)
    answer = asked.getresponse()
    return answer.status, answer.headers


def opened(port: int, headers: dict[str, str]) -> int:
    """The status of a websocket's handshake: 101 when it is opened."""
    wanted = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==", "Sec-WebSocket-Protocol": "graphql-ws"}
    lines = [f"{name}: {value}" for name, value in {**wanted, **key, **headers}.items()]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as asked:
        asked.sendall("\r\n".join(["GET /graphql HTTP/1.1", *lines, "", ""]).encode())
        return int(asked.recv(64).split()[1])


@pytest.mark.slow
@pytest.mark.parametrize("mode", [(), ("--read-only",)])
def test_the_real_server_answers_its_own_pages_only(study: Path, mode: tuple[str, ...]):
    with Served(study, *mode) as served:
        port = served.port
        own, page = {"Host": f"127.0.0.1:{port}"}, {"Origin": f"http://127.0.0.1:{port}"}
        other = {"Origin": "http://another.example"}
        code, headers = status(port, "GET", "/assets", own)
        assert code == 200
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert any("frame-ancestors 'none'" in value for value in headers.get_all("Content-Security-Policy", []))
        assert status(port, "GET", "/assets", {"Host": f"another.example:{port}"})[0] == 421
        assert status(port, "POST", "/graphql", {**own, **page})[0] == 200
        assert status(port, "POST", "/graphql", {**own, **other})[0] == 403
        assert status(port, "POST", "/graphql", own)[0] == 403
        assert status(port, "GET", "/graphql?query=%7Bversion%7D", own)[0] == 400
        assert status(port, "POST", "/report_asset_check/cohort", {**own, **page})[0] == 405
        assert opened(port, {**own, **page}) == 101
        assert opened(port, {**own, **other}) == 403
        assert opened(port, {"Host": f"another.example:{port}", **page}) == 403


@pytest.mark.slow
def test_read_only_launches_nothing(study: Path):
    with Served(study, "--read-only") as served:
        made = launch(served.port, "gene_models")
        assert made["__typename"] == "UnauthorizedError", made
