"""CPU seconds of the survival losses and metrics from 1,000 to 1,000,000 patients beside their peers, as a table and a figure.

python -m benchmarks.scaling [--largest 1000000] [--figure docs/images/scaling.svg] [--table benchmarks/scaling.tsv]
One thread; each value is the median of three runs (one where a run takes over 5 s). A curve stops where its growth puts the next
size beyond twelve seconds. Peers: scikit-survival, torchsurv, torch in chunks; left out where they are not installed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from time import process_time, sleep
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.concordance import cohort
from benchmarks.pairs import chunked_torch
from groprog_assets.model.loss import cox_efron_loss, sorted_outcomes
from groprog_kernels.auc import cumulative_dynamic_auc
from groprog_kernels.concordance import concordance
from groprog_kernels.pairs import pair_loss

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
LONGEST = 12.0
PANELS = ("IPCW concordance", "AUC(τ)", "Cox loss and gradient (Efron)", "pair loss and gradient")


def tasks(n: int) -> dict[tuple[str, str], Callable[[], Any]]:
    """What is timed for n patients: (panel, who) -> call."""
    risk, time, event = cohort(n)
    sets = sorted_outcomes(time, event)
    tau = float(np.quantile(time, 0.9))
    held = torch.tensor(risk, requires_grad=True)

    def backward(loss: torch.Tensor) -> None:
        held.grad = None
        loss.backward()

    calls: dict[tuple[str, str], Callable[[], Any]] = {
        (PANELS[0], "GroProg"): lambda: concordance(risk, time, event, tau=tau, ties="comparable"),
        (PANELS[0], "the two sorts it needs"): lambda: (np.argsort(time), np.argsort(risk)),
        (PANELS[1], "GroProg, every event time"): lambda: cumulative_dynamic_auc(risk, time, event),
        (PANELS[2], "GroProg, sorted once a fit"): lambda: backward(cox_efron_loss(held, sets=sets)),
        (PANELS[2], "GroProg, with the sort"): lambda: backward(cox_efron_loss(held, time, event)),
        (PANELS[3], "GroProg, near-linear"): lambda: pair_loss(risk, time, event, method="spectral", sets=sets),
        (PANELS[3], "GroProg, all pairs"): lambda: pair_loss(risk, time, event, method="direct", sets=sets),
        (PANELS[3], "torch in chunks"): lambda: chunked_torch(risk, time, event),
    }
    try:
        from sksurv.metrics import concordance_index_ipcw
        from sksurv.metrics import cumulative_dynamic_auc as twenty
        from sksurv.util import Surv

        outcome, times = Surv.from_arrays(event, time), np.quantile(time, np.linspace(0.05, 0.9, 20))
        calls[PANELS[0], "scikit-survival"] = lambda: concordance_index_ipcw(
            outcome, outcome, risk, tau=tau, tied_tol=0
        )
        calls[PANELS[1], "scikit-survival, 20 times"] = lambda: twenty(outcome, outcome, risk, times)
    except ImportError:
        pass
    try:
        from torchsurv.loss.cox import neg_partial_log_likelihood as peer

        there = torch.from_numpy(event), torch.from_numpy(time)
        calls[PANELS[2], "torchsurv, one thread"] = lambda: backward(peer(held, *there, ties_method="efron"))
    except ImportError:
        pass
    return calls


def measured(largest: int) -> list[tuple[str, str, int, float]]:
    """Rows (panel, who, n, CPU seconds)."""
    rows: list[tuple[str, str, int, float]] = []
    tasks(100)[PANELS[3], "GroProg, all pairs"]()
    for n in [size for size in SIZES if size <= largest]:
        for (panel, who), call in tasks(n).items():
            earlier = [row for row in rows if row[:2] == (panel, who)]
            if earlier and earlier[-1][3] * (n / earlier[-1][2]) ** growth(earlier) > LONGEST:
                continue
            if n > SIZES[0] and not earlier:
                continue
            spent: list[float] = []
            while len(spent) < 3 and (not spent or spent[0] < 5.0):
                sleep(0.01)
                start = process_time()
                call()
                spent.append(process_time() - start)
            rows.append((panel, who, n, float(np.median(spent))))
            print(f"{panel:32} {who:28} {n:9d} {rows[-1][3]:10.5f}", flush=True)
    return rows


def growth(rows: list[tuple[str, str, int, float]]) -> float:
    """Power of n by which the last step grew; 1 from one row."""
    if len(rows) < 2:
        return 1.0
    return float(np.log(rows[-1][3] / rows[-2][3]) / np.log(rows[-1][2] / rows[-2][2]))


def draw(rows: list[tuple[str, str, int, float]], figure: Path) -> None:
    """One panel a quantity, logarithmic axes."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "scaling", "font.size": 8})
    drawing, axes = plt.subplots(2, 2, figsize=(8.6, 6.2), sharex=True, constrained_layout=True)
    for axis, panel in zip(axes.flat, PANELS):
        for who in dict.fromkeys(row[1] for row in rows if row[0] == panel):
            points = [(row[2], row[3]) for row in rows if row[:2] == (panel, who)]
            own = who.startswith("GroProg")
            axis.plot(*zip(*points), "o-" if own else "s--", markersize=3, linewidth=1.5 if own else 1, label=who)
        axis.set(xscale="log", yscale="log", title=panel)
        axis.minorticks_off()
        axis.grid(alpha=0.3, linewidth=0.5)
        axis.legend(frameon=False, fontsize=7)
    for axis in axes[:, 0]:
        axis.set_ylabel("CPU seconds")
    for axis in axes[1]:
        axis.set_xlabel("patients")
    figure.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(figure, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--figure", type=Path, default=Path("docs/images/scaling.svg"))
    parser.add_argument("--table", type=Path, default=Path("benchmarks/scaling.tsv"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1, "blas")
    rows = measured(options.largest)
    lines = ["quantity\tby\tpatients\tcpu_seconds", *("\t".join(map(str, (*row[:3], f"{row[3]:.3g}"))) for row in rows)]
    options.table.write_text("\n".join(lines) + "\n")
    draw(rows, options.figure)


if __name__ == "__main__":
    main()
