"""IPCW concordance against scikit-survival, and against the two sorts it cannot do without: CPU seconds, medians of turns.

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
    """Print one line a size; the peer, once and up to 100,000 patients. Fails where the two indices differ by 1e-9."""
    try:
        from sksurv.metrics import concordance_index_ipcw
        from sksurv.util import Surv
    except ImportError:
        concordance_index_ipcw = None
    # A freed block this large keeps the allocator from handing pages back after every call.
    np.ones(3_000_000).sum()
    print("n        two sorts     ours  ours / sorts  scikit-survival  times less  difference")
    for n in sizes:
        risk, time, event = cohort(n)
        tau = float(np.quantile(time, 0.9))
        concordance(risk, time, event, tau=tau)
        spent = []
        for _ in range(31 if n <= 100_000 else 7):
            start = process_time()
            np.argsort(time), np.argsort(risk)
            middle = process_time()
            ours = concordance(risk, time, event, tau=tau, ties="comparable").cindex
            spent.append((middle - start, process_time() - middle))
        sorts, own = np.median(spent, axis=0)
        line = f"{n:<8} {sorts:9.5f} {own:8.5f} {np.median([b / a for a, b in spent]):13.2f}"
        if concordance_index_ipcw is not None and n <= 100_000:
            outcome = Surv.from_arrays(event, time)
            start = process_time()
            theirs = concordance_index_ipcw(outcome, outcome, risk, tau=tau, tied_tol=0)[0]
            taken = process_time() - start
            assert abs(ours - theirs) < 1e-9
            line += f" {taken:16.3f} {taken / own:11.0f}  {ours - theirs:.1e}"
        print(line, flush=True)


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1_000, 20_000, 100_000, 1_000_000])
