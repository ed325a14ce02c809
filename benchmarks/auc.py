"""AUC(tau) at every event time against scikit-survival at twenty: CPU seconds.

python -m benchmarks.auc [n ...]
"""

from __future__ import annotations

import sys
from time import process_time

import numpy as np

from groprog_kernels.auc import cumulative_dynamic_auc


def main(sizes: list[int]) -> None:
    """Print one line a size."""
    try:
        from sksurv.metrics import cumulative_dynamic_auc as peer
        from sksurv.util import Surv
    except ImportError:
        peer = None
    print("n        ours, all times  scikit-survival, 20 times  largest difference")
    for n in sizes:
        random = np.random.default_rng(0)
        risk = random.normal(size=n)
        time, event = random.exponential(np.exp(-0.5 * risk)), random.random(n) < 0.35
        start = process_time()
        cumulative_dynamic_auc(risk, time, event)
        line = f"{n:<8} {process_time() - start:15.4f}"
        if peer is not None and n <= 100_000:
            outcome, times = Surv.from_arrays(event, time), np.quantile(time, np.linspace(0.05, 0.9, 20))
            start = process_time()
            theirs = peer(outcome, outcome, risk, times, tied_tol=0)[0]
            spent = process_time() - start
            ours = cumulative_dynamic_auc(risk, time, event, times).auc
            assert np.abs(ours - theirs).max() < 1e-9
            line += f"  {spent:25.3f}  {np.abs(ours - theirs).max():.1e}"
        print(line)


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1_000, 20_000, 100_000, 1_000_000])
