"""Efron's Cox loss and gradient through torch autograd against torchsurv: CPU seconds, medians of turns taken in one process.

python -m benchmarks.cox [n ...]. Both start from a float64 tensor of log-risks and end with its gradient. Ours is handed the
order by time, found once a fit as training does, or finds it in the call; the peer sorts in every call. Each with torch's threads
as they are by default and with one: the peer's small operations wake all threads, which spin, and CPU seconds count wherever they
are spent.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from time import process_time, sleep
from typing import Any

import numpy as np
import torch

from groprog_assets.model.loss import cox_efron_loss, sorted_outcomes


def spent(risk: torch.Tensor, loss: Callable[[], torch.Tensor]) -> float:
    """CPU seconds of one loss and its gradient; threads woken by the turn before have gone to sleep."""
    risk.grad = None
    sleep(0.02)
    start = process_time()
    loss().backward()
    return process_time() - start


def compared(n: int, peer: Callable[..., torch.Tensor] | None) -> str:
    """One line: CPU seconds of each and how many times less ours takes; fails where the gradients differ by 1e-6."""
    random = np.random.default_rng(0)
    risk = torch.tensor(random.normal(size=n), requires_grad=True)
    time, event = np.round(random.exponential(size=n), 3), random.random(n) < 0.35
    sets, held = sorted_outcomes(time, event), (torch.from_numpy(event), torch.from_numpy(time))
    calls: dict[str, Callable[[], torch.Tensor]] = {
        "sorting": lambda: cox_efron_loss(risk, time, event),
        "sorted": lambda: cox_efron_loss(risk, sets=sets),
    }
    if peer is not None:
        calls["peer"] = lambda: peer(risk, *held, ties_method="efron", reduction="sum")
        spent(risk, lambda: cox_efron_loss(risk, sets=sets) * int(event.sum()))
        own = risk.grad
        spent(risk, calls["peer"])
        assert own is not None
        assert risk.grad is not None
        error = float((own - risk.grad).norm() / risk.grad.norm())
        assert error < 1e-6, error
    turns = [{name: spent(risk, call) for name, call in calls.items()} for _ in range(15 if n <= 100_000 else 5)]
    cost = {name: float(np.median([turn[name] for turn in turns])) for name in calls}
    line = f"{n:<9} {torch.get_num_threads():7d} {cost['sorted']:12.5f} {cost['sorting']:12.5f}"
    if peer is not None:
        line += f" {cost['peer']:10.4f} {cost['peer'] / cost['sorted']:13.0f} {cost['peer'] / cost['sorting']:14.0f}"
    return line


def main(sizes: list[int]) -> None:
    """Print one line a size and number of threads, and what both say of risks that overflow; the peer where it is installed."""
    warnings.filterwarnings("ignore", message="Ties in `time`")
    peer: Any = None
    try:
        from torchsurv.loss.cox import neg_partial_log_likelihood as peer
    except ImportError:
        print("torchsurv is not installed")
    # A freed block this large keeps the allocator from handing pages back after every call, as it is in a process that trains.
    np.ones(3_000_000).sum()
    print("n         threads  ours,sorted ours,sorting  torchsurv  x less,sorted x less,sorting")
    usual = torch.get_num_threads()
    for n in sizes:
        for threads in sorted({1, usual}, reverse=True):
            torch.set_num_threads(threads)
            print(compared(n, peer), flush=True)
    risk = torch.tensor([0.0, 100.0, 50.0, 2.0])
    time, event = np.array([1.0, 1.0, 2.0, 2.0]), np.ones(4, bool)
    print(
        f"log-risks 0, 100, 50, 2, times tied in pairs: ours {4 * float(cox_efron_loss(risk, time, event)):.4f}", end=""
    )
    if peer is not None:
        theirs = peer(risk, torch.from_numpy(event), torch.from_numpy(time), ties_method="efron", reduction="sum")
        print(f", torchsurv {float(theirs)}", end="")
    print()


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1_000, 100_000, 1_000_000])
