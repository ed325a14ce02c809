"""Ranking loss and gradient over all comparable pairs: direct, near-linear, and torch in chunks. CPU seconds, peak memory.

python -m benchmarks.pairs [n ...] [--torch-to 20000]. Chunked torch at 100,000 patients takes some three minutes.
"""

from __future__ import annotations

import argparse
import resource
from time import process_time

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from groprog_kernels.pairs import pair_loss
from groprog_kernels.risk_sets import risk_sets

CHUNK = 256


def chunked_torch(risk: np.ndarray, time: np.ndarray, event: np.ndarray) -> float:
    """The same loss with its gradient, CHUNK events against everyone at a time."""
    held = torch.tensor(risk, requires_grad=True)
    times, total, pairs = torch.from_numpy(time), 0.0, 0
    for rows in torch.from_numpy(np.flatnonzero(event)).split(CHUNK):
        later = times[rows, None] < times[None, :]
        part = (torch.nn.functional.softplus(held[None, :] - held[rows, None]) * later).sum()
        part.backward()
        total, pairs = total + float(part.detach()), pairs + int(later.sum())
    return total / pairs


def main() -> None:
    """Print one line a size; all pairs up to 100,000 patients. Fails where two forms differ by more than 1e-9."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[1_000, 20_000, 100_000, 1_000_000])
    parser.add_argument("--torch-to", type=int, default=20_000, help="largest number of patients for chunked torch")
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1, "blas")
    print("n        pairs        spectral  direct  torch  relative difference  peak MB")
    pair_loss(np.zeros(4), np.arange(4.0), np.ones(4), method="direct")
    for n in options.sizes:
        random = np.random.default_rng(0)
        risk, time, event = random.normal(size=n), random.exponential(size=n), random.random(n) < 0.35
        sets = risk_sets(time, event)
        start = process_time()
        near = pair_loss(risk, time, event, method="spectral", sets=sets)
        own = process_time() - start
        line = f"{n:<8} {near.pairs:<12} {own:8.3f}"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if n <= 100_000:
            start = process_time()
            exact = pair_loss(risk, time, event, method="direct", sets=sets)
            line += f"  {process_time() - start:6.3f}"
            if n <= options.torch_to:
                start = process_time()
                theirs = chunked_torch(risk, time, event)
                spent = process_time() - start
                assert abs(theirs / near.loss - 1) < 1e-9
                line += f"  {spent:5.1f} ({spent / own:.0f} x)"
            error = np.linalg.norm(near.gradient - exact.gradient) / np.linalg.norm(exact.gradient)
            worst = max(abs(near.loss / exact.loss - 1), error)
            assert worst < 1e-9
            line += f"  {worst:.1e}"
        print(f"{line}  {peak:.0f}", flush=True)


if __name__ == "__main__":
    main()
