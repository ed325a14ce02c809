"""Pools that compute shards: this process, its threads, or Dask workers. Each gives the same bytes. No Dagster, no DuckDB.

A shard is a module of `groprog_assets.compute.shards` with one function, `compute(shared, part, here)`: named values in, named
values out, nothing else read or changed, so it may run anywhere and twice. `map` gives the results in the order of the parts,
whichever was done first. A shard is sent to a Dask worker as bytes (`store.wire_format`) with a stamp of the code and packages
that made them; a worker with other code or packages refuses. What a killed worker had is computed again by another.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import logging
import os
import pkgutil
import re
import shutil
import socket
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

import groprog_assets.errors as known_errors
from groprog_assets.compute import shards
from groprog_assets.errors import ComputeError, GroProgError, Problem, StudyError
from groprog_assets.store.artifacts import digest_bytes, digest_value, write_atomically
from groprog_assets.store.code_version import code_version, kernel_digest
from groprog_assets.store.half_written import remove_scratch_of_the_dead, scratch_folder
from groprog_assets.store.wire_format import opened, pack, unpack
from groprog_assets.store.workspace import environment_content
from groprog_assets.study.schema import PoolSetting
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Progress, Value, Values

POOL_VARIABLE = "GROPROG_POOL"
SETTING: TypeAdapter[str] = TypeAdapter(PoolSetting)
ADDRESS = re.compile(r"^(tcp|tls)://[\w.\-\[\]:]+:[0-9]+$")
_OF_WORKERS = {
    "distributed.worker.multiprocessing-method": "forkserver",
    "distributed.worker.profile.enabled": False,  # it looks at a shard every hundredth of a second
    "distributed.worker.memory.monitor-interval": "500ms",
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
}
"""Dask's measurements of itself, which cost more than they tell here, are taken less often."""
_WITH_TORCH = {"risk_model", "sequence_net", "sequence_profile", "sequence_cell_types"}
"""Shards that a worker imports when it meets one: torch takes longer than all others, and only training needs it."""
PATIENCE_SECONDS = 60.0
"""How long shards wait for the first worker, or for another after the last was lost."""
SCHEDULER_SECONDS = 10.0
"""How long a scheduler that is named is waited for: one that was started a moment ago may not listen yet."""


class Here(NamedTuple):
    """What a shard may use beside its values, on which no result depends: who hears of progress, and a folder that
    outlives a killed run. On another machine there is neither."""

    progress: Progress | None = None
    scratch: Path | None = None


NOWHERE = Here()


class Shared:
    """Values that all shards of one or more `map` see, made ready once: read for this process, or packed for workers."""

    def __init__(self, values: Values, packed: bool):
        self.values = {} if packed else opened(values)
        self.message = pack(values) if packed else b""
        self.digest = digest_bytes(self.message)
        self.future: Any = None


class Pool:
    """Computes shards one after another in this process."""

    width = 1
    """How many shards run side by side."""
    elsewhere = False
    """Whether shards run in other processes than the one that asks for them."""

    def share(self, values: Values) -> Shared:
        """The values ready for several calls of `map`."""
        return Shared(values, packed=False)

    def map(
        self, noun: str, shared: Values | Shared, parts: Sequence[Values], here: Here = NOWHERE
    ) -> list[dict[str, Value]]:
        """`compute` of the shard `noun` for every part, results in their order; `shared` is what all parts see.

        Values are what `wire_format.pack` takes. A problem of the data in any shard is raised as it would be in this process,
        that of the first part first.
        """
        compute, known = shard(noun), self._ready(shared).values
        with linear_algebra_in_one_thread():
            return [compute(known, opened(part), here) for part in parts]

    def one(self, noun: str, shared: Values, here: Here = NOWHERE) -> dict[str, Value]:
        """The single shard of what has only shared values."""
        return self.map(noun, shared, [{}], here)[0]

    def close(self) -> None:
        """Give back what the pool holds; it can be used no more."""

    def _ready(self, shared: Values | Shared) -> Shared:
        return shared if isinstance(shared, Shared) else self.share(shared)


class ThreadPool(Pool):
    """Computes shards in threads of this process, whose kernels run without the interpreter's lock.

    Those of a module with `IN_THREADS = False`, which use what a process has only once, run one after another.
    """

    def __init__(self, width: int):
        self.width = width

    def map(
        self, noun: str, shared: Values | Shared, parts: Sequence[Values], here: Here = NOWHERE
    ) -> list[dict[str, Value]]:
        if not getattr(shard_module(noun), "IN_THREADS", True):
            return super().map(noun, shared, parts, here)
        compute, known = shard(noun), self._ready(shared).values
        with linear_algebra_in_one_thread(), ThreadPoolExecutor(min(self.width, max(len(parts), 1))) as threads:
            return list(threads.map(lambda part: compute(known, opened(part), here), parts))


class DaskPool(Pool):
    """Computes shards on Dask workers: processes of its own on this machine, or those of a scheduler that is running."""

    elsewhere = True

    def __init__(self, workers: int = 0, address: str = ""):
        require_dask()
        self._cluster: Any = None if address else local_cluster(workers)
        import dask

        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
        if address and not _listens(address):
            _tell(f"waiting up to {SCHEDULER_SECONDS:g} s for a scheduler at {address}, where nothing listens")
        self._client: Any = scheduler_client(self._cluster or address, address)
        self.address: str = address or getattr(self._cluster, "scheduler_address", "")
        self._require_workers()

    @property
    def width(self) -> int:  # type: ignore[override]
        """Threads of the workers that are there now."""
        return max(1, sum(self._client.nthreads().values()))

    def share(self, values: Values) -> Shared:
        return Shared(values, packed=True)

    def map(
        self, noun: str, shared: Values | Shared, parts: Sequence[Values], here: Here = NOWHERE
    ) -> list[dict[str, Value]]:
        """As in `Pool`. Finished shards are kept in `here.scratch`, so that after a kill only the others are asked for."""
        stamp, common = stamp_of(noun), self._ready(shared)
        packed = [pack(part) for part in parts]
        names = [digest_value([noun, stamp, common.digest, digest_bytes(part)]) for part in packed]
        results = {name: _kept(here.scratch, name) for name in names}
        missing = {name: part for name, part in zip(names, packed, strict=True) if results[name] is None}
        if missing and common.future is None:
            # A task rather than scattered data: what a task made is made again when the worker that holds it dies.
            common.future = self._client.submit(bytes, common.message, key=f"shared-{common.digest}")
        futures = {
            name: self._client.submit(work, noun, stamp, common.digest, common.future, part, key=f"{noun}-{name}")
            for name, part in missing.items()
        }
        named = {future.key: name for name, future in futures.items()}
        for future in self._finished(list(futures.values()), here.progress, noun):
            name, content = named[future.key], self._result(future)
            results[name] = content
            if here.scratch is not None:
                write_atomically(here.scratch / name, digest_bytes(content).encode() + content)
        return [_outcome(results[name]) for name in names]

    def close(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            self._client.close()
        if self._cluster is not None:
            with contextlib.suppress(OSError, TimeoutError):
                self._cluster.close()

    def _finished(self, futures: list[Any], tell: Progress | None, noun: str) -> Iterator[Any]:
        """The futures as they are done, watching that somebody is at them."""
        from distributed import wait

        waiting, lost = set(futures), None
        while waiting:
            done: set[Any] = set()
            with contextlib.suppress(TimeoutError), self._client.as_current():
                done, waiting = wait(list(waiting), timeout=2.0, return_when="FIRST_COMPLETED")
            if not done and not self._client.nthreads():
                lost = lost or time.monotonic()
                if time.monotonic() - lost > PATIENCE_SECONDS:
                    raise ComputeError(
                        Problem(
                            self.address,
                            f"no worker for {PATIENCE_SECONDS:.0f} s, {count_of(len(waiting), 'shard')} waiting",
                            "Shards need a worker.",
                            "Start workers, or choose another --pool; what was finished is kept.",
                        )
                    )
            else:
                lost = None
            yield from done
            if tell is not None and done and len(futures) > 1:
                tell(f"{len(futures) - len(waiting)} of {len(futures)} shards of {noun} done")

    def _result(self, future: Any) -> bytes:
        from distributed import CancelledError, KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            rule = "A shard that ends its worker again and again is given up."
            remedy = "Most often memory: fewer workers on the machine, or more memory for each."
            raise ComputeError(Problem(self.address, str(error), rule, remedy)) from None
        except (CancelledError, OSError) as error:
            told = f"{type(error).__name__}: {error}"
            remedy = "Start it again with `groprog workers` and run again; what was finished is kept."
            raise ComputeError(Problem(self.address, told, "The scheduler must stay up.", remedy)) from None

    def _require_workers(self) -> None:
        if not self._client.nthreads():
            _tell(f"waiting up to {PATIENCE_SECONDS:g} s for a worker of the scheduler at {self.address}")
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
        except TimeoutError:
            rule, remedy = "A scheduler needs workers.", f"Start one: `dask worker {self.address} --nthreads 1`."
            raise ComputeError(Problem(self.address, "no worker", rule, remedy)) from None


def scheduler_client(scheduler: Any, address: str) -> Any:
    """A client of a scheduler: a cluster, or an address. ComputeError where nobody answers there for SCHEDULER_SECONDS."""
    from distributed import Client

    try:
        return Client(scheduler, timeout=SCHEDULER_SECONDS if address else PATIENCE_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, OverflowError) as error:
        remedy = "Start one with `groprog workers`, or choose --pool dask."
        told = f"{type(error).__name__}: {error}"
        raise ComputeError(Problem(address, told, "A Dask scheduler must listen there.", remedy)) from None


def _listens(address: str) -> bool:
    """Whether an address takes a connection within a second."""
    host, _, port = address.partition("://")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1.0).close()
    except (OSError, OverflowError):
        return False
    return True


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def local_cluster(workers: int, host: str = "127.0.0.1", port: int = 0) -> Any:
    """A Dask scheduler with worker processes of one thread on this machine, started again when they die; a context manager.

    port: 0 takes a free one. StudyError without Dask.
    """
    require_dask()
    import dask
    from distributed import LocalCluster

    dask.config.set(_OF_WORKERS)
    _import_once()
    remove_scratch_of_the_dead()
    spilled = scratch_folder("dask")
    atexit.register(shutil.rmtree, spilled, ignore_errors=True)
    return LocalCluster(
        local_directory=str(spilled),
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        host=host,
        scheduler_port=port,
        silence_logs=logging.ERROR,
    )


def _import_once() -> None:
    """Workers are forked from a process without threads that has imported what shards need; the first of them starts it."""
    from distributed.utils import get_mp_context

    # distributed gives the context a list of its own the first time, so ours comes second
    get_mp_context().set_forkserver_preload(["distributed", *preloaded_shards()])


def preloaded_shards() -> list[str]:
    """The modules of all shards but those that need torch."""
    nouns = [module.name for module in pkgutil.iter_modules(shards.__path__) if module.name not in _WITH_TORCH]
    return [f"{shards.__name__}.{noun}" for noun in nouns]


def require_dask() -> None:
    """StudyError when the extra that brings Dask is not installed."""
    if importlib.util.find_spec("distributed") is None:
        remedy = "pip install 'groprog[dask]', or choose serial or threads."
        raise StudyError(Problem("pool", "dask is not installed", "It is an extra.", remedy))


def work(noun: str, stamp: str, digest: str, common: bytes, part: bytes) -> bytes:
    """What runs on a worker: the message that holds a shard's result, or of the problems it found. Other errors are raised.

    digest: of `common`, so that a worker which meets it again need not hash it."""
    try:
        mine = stamp_of(noun)
        if mine != stamp:
            raise ComputeError(
                Problem(
                    f"worker {os.uname().nodename}, process {os.getpid()}",
                    f"has other code or packages ({mine[:12]}, asked for {stamp[:12]})",
                    "Equal bytes need equal code: a worker's GroProg, packages and Python are those of who asks.",
                    "Install the same versions there (constraints.txt) and start the worker again.",
                )
            )
        with linear_algebra_in_one_thread():
            return pack({"made": pack(shard(noun)(_common(digest, common), unpack(part), Here()))})
    except GroProgError as error:
        problems = [vars(problem) for problem in error.problems]
        return pack({"failed": {"kind": type(error).__name__, "text": str(error), "problems": problems}})


def shard(noun: str) -> Callable[[Values, Values, Here], dict[str, Value]]:
    """The function of a shard."""
    return shard_module(noun).compute


def shard_module(noun: str) -> Any:
    """The module of a shard. Only those of `groprog_assets.compute.shards` can be named."""
    if not re.fullmatch(r"[a-z][a-z_]*", noun):
        raise ComputeError(Problem("shard", noun, "A shard is a module of groprog_assets.compute.shards.", ""))
    return importlib.import_module(f"groprog_assets.compute.shards.{noun}")


@functools.cache
def stamp_of(noun: str) -> str:
    """sha256 over the code a shard reaches, the kernels and the versions of Python and packages in this process."""
    versions = environment_content().decode()
    return digest_value([code_version(f"groprog_assets.compute.shards.{noun}"), kernel_digest(), versions])


def checked_setting(text: str) -> str:
    """`text` if it names a pool: serial, threads, threads:N, dask, dask:N, or the address of a Dask scheduler."""
    if ADDRESS.fullmatch(text):
        return text
    with contextlib.suppress(ValidationError):
        return SETTING.validate_python(text)
    rule = "A pool is serial, threads, threads:N, dask, dask:N, or a Dask scheduler's address such as tcp://host:8786."
    raise StudyError(Problem("pool", repr(text), rule, "Example: --pool dask:4."))


def open_pool(text: str) -> Pool:
    """The pool a setting names; without a number it is as wide as the processors this process may use."""
    checked_setting(text)
    if ADDRESS.fullmatch(text):
        return DaskPool(address=text)
    kind, _, number = text.partition(":")
    width = int(number) if number else len(os.sched_getaffinity(0))
    return Pool() if kind == "serial" else ThreadPool(width) if kind == "threads" else DaskPool(width)


_LIMIT = threading.Lock()
_LIMITED: list[Any] = [0, None]


@contextlib.contextmanager
def linear_algebra_in_one_thread() -> Iterator[None]:
    """Linear algebra in one thread while any shard runs, or a value that may be made beside others: its sums depend on the number
    of threads, which all of a process share, and a worker has one."""
    from threadpoolctl import threadpool_limits

    with _LIMIT:
        _LIMITED[0] += 1
        if _LIMITED[0] == 1:
            _LIMITED[1] = threadpool_limits(1, "blas")
    try:
        yield
    finally:
        with _LIMIT:
            _LIMITED[0] -= 1
            if _LIMITED[0] == 0:
                _LIMITED[1].restore_original_limits()


_OPENED: OrderedDict[str, dict[str, Value]] = OrderedDict()


def _common(digest: str, message: bytes) -> dict[str, Value]:
    """The shared values of a message; those of the last two are kept, as a worker meets the same ones again and again."""
    if digest not in _OPENED:
        _OPENED[digest] = unpack(message)
        while len(_OPENED) > 2:
            _OPENED.popitem(last=False)
    _OPENED.move_to_end(digest)
    return _OPENED[digest]


def _kept(folder: Path | None, name: str) -> bytes | None:
    """A finished shard of an earlier run, when its bytes are those written."""
    if folder is None:
        return None
    try:
        content = (folder / name).read_bytes()
    except OSError:
        return None
    return content[64:] if digest_bytes(content[64:]).encode() == content[:64] else None


def _outcome(content: bytes | None) -> dict[str, Value]:
    assert content is not None
    outcome = unpack(content)
    if "made" in outcome:
        return unpack(outcome["made"])
    failed = outcome["failed"]
    kind = getattr(known_errors, failed["kind"])
    raise kind([Problem(**problem) for problem in failed["problems"]] or failed["text"])
