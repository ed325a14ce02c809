"""The device that computes tensors, and a limit to one thread for small products."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


def device_of(setting: str) -> torch.device:
    """ "cpu", "cuda" or "auto" (CUDA where there is one) as a torch device."""
    if setting == "auto":
        setting = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(setting)


@contextmanager
def single_threaded() -> Iterator[None]:
    """Limit torch and BLAS to one thread inside the block, then restore their settings.

    Small products are faster with one thread, and sums keep one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, "blas"):
            yield
    finally:
        torch.set_num_threads(before)
