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


def collect_rarely() -> None:
    """Let Python's collector look for cycles seldom."""
    gc.set_threshold(YOUNG, MIDDLE, OLD)


def keep_for_good() -> None:
    """Spare the collector what is there now and stays until the process ends: programs, settings, definitions."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Free what only cycles hold, then ask Arrow and the C library to return the pages of freed arrays.

    The C library returns none where it cannot (malloc_trim is glibc's).
    """
    gc.collect()
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
