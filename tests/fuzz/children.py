"""A call in a forked child, watched: its exit status or signal, what it printed, how long it took, what it left behind."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

MEMORY = 6 << 30
"""Bytes of address space of a child: a length read from a damaged file must not take the machine's memory."""
WAITS = 6
UNCAUGHT = 70
"""Exit status of a child whose call raised what no command should raise."""


class Call(NamedTuple):
    """folder: the study's, where only the call changes something; call: what the child runs; left: whether a new file, by its
    path below `folder`, may stay."""

    name: str
    folder: Path
    call: Callable[[], object]
    may_stay: Callable[[str], bool] = lambda path: False


class Outcome(NamedTuple):
    """status: exit status, None where a signal or the limit ended it; signal: 0 for none; said: stdout and stderr together;
    left: files and processes that stayed."""

    name: str
    status: int | None
    signal: int
    hung: bool
    seconds: float
    said: str
    left: list[str]

    @property
    def refused(self) -> bool:
        """Whether the input was refused as bad input is: status 2, with the problem in words."""
        return self.status == 2 and "✗" in self.said and not self.crashed

    @property
    def crashed(self) -> bool:
        """Whether an exception or a panic reached the user."""
        return self.status == UNCAUGHT or "Traceback (most recent call last)" in self.said or "panicked at" in self.said


class _Running(NamedTuple):
    call: Call
    pid: int
    started: float
    before: frozenset[str]
    scratch: Path


def run(calls: Iterator[Call], limit: float, jobs: int = 2) -> Iterator[Outcome]:
    """The outcome of each call, in a forked child of its own, `jobs` at a time.

    A child hangs when it has used `limit` seconds of CPU, or WAITS times as many by the clock: the machine may be busy, and a
    child that waits for what never comes uses no CPU. It is ended then. The folder of a call is removed at its end.
    """
    running: dict[int, _Running] = {}
    coming = iter(calls)
    exhausted = False
    while running or not exhausted:
        while not exhausted and len(running) < jobs:
            call = next(coming, None)
            if call is None:
                exhausted = True
            else:
                begun = _start(call)
                running[begun.pid] = begun
        for pid, begun in list(running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            waited = time.monotonic() - begun.started
            late = waited > limit and (waited > WAITS * limit or _cpu_seconds(pid) > limit)
            if not ended and late:
                os.killpg(pid, signal.SIGKILL)
                ended, status = os.waitpid(pid, 0)
            if ended:
                del running[pid]
                yield _outcome(begun, status, late and os.WIFSIGNALED(status))
        time.sleep(0.002)


def _start(call: Call) -> _Running:
    scratch = Path(tempfile.mkdtemp(prefix="groprog-fuzz-"))
    (scratch / "tmp").mkdir()
    before = _files(call.folder)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _child(call, scratch)
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)
    return _Running(call, pid, time.monotonic(), before, scratch)


def _child(call: Call, scratch: Path) -> None:
    status = UNCAUGHT
    try:
        os.setpgid(0, 0)
        said = os.open(scratch / "said", os.O_WRONLY | os.O_CREAT)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        faulthandler.enable(sys.stderr)  # a crash is told in its outcome, not between the lines of the tests
        os.environ["TMPDIR"] = tempfile.tempdir = str(scratch / "tmp")
        os.chdir(scratch / "tmp")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        call.call()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _outcome(begun: _Running, status: int, hung: bool) -> Outcome:
    call, scratch = begun.call, begun.scratch
    left = [path for path in sorted(_files(call.folder) - begun.before) if not call.may_stay(path)]
    left += [f"TMPDIR/{path}" for path in sorted(_files(scratch / "tmp"))]
    if _any_of_group(begun.pid):
        left.append("a process")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(begun.pid, signal.SIGKILL)
    said = (scratch / "said").read_text(errors="replace") if (scratch / "said").is_file() else ""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.rmtree(call.folder, ignore_errors=True)
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) and not hung else 0
    exited = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    return Outcome(call.name, exited, killed, hung, time.monotonic() - begun.started, said, [] if hung else left)


def _cpu_seconds(pid: int) -> float:
    """Seconds of CPU of a child and of those of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _any_of_group(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _files(folder: Path) -> frozenset[str]:
    return frozenset(str(path.relative_to(folder)) for path in folder.rglob("*"))
