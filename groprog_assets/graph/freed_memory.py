"""Giving freed memory back to the system between assets: without it a run keeps what its largest asset once used.

Python's collector is left with little to do meanwhile: most objects of a run die when they are let go, and each of its looks at
all of them costs as much as making them. No Dagster.
"""

from __future__ import annotations

import ctypes
import gc
import sys

YOUNG, MIDDLE, OLD = 100_000, 20, 50
"""Objects, and collections of the younger generation, after which Python's collector looks at each generation."""

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""Names of settings in glibc's malloc.h."""
LARGE_ARRAY = 4 << 20
"""Bytes from which on memory is pages of its own. Source: ours; glibc begins at 128 KiB and goes up to 32 MiB by itself."""
HEAPS = 2


def collect_rarely() -> None:
    """Let Python's collector look for cycles seldom."""
    gc.set_threshold(YOUNG, MIDDLE, OLD)


def return_large_arrays() -> None:
    """Let the C library give the pages of a large array back when it is freed, and have few heaps that threads take turns at.

    Left to itself it keeps what was freed for arrays to come, in a heap a thread: a run in threads then takes half as much again.
    Nothing is changed where the C library is another than glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE_ARRAY)
        mallopt(M_ARENA_MAX, HEAPS)


def keep_for_good() -> None:
    """Spare the collector what is there now and stays until the process ends: programs, settings, definitions.

    What only making them needed, and the check of the study before, is given back.
    """
    gc.collect()
    gc.freeze()
    give_back()


def give_back() -> None:
    """Free what only cycles hold, then ask Arrow and the C library to return the pages of freed arrays.

    Of cycles only those made since the last call are looked for: looking at all that a run keeps takes longer than most of its
    values do. The C library returns no page where it cannot (malloc_trim is glibc's).
    """
    gc.collect(1)
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
