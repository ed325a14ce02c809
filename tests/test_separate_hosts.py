"""One study in one process, and on two workers that share with it a network, the study's files and the store, and nothing else.

A network namespace with its own address on a bridge stands for a host, and a mount namespace hides the run's local folders. Linux
allows both to root only. Where they cannot be made, the test is skipped and says why.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from groprog_assets.store.object_storage import STORE_VARIABLE
from tests.test_more_machines import COUNTS, ROOT, command, content
from tests.trained_study import copied

SCHEDULER = "10.213.0.1"
WORKERS = ("10.213.0.11", "10.213.0.12")
PORT = 8786

pytestmark = pytest.mark.slow


def refused() -> str:
    """Why namespaces cannot be made here; empty where they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need Linux and root"
    if missing := [name for name in ("ip", "unshare", "mount") if shutil.which(name) is None]:
        return f"not on PATH: {', '.join(missing)}"
    probe = (
        "ip link add name one type veth peer name two && ip link add name three type bridge && mount -t tmpfs none /mnt"
    )
    done = subprocess.run(["unshare", "-n", "-m", "sh", "-c", probe], capture_output=True, text=True)
    return f"namespaces are not allowed here: {done.stderr.strip()}" if done.returncode else ""


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stderr)


@contextlib.contextmanager
def hosts() -> Iterator[list[str]]:
    """Names of network namespaces: one with the scheduler's address, and one for each worker's, all on one bridge."""
    mark = uuid.uuid4().hex[:6]
    names = [f"groprog-{mark}-{k}" for k in range(1 + len(WORKERS))]
    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", names[0], "link", "add", "name", "bridge", "type", "bridge")
        ip("-n", names[0], "addr", "add", f"{SCHEDULER}/24", "dev", "bridge")
        ip("-n", names[0], "link", "set", "bridge", "up")
        for k, (name, address) in enumerate(zip(names[1:], WORKERS, strict=True)):
            pair = ("link", "add", "name", f"port{k}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", names[0], *pair)
            ip("-n", names[0], "link", "set", f"port{k}", "master", "bridge", "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


@contextlib.contextmanager
def program(host: str, words: list[str], log: IO[str], environment: dict[str, str]) -> Iterator[None]:
    """A program that runs on a host; it is ended with the block."""
    process = subprocess.Popen(
        ["ip", "netns", "exec", host, *words],
        cwd=ROOT,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def hiding(folders: list[Path], words: list[str]) -> list[str]:
    """The command that runs `words` where each of the folders is an empty one of its own."""
    masks = " && ".join(f"mount -t tmpfs none '{folder}'" for folder in folders)
    return ["unshare", "-m", "sh", "-c", f'{masks} && exec "$@"', "sh", *words]


def test_workers_of_two_hosts_give_the_bytes_of_one_process(written: Path, tmp_path: Path):
    pytest.importorskip("distributed")
    if reason := refused():
        pytest.skip(reason)
    alone, study = (copied(written, tmp_path / name / "study") for name in ("alone", "several"))
    subprocess.run(command(alone, COUNTS), cwd=ROOT, check=True, capture_output=True)
    store, local = tmp_path / "store", tmp_path / "local"
    state = study.parent / ".groprog"
    for folder in (store, state, local):
        folder.mkdir(exist_ok=True)
    address = f"tcp://{SCHEDULER}:{PORT}"
    environment = {**os.environ, "TMPDIR": str(local), STORE_VARIABLE: str(store)}
    away = {name: value for name, value in environment.items() if name != STORE_VARIABLE}
    groprog = [sys.executable, "-m", "groprog_assets.cli.main"]
    scheduler = [*groprog, "workers", "--count", "0", "--host", SCHEDULER, "--port", str(PORT), "--allow-remote"]
    with contextlib.ExitStack() as stack:
        home, *others = stack.enter_context(hosts())
        logs = [stack.enter_context(open(tmp_path / f"{k}.log", "w+")) for k in range(3)]
        stack.enter_context(program(home, scheduler, logs[0], environment))
        wait_for(tmp_path / "0.log", address)
        for k, (other, own) in enumerate(zip(others, WORKERS, strict=True), start=1):
            worker = [
                sys.executable,
                "-m",
                "dask",
                "worker",
                address,
                "--nthreads",
                "1",
                "--host",
                own,
                "--no-dashboard",
            ]
            words = hiding([state, local], [*worker, "--local-directory", str(local)])
            stack.enter_context(program(other, words, logs[k], away))
            wait_for(tmp_path / f"{k}.log", "Registered to")
        run = command(study, COUNTS, "--pool", address)
        done = subprocess.run(
            ["ip", "netns", "exec", home, *run], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900
        )
        assert done.returncode == 0, (
            done.stdout + done.stderr + "".join((tmp_path / f"{k}.log").read_text()[-3000:] for k in range(3))
        )
    assert not (state / "store").exists()
    assert content(study, "derivations") == content(alone, "derivations")
    values = [path for path in store.rglob("*") if path.is_file() and "studies" not in path.parts]
    made = {Path(name).name: item for name, item in content(alone, "store").items()}
    assert {path.name: path.read_bytes() for path in values} == made


def wait_for(log: Path, words: str) -> None:
    """Until a log holds the words; a minute at most."""
    ended = time.monotonic() + 120
    while words not in log.read_text():
        assert time.monotonic() < ended, log.read_text()
        time.sleep(0.2)
