"""Giving freed memory back to the system between assets: without it a run keeps what its largest asset once used.

No Dagster.
"""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Ask the C library to return the pages of freed arrays; nothing happens where it cannot (malloc_trim is glibc's)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
