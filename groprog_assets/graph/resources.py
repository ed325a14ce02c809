"""Dagster resources: the study with its workspace, and the pool that computes shards."""

from __future__ import annotations

import atexit
import contextlib
import getpass
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from dagster import ConfigurableResource
from pydantic import Field

from groprog_assets.compute.compute_pool import POOL_VARIABLE, Pool, open_pool
from groprog_assets.errors import Problem, StudyError
from groprog_assets.store.workspace import Workspace, open_workspace
from groprog_assets.tables.values import Document

ACTOR_VARIABLE = "GROPROG_USER"
ACTOR_TAG = "groprog/actor"
"""Who started a run, and the tag of the run that says so."""

LONGEST_ACTOR = 100

LISTENERS: list[Callable[[str, Document], None]] = []


def known_actor(given: str = "") -> str:
    """Who acts in this process: `given`, else the variable GROPROG_USER, else the login name.

    StudyError when nobody is known, or the name is none: up to 100 characters that can be printed.
    """
    actor = (given or os.environ.get(ACTOR_VARIABLE, "")).strip()
    if not given and not actor:
        try:
            actor = getpass.getuser().strip()
        except (KeyError, OSError):  # a container that runs under a number without a name
            actor = ""
    if not actor or len(actor) > LONGEST_ACTOR or not actor.isprintable():
        rule = f"The ledger records who acts: a name of 1 to {LONGEST_ACTOR} characters that can be printed."
        raise StudyError(Problem("--user", repr(actor) if actor else "nobody", rule, "Say --user NAME."))
    return actor


class StudyResource(ConfigurableResource[Any]):
    """The study of this code location."""

    path: str = Field(default="", description="the study file; empty takes the variable GROPROG_STUDY")

    @property
    def workspace(self) -> Workspace:
        return open_workspace(self.path or None)

    @property
    def actor(self) -> str:
        """Who launches runs in this process. StudyError when nobody is known."""
        return known_actor()

    def announce(self, event: str, **what: Any) -> None:
        """Tell whoever listens in this process (the command line's progress)."""
        for listener in LISTENERS:
            listener(event, what)


class MadeInParallel(NamedTuple):
    """A value derived before the step that records it asked for it: the derivation, whether an earlier one served, seconds, and
    the lines that were told of it meanwhile."""

    digest: str
    reused: bool
    seconds: float
    told: tuple[str, ...] = ()


IN_PARALLEL: dict[tuple[str, str, str], Future[MadeInParallel | None]] = {}
"""What is being computed in parallel in this process, by study, asset and library."""


def made_in_parallel(workspace: Workspace, asset: str, partition: str) -> MadeInParallel | None:
    """The value computed in parallel, once it is ready; None when none is or it failed. A step whose value is not made in
    parallel begins when all of those are there: it may use the whole process."""
    study = str(workspace.path)
    future = IN_PARALLEL.get((study, asset, partition), IN_PARALLEL.get((study, *ALL)))
    return None if future is None else future.result()


ALL = ("", "")
"""Stands for an asset and its library: settled with None when everything is computed that is computed in parallel."""

_POOLS: dict[str, Pool] = {}
_OPENING = threading.Lock()


class ComputePool(ConfigurableResource[Pool]):
    """Where shards are computed: serial, threads or Dask workers. No result depends on it."""

    study: StudyResource
    setting: str = Field(
        default="",
        description="serial, threads[:N], dask[:N] or a Dask scheduler's address; empty takes the variable GROPROG_POOL, "
        "else the study's compute.pool",
    )

    @property
    def opened(self) -> Pool:
        """The pool, opened once in a process and kept until `close_pools`."""
        chosen = self.setting or os.environ.get(POOL_VARIABLE, "") or self.study.workspace.study.compute.pool
        with _OPENING:
            if chosen not in _POOLS:
                _POOLS[chosen] = open_pool(chosen)
            return _POOLS[chosen]

    @contextlib.contextmanager
    def opening(self) -> Iterator[Callable[[], Pool]]:
        """A function that gives the pool. Its workers start at once, beside what is done before they are needed."""
        with ThreadPoolExecutor(1, "pool") as beside:
            yield beside.submit(lambda: self.opened).result


@atexit.register
def close_pools() -> None:
    """End the pools that this process opened, and the worker processes they started."""
    while _POOLS:
        _POOLS.popitem()[1].close()
