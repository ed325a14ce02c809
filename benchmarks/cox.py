"""Efron's Cox loss and gradient through torch autograd against torchsurv: CPU seconds.

python -m benchmarks.cox [n ...]
"""

from __future__ import annotations

import sys
from time import process_time

import numpy as np
import torch

from groprog_assets.model.loss import cox_efron_loss, sorted_outcomes


def main(sizes: list[int]) -> None:
    """Print one line a size: with the sort, with outcomes sorted once, and the peer where it is installed."""
    torch.set_num_threads(1)
    try:
        from torchsurv.loss.cox import neg_partial_log_likelihood as peer
    except ImportError:
        peer = None
    print("n        ours+sort  ours sorted  torchsurv")
    for n in sizes:
        random = np.random.default_rng(0)
        risk = torch.tensor(random.normal(size=n), requires_grad=True)
        time, event = np.round(random.exponential(size=n), 3), random.random(n) < 0.35
        sets = sorted_outcomes(time, event)
        spent = []
        for _ in range(3):
            start = process_time()
            cox_efron_loss(risk, time, event).backward()
            middle = process_time()
            cox_efron_loss(risk, sets=sets).backward()
            spent.append((middle - start, process_time() - middle))
        line = f"{n:<8} {min(a for a, _ in spent):9.4f}  {min(b for _, b in spent):11.4f}"
        if peer is not None:
            start = process_time()
            peer(risk, torch.from_numpy(event), torch.from_numpy(time), ties_method="efron").backward()
            line += f"  {process_time() - start:9.3f}"
        print(line)


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1_000, 100_000, 1_000_000])
