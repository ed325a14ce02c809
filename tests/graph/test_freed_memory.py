"""Memory that was freed goes back to the system."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from groprog_assets.graph.freed_memory import collect_rarely, give_back, keep_for_good


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(
    not (Path("/proc/self/statm").exists() and hasattr(ctypes.CDLL(None), "malloc_trim")),
    reason="needs Linux and glibc",
)
@pytest.mark.parametrize("free", [give_back, keep_for_good])
def test_freed_blocks_between_used_ones_are_given_back(free: Callable[[], None]):
    held = [np.ones(10_000) for _ in range(2000)]  # 160 MB in blocks too small to be mapped one by one
    del held[::2]
    before = resident()
    free()
    gc.unfreeze()
    assert before - resident() > 50_000_000
    assert sum(block.sum() for block in held) == 1000 * 10_000


def test_what_only_a_cycle_holds_is_freed_between_assets_though_the_collector_looks_seldom():
    class Held:
        def __init__(self):
            self.itself = self

    threshold = gc.get_threshold()
    collect_rarely()
    try:
        seen = weakref.ref(Held())
        assert seen() is not None
        give_back()
        assert seen() is None
    finally:
        gc.set_threshold(*threshold)


@pytest.mark.skipif(
    not (Path("/proc/self/statm").exists() and hasattr(ctypes.CDLL(None), "mallopt")),
    reason="needs Linux and glibc",
)
def test_a_large_array_goes_back_when_it_is_freed():
    code = (
        "import os\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from groprog_assets.graph.freed_memory import return_large_arrays\n"
        "return_large_arrays()\n"
        "resident = lambda: int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')\n"
        "first = np.ones(3_000_000)\n"  # 24 MB: glibc would take this size for what to keep from now on
        "del first\n"
        "before = resident()\n"
        "arrays = [np.ones(2_500_000) for _ in range(10)]\n"
        "small = np.ones(100_000)\n"  # above them where they lie in a heap
        "del arrays\n"
        "print(resident() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 40_000_000
