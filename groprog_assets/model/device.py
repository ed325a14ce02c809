"""The device that computes tensors, and a limit to one thread for small products."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits
from torch import nn

from groprog_assets.errors import ModelError, Problem


def device_of(setting: str) -> torch.device:
    """ "cpu", "cuda" or "auto" (CUDA where there is one) as a torch device. Raises ModelError for "cuda" where there is none."""
    there = torch.cuda.is_available()
    if setting == "auto":
        setting = "cuda" if there else "cpu"
    if setting == "cuda" and not there:
        rule = "torch finds no CUDA device here: no card, no driver, or a build of torch for CPUs."
        raise ModelError(Problem("device", "cuda", rule, "Say cpu, or auto for CUDA where there is one."))
    return torch.device(setting)


def place_of(network: nn.Module) -> torch.device:
    """The device that a network's weights are on; the CPU for one without weights."""
    first = next(network.parameters(), None)
    return torch.device("cpu") if first is None else first.device


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
