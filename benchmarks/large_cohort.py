"""A cohort too large for one batch: memory, seconds an epoch, and C on synthetic patients that were held out.

python -m benchmarks.large_cohort [--patients 100000] [--genes 2000] [--members 1] [--joint-epochs 15] [--as-shipped]

The default is 100,000 patients x 2,000 genes and the settings of the product but for the number of members and of epochs, which
this script shortens and prints; --as-shipped leaves them too. Fails when the peak of memory reaches that of one n x n array of
bytes over the training patients, and when the held-out C is below 0.65.
"""

from __future__ import annotations

import argparse
import resource
from itertools import pairwise
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.model import simulated
from groprog_assets.model.cross_validation import train_final
from groprog_assets.model.predict import predict
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell


def peak() -> float:
    """Largest resident memory of this process so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=2_000)
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--warmup-epochs", type=int, nargs=2, default=[3, 2], help="genomic, clinical")
    parser.add_argument("--joint-epochs", type=int, default=15, help="at most; early stopping after 5 without gain")
    parser.add_argument("--as-shipped", action="store_true", help="members, epochs and patience of the product")
    parser.add_argument("--held-out", type=int, default=5_000, help="patients beside those trained on")
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    options = parser.parse_args()
    training = {
        "ensemble_seeds": options.members,
        "genomic_warmup_epochs": options.warmup_epochs[0],
        "clinical_warmup_epochs": options.warmup_epochs[1],
        "joint_epochs": options.joint_epochs,
        "patience": 5,
        "precision": options.precision,
    }
    if options.as_shipped:
        training = {"precision": options.precision}
    parameters = Parameters.model_validate({"training": training})
    everyone, outcomes = simulated(options.patients + options.held_out, options.genes)
    held_out = everyone.take(np.arange(options.patients, len(everyone)))
    held_outcomes = outcomes.take(np.arange(options.patients, len(everyone)))
    inputs, outcomes = everyone.take(np.arange(options.patients)), outcomes.take(np.arange(options.patients))
    del everyone
    before = peak()
    marks: list[tuple[str, float, float]] = []

    def progress(row: dict[str, Any]) -> None:
        marks.append((row["stage"], process_time(), perf_counter()))
        print(f"{row['stage']:8} epoch {row['epoch']:3d}  {marks[-1][1] - start[0]:7.0f} CPU s", flush=True)

    start = process_time(), perf_counter()
    fitted = train_final(inputs, outcomes, parameters, progress=progress)
    spent, elapsed = process_time() - start[0], perf_counter() - start[1]
    # Differences between the ends of two epochs of one stage.
    for stage in ("genomic", "clinical", "joint"):
        steps = [later[1] - one[1] for one, later in pairwise(marks) if one[0] == later[0] == stage]
        if steps:
            print(f"{stage}: {np.median(steps):.2f} CPU s an epoch")
    scored = process_time()
    risk = predict(fitted.model, held_out).risk
    scored = process_time() - scored
    reached = harrell(risk, held_outcomes.time, held_outcomes.event).cindex
    print(f"{options.patients} patients x {options.genes} genes, {int(outcomes.event.sum())} events, {training}")
    print(f"whole fit {spent:.0f} CPU s, {elapsed:.0f} s; to the first epoch {marks[0][1] - start[0]:.0f} CPU s")
    print(f"scoring {scored / len(held_out) * 1e6:.0f} CPU us a patient")
    print(f"memory: {before / 2**30:.2f} GiB with the data made, {peak() / 2**30:.2f} GiB at most")
    print(f"C on {len(held_out)} held-out patients: {reached:.3f}; stack (linear path, network) {fitted.stacking}")
    square = float(options.patients) ** 2
    assert options.patients < 60_000 or peak() < square, f"{peak():.2e} bytes: an n x n array of bytes is {square:.2e}"
    assert reached > 0.65, reached


if __name__ == "__main__":
    main()
