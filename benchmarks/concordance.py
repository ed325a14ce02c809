"""IPCW concordance against scikit-survival: CPU seconds, and against the sorts it cannot do without.

python -m benchmarks.concordance [n ...]
"""

from __future__ import annotations

import sys
from time import process_time

import numpy as np

from groprog_kernels.concordance import concordance


def cohort(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(risk, time, event) of n patients, about a third with the event."""
    random = np.random.default_rng(seed)
    risk = random.normal(size=n)
    return risk, random.exponential(np.exp(-0.5 * risk)), random.random(n) < 0.35


def main(sizes: list[int]) -> None:
    """Print one line a size; the peer is left out above 20,000 patients, where it needs minutes."""
    try:
        from sksurv.metrics import concordance_index_ipcw
        from sksurv.util import Surv
    except ImportError:
        concordance_index_ipcw = None
    print("n        sorts     ours  scikit-survival  difference")
    for n in sizes:
        risk, time, event = cohort(n)
        tau = float(np.quantile(time, 0.9))
        concordance(risk, time, event, tau=tau)
        spent = []
        for _ in range(3):
            start = process_time()
            np.argsort(time), np.argsort(risk)
            middle = process_time()
            ours = concordance(risk, time, event, tau=tau, ties="comparable").cindex
            spent.append((middle - start, process_time() - middle))
        sorts, own = np.min(spent, axis=0)
        line = f"{n:<8} {sorts:.4f}  {own:.4f}"
        if concordance_index_ipcw is not None and n <= 20_000:
            outcome = Surv.from_arrays(event, time)
            start = process_time()
            theirs = concordance_index_ipcw(outcome, outcome, risk, tau=tau)[0]
            line += f"  {process_time() - start:15.3f}  {ours - theirs:.1e}"
        print(line)


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1_000, 20_000, 100_000, 1_000_000])
