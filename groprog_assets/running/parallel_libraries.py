"""Computing the values of several libraries in parallel, before the runs that record them.

Dagster's runs of one process come one after another. With a pool of more than one worker the values of the next libraries are
derived meanwhile in threads, by the function and under the circumstances the step itself uses; the step then finds its value on
record, and is told that it was made just now.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from groprog_assets.compute.compute_pool import Pool
from groprog_assets.graph.derive import derive
from groprog_assets.graph.io_managers import read_input
from groprog_assets.graph.resources import IN_PARALLEL, MadeInParallel
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.store.derivations import output, passed
from groprog_assets.store.readings import Reading
from groprog_assets.store.workspace import Workspace


@contextlib.contextmanager
def libraries_in_parallel(workspace: Workspace, pool: Pool, libraries: dict[str, list[str]]) -> Iterator[None]:
    """Inside, the assets of each of the `libraries` are derived, as many libraries at a time as the pool is wide; at the end of
    the block those not begun are given up. Nothing is computed in parallel with a pool of one, or for one library.
    """
    if pool.width == 1 or len(libraries) < 2:
        yield
        return
    promised: dict[tuple[str, str, str], Future[MadeInParallel | None]] = {
        (str(workspace.path), asset, library): Future() for library, assets in libraries.items() for asset in assets
    }
    IN_PARALLEL.update(promised)
    threads = ThreadPoolExecutor(min(pool.width, len(libraries)), "library")
    try:
        for library, assets in libraries.items():
            threads.submit(_library, workspace, pool, assets, library, promised)
        yield
    finally:
        threads.shutdown(wait=True, cancel_futures=True)
        for key, future in promised.items():
            IN_PARALLEL.pop(key, None)
            future.cancel()


def _library(
    workspace: Workspace,
    pool: Pool,
    assets: list[str],
    library: str,
    promised: dict[tuple[str, str, str], Future[MadeInParallel | None]],
) -> None:
    """Derive one library's values in order; after one that fails or is blocked, its steps are left to themselves."""
    made: dict[str, Reading] = {}
    study = str(workspace.path)
    try:
        for asset in assets:
            given = SPECIFICATIONS[asset]
            began = time.perf_counter()
            readings = {
                item: made.get(item) or read_input(workspace, item, library if SPECIFICATIONS[item].partitioned else "")
                for item in given.inputs
            }
            digest, record, reused = derive(workspace, given, library, readings, lambda text: None, pool)
            made[asset] = Reading(workspace, asset, library, digest, output(record))
            promised[study, asset, library].set_result(MadeInParallel(digest, reused, time.perf_counter() - began))
            if not passed(record):
                break
    finally:
        for asset in assets:
            if not promised[study, asset, library].done():
                promised[study, asset, library].set_result(None)
