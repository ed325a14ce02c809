"""Computing several values of a run in parallel, before the steps that record them.

Dagster's steps of one process come one after another. With a pool of more than one worker, values are derived meanwhile in as
many threads: those of the next libraries, and after them those of the study, each as soon as what it reads is there. The function
and the circumstances are those that the step itself uses; the step then finds its value on record, and is told that it was made
just now. No value depends on the number of threads.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future

from groprog_assets.compute.compute_pool import Pool
from groprog_assets.graph.derive import Readings, derive
from groprog_assets.graph.freed_memory import give_back
from groprog_assets.graph.io_managers import read_input
from groprog_assets.graph.resources import ALL, IN_PARALLEL, LISTENERS, MadeInParallel
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.store.derivations import output, passed
from groprog_assets.store.readings import Reading
from groprog_assets.store.workspace import Workspace

OF_MANY_TERMS = "ontology"
"""Its value takes as much memory to make, for the terms of each gene."""
LARGE = ("filtered_alignments", "coverage")
"""The values that grow with the reads. In this process one of two values at a time is made from them, and works in two threads by
itself."""
OF_SUMMARIES = ("library_sizes", "nascent_figures")
"""Assets that read no more of them than summary and funnel."""

SWITCH_SECONDS = 0.0005
"""How long a thread that computes keeps the interpreter while others wait. With Python's 0.005 each of Dagster's many short calls
of its database waits ten times as long."""

Node = tuple[str, str]
"""An asset, and its library or ""."""


@contextlib.contextmanager
def libraries_in_parallel(workspace: Workspace, pool: Pool, libraries: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Inside, the assets of each of the `libraries` are derived, as many values at a time as the pool is wide; at the end of the
    block those not begun are given up. Nothing is computed in parallel with a pool of one.

    The values of a library come one after another, and the first libraries first.
    """
    chains: dict[Node, list[Node]] = {}
    for library, assets in libraries.items():
        before: list[Node] = []
        for asset in _positions_first(assets):
            chains[asset, library] = list(before)
            before = [(asset, library)]
    ranks = {node: rank for rank, node in enumerate(chains)}
    with _derived(workspace, pool, chains, ranks):
        yield


@contextlib.contextmanager
def study_in_parallel(workspace: Workspace, pool: Pool, assets: Sequence[str]) -> Iterator[None]:
    """Inside, those of the `assets` of a study are derived that may run in parallel, each as soon as what it reads is there.

    The others, and all that rest on them, are left to their steps, which begin when those values are there.
    """
    above: dict[Node, list[Node]] = {}
    chosen = set(assets)
    waiting = [name for name in assets if SPECIFICATIONS[name].may_run_in_parallel]
    while True:
        held = {name for name, _ in above}
        ready = [
            name
            for name in waiting
            if name not in held and all(item in held for item in SPECIFICATIONS[name].inputs if item in chosen)
        ]
        if not ready:
            break
        for name in ready:
            above[name, ""] = [(item, "") for item in dict.fromkeys(SPECIFICATIONS[name].inputs) if item in chosen]
    with _derived(workspace, pool, above, _most_waited_for(above)):
        yield


def _is_large(name: str) -> bool:
    """Whether making a value takes memory that grows with the reads, or as much."""
    given = SPECIFICATIONS[name]
    if given.partitioned:
        return name == "filtered_alignments"
    return name == OF_MANY_TERMS or (name not in OF_SUMMARIES and any(item in LARGE for item in given.inputs))


def _positions_first(assets: Sequence[str]) -> list[str]:
    """The assets of a library in an order in which they can run; what reads its files only for qualities comes after the pass for
    positions, which counts them too."""
    return [*(name for name in assets if name != "read_quality"), *(name for name in assets if name == "read_quality")]


def _most_waited_for(above: Mapping[Node, Sequence[Node]]) -> dict[Node, int]:
    """Ranks of the nodes: first those on which most others rest."""
    below: dict[Node, set[Node]] = {node: set() for node in above}
    for node in reversed(list(above)):  # `above` lists what is read before what reads it
        for item in above[node]:
            below[item] |= {node} | below[node]
    return {node: -len(found) for node, found in below.items()}


@contextlib.contextmanager
def _derived(
    workspace: Workspace, pool: Pool, above: Mapping[Node, Sequence[Node]], ranks: Mapping[Node, int]
) -> Iterator[None]:
    """Inside, the values of the nodes are derived, each after those `above` it, the lowest rank first."""
    if pool.width == 1 or len(above) < 2:
        yield
        return
    ahead = _Ahead(workspace, pool, above, ranks)
    study = str(workspace.path)
    IN_PARALLEL.update({(study, *node): future for node, future in ahead.promised.items()})
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        ahead.start()
        try:
            yield
        except BaseException:
            ahead.stop(wait=False)  # an interrupted run ends now: what a thread still makes is whole or not there
            raise
        ahead.stop(wait=True)
    finally:
        sys.setswitchinterval(before)
        for node in ahead.promised:
            IN_PARALLEL.pop((study, *node), None)


class _Ahead:
    """Threads that derive the values of nodes, and what they promise to the steps that wait for them."""

    def __init__(
        self, workspace: Workspace, pool: Pool, above: Mapping[Node, Sequence[Node]], ranks: Mapping[Node, int]
    ) -> None:
        self.promised: dict[Node, Future[MadeInParallel | None]] = {node: Future() for node in (*above, ALL)}
        self._workspace, self._pool, self._ranks = workspace, pool, ranks
        self._order = {node: place for place, node in enumerate(above)}
        self._missing = {node: set(items) for node, items in above.items()}
        self._below: dict[Node, list[Node]] = {node: [] for node in above}
        for node, items in above.items():
            for item in items:
                self._below[item].append(node)
        self._made: dict[Node, Reading] = {}
        self._ready: list[Node] = []
        self._large = 0
        self._most_large = len(above) if pool.elsewhere else max(1, pool.width // 2)
        self._open = len(above)
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"value-{number}", daemon=True)
            for number in range(min(pool.width, len(above)))
        ]

    def start(self) -> None:
        for node, items in self._missing.items():
            if not items:
                self._offer(node)
        for thread in self._threads:
            thread.start()

    def stop(self, wait: bool) -> None:
        """Begin no further value; wait for those begun. Steps whose values were not begun make them themselves."""
        with self._changed:
            self._ready, self._open = [], 0
            self._changed.notify_all()
        if wait:
            for thread in self._threads:
                thread.join()
        for future in self.promised.values():
            future.cancel()

    def _offer(self, node: Node) -> None:
        self._ready.append(node)
        self._ready.sort(key=lambda item: (self._ranks[item], self._order[item]))

    def _work(self) -> None:
        while (node := self._next()) is not None:
            made: MadeInParallel | None = None
            whole = False
            try:
                made, whole = self._derive(node)
            except Exception:
                pass  # the step derives it again, and says what is wrong
            finally:
                self._done(node, made, whole)

    def _next(self) -> Node | None:
        """The next value that may be begun; None when there is none any more."""
        with self._changed:
            while self._open > 0:
                for node in self._ready:
                    large = _is_large(node[0])
                    if not large or self._large < self._most_large:
                        self._ready.remove(node)
                        self._large += large
                        return node
                self._changed.wait()
            return None

    def _done(self, node: Node, made: MadeInParallel | None, whole: bool) -> None:
        """Keep the promise. What reads a value that was not made, or that a check bars, is left to its step."""
        with self._changed:
            settled = [(node, made)]
            self._open -= 1
            self._large -= _is_large(node[0])
            if whole:
                for item in self._below[node]:
                    self._missing[item].discard(node)
                    if not self._missing[item] and self._open > 0:
                        self._offer(item)
            else:
                given_up = self._all_below(node)
                self._open -= len(given_up)
                settled += [(item, None) for item in given_up]
            if self._open == 0:
                settled.append((ALL, None))
            self._changed.notify_all()
        for item, result in settled:
            if self.promised[item].set_running_or_notify_cancel():
                self.promised[item].set_result(result)

    def _all_below(self, node: Node) -> list[Node]:
        """What rests on a node and was not given up before."""
        found: list[Node] = []
        waiting = list(self._below[node])
        while waiting:
            item = waiting.pop()
            if self._missing[item]:
                self._missing[item] = set()
                found.append(item)
                waiting += self._below[item]
        return found

    def _derive(self, node: Node) -> tuple[MadeInParallel, bool]:
        """The value of a node, and whether all checks that bar a value were passed."""
        asset, library = node
        given = SPECIFICATIONS[asset]
        told: list[str] = []
        began = time.perf_counter()

        def tell(text: str) -> None:
            told.append(text)
            for listener in LISTENERS:
                listener("progress", {"asset": asset, "partition": library, "text": text})

        readings: Readings = {}
        for item in given.inputs:
            partition = library if SPECIFICATIONS[item].partitioned else ""
            made = self._made.get((item, partition))
            readings[item] = made or read_input(self._workspace, item, partition, given.gates(item))
        digest, record, reused = derive(self._workspace, given, library, readings, tell, self._pool)
        give_back()
        self._made[node] = Reading(self._workspace, asset, library, digest, output(record))
        return MadeInParallel(digest, reused, time.perf_counter() - began, tuple(told)), passed(record)
