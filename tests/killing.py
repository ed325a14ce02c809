"""Runs that are killed at a stated point: a child in a process group of its own, and the timeline by which points are drawn.

A child is forked from a server that has loaded the program, so that a kill costs the work since the last one and not the imports;
the run that is compared in the end is a program of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

LOADED = [
    "groprog_assets.cli.main",
    "groprog_assets.definitions",
    "groprog_assets.export.results_folder",
    "torch",
    "pandas",
    "scipy.stats",
]
LOADED += ["matplotlib.pyplot", "pydeseq2.dds", "tests.killing"]
PATIENCE = 900.0


class Mark(NamedTuple):
    """Something a run told: where it is, seconds since it began, durable writes (renames and syncs) so far."""

    where: str
    seconds: float
    writes: int


class Point(NamedTuple):
    """Where a run dies: `seconds` after it told `where`, or at the durable write `write` after it (before or after the call)."""

    where: str
    seconds: float = 0.0
    write: int = 0
    before: bool = True


def child(study: str, select: str, point: Point | None, tell: Connection, log: str) -> None:
    """`groprog run` in this process, telling where it is and dying at a durable write if that is its point."""
    os.setsid()
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    from groprog_assets.cli.main import main
    from groprog_assets.export import results_folder as exports
    from groprog_assets.graph import resources
    from groprog_assets.running import execution

    began, writes, here = time.monotonic(), itertools.count(), ["", 0]

    def mark(where: str) -> None:
        if point is not None and point.write and here[0] == point.where:
            os.killpg(0, signal.SIGKILL)  # there were fewer writes this time: a kept value writes less
        here[:] = [where, 0]
        tell.send(Mark(where, time.monotonic() - began, next(writes)))

    def durable(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            next(writes)
            here[1] += 1
            dies = point is not None and here == [point.where, point.write]
            if dies and point.before:
                os.killpg(0, signal.SIGKILL)
            made = call(*arguments, **options)
            if dies:
                os.killpg(0, signal.SIGKILL)
            return made

        return counted

    def marked(where: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def told(*arguments: Any, **options: Any) -> Any:
            mark(where)
            made = call(*arguments, **options)
            mark(f"after {where}")
            return made

        return told

    def asset(event: str, what: dict[str, Any]) -> None:
        if event in ("started", "finished"):
            mark(f"{event} {what['asset']} {what['partition']}")

    mark("begin")
    os.replace, os.fsync = durable(os.replace), durable(os.fsync)
    resources.LISTENERS.append(asset)
    opened = execution.study_instance

    def opening(workspace: Any) -> Any:
        mark("instance")
        return opened(workspace)

    execution.study_instance = opening
    execution.close_orphans = marked("orphans", execution.close_orphans)
    execution.collect = marked("ledger", execution.collect)
    exports.export_results = marked("results", exports.export_results)
    status = 0
    try:
        main(["run", study, *(["--select", select] if select else [])], standalone_mode=False)
    except SystemExit as error:
        status = int(error.code or 0)
    mark("end")
    tell.close()
    sys.stdout.flush()
    os._exit(status)


def begin(work: Callable[..., None], tell: Connection, arguments: tuple[Any, ...]) -> None:
    """`work` in a process group of its own, told when it begins."""
    os.setsid()
    tell.send("begin")
    work(*arguments)


class Runner:
    """Starts children and kills them."""

    def __init__(self, log: Path):
        self.log = log
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(LOADED)

    def run(self, study: Path, select: str = "", point: Point | None = None) -> tuple[bool, list[Mark]]:
        """(whether it was killed, what it told). A child that fails by itself is an AssertionError with its output."""
        hear, tell = self.context.Pipe(duplex=False)
        process = self.context.Process(target=child, args=(str(study), select, point, tell, str(self.log)))
        process.start()
        tell.close()
        told: list[Mark] = []
        with contextlib.suppress(EOFError):
            while True:
                assert hear.poll(PATIENCE), f"nothing told for {PATIENCE} s\n{self.log.read_text()}"
                told.append(hear.recv())
                if point is not None and not point.write and told[-1].where == point.where:
                    hear.poll(point.seconds)  # so long, or until it tells that it has gone on
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.join()
        process.join()
        hear.close()
        killed = process.exitcode == -signal.SIGKILL
        assert killed or process.exitcode == 0, f"ended with {process.exitcode}\n{self.log.read_text()}"
        return killed, told

    def short(self, work: Callable[..., None], arguments: tuple[Any, ...], seconds: float | None) -> tuple[bool, float]:
        """(whether it was killed, seconds it ran): a piece of work killed after so long, or left alone."""
        hear, tell = self.context.Pipe(duplex=False)
        process = self.context.Process(target=begin, args=(work, tell, arguments))
        process.start()
        hear.recv()
        began = time.monotonic()
        process.join(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
        return process.exitcode != 0, time.monotonic() - began

    def killed_often(self, work: Callable[..., None], arguments: tuple[Any, ...], kills: int, random: Random) -> int:
        """Kill `work` at random moments until it was killed so often, then let it end; how often it ended before."""
        ended, longest, killed = 0, self.short(work, arguments, None)[1], 0
        while killed < kills:
            died, seconds = self.short(work, arguments, random.uniform(0, longest))
            killed += died
            ended += not died
            longest = longest if died else max(seconds, 0.5 * longest)
        self.short(work, arguments, None)
        return ended


def timed_points(timeline: list[Mark], random: Random, count: int) -> list[Point]:
    """Points at moments drawn evenly over a whole run."""
    points = []
    for _ in range(count):
        moment = random.uniform(0, timeline[-1].seconds)
        last = [mark for mark in timeline if mark.seconds <= moment][-1]
        points.append(Point(last.where, moment - last.seconds))
    return points


def written_points(timeline: list[Mark], random: Random, count: int) -> list[Point]:
    """Points at durable writes drawn evenly over all writes of a run, half before the call and half after it."""
    spans = []
    for mark, following in itertools.pairwise(timeline):
        spans += [(mark.where, number) for number in range(1, following.writes - mark.writes)]
    return [Point(where, 0.0, number, random.random() < 0.5) for where, number in random.choices(spans, k=count)]


def in_order(points: list[Point], timeline: list[Mark]) -> Iterator[Point]:
    """The points as an uninterrupted run would come by them."""
    place = {mark.where: mark.seconds for mark in reversed(timeline)}
    yield from sorted(points, key=lambda point: (place[point.where], point.seconds, point.write))
