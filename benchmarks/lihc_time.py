"""What the comparison on TCGA-LIHC costs: model and baselines on the 25 shared splits, then the evaluation with its intervals.

python -m benchmarks.lihc_time FOLDER [--splits N], FOLDER as in benchmarks.lihc. Prints CPU and wall seconds of each part,
scaled to 25 splits where fewer were run; no score is printed. Limits: 10 minutes on 2 cores for the splits, 10 seconds for the
evaluation with its 1,000 resamples.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.lihc import read_cohort
from groprog_assets.methods.evaluation.baselines import baselines
from groprog_assets.methods.evaluation.evaluation import evaluate
from groprog_assets.model.cross_validation import cross_validate
from groprog_assets.study.parameters import Parameters

SPLITS, SPLIT_SECONDS, EVALUATION_SECONDS = 25, 600.0, 10.0


def timed(name: str, share: float, work: Callable[[], Any]) -> tuple[Any, float]:
    """(result, CPU seconds divided by `share`), printed with the wall seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    cpu, wall = (time.process_time() - cpu) / share, (time.perf_counter() - wall) / share
    print(f"{name:28s}{cpu:8.1f} CPU s{wall:8.1f} s", flush=True)
    return result, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=SPLITS)
    options = parser.parse_args()
    inputs, outcomes, folds = read_cohort(options.folder)
    # Whole repeats, so that every patient has a prediction in each.
    repeats = max(1, options.splits // 5)
    folds = [fold for fold in folds if fold.repeat < repeats]
    share = len(folds) / SPLITS
    table = pd.DataFrame({"patient_id": inputs.patient_id, "time": outcomes.time, "event": outcomes.event})
    rows = [(fold.repeat, fold.fold, patient) for fold in folds for patient in inputs.patient_id[fold.test]]
    held = pd.DataFrame(rows, columns=["repeat", "fold", "patient_id"]).astype({"repeat": "int32", "fold": "int32"})
    described = pd.DataFrame(
        [
            {
                "field": spec.name,
                "kind": spec.kind,
                "unit": "",
                "levels": json.dumps(spec.levels),
                "known_at_days": 0.0,
                "block": "state",
                "used": True,
                "reason": "",
                "missing": 0,
            }
            for spec in inputs.fields
        ]
    )
    records = pd.DataFrame({"patient_id": inputs.patient_id})
    for spec in inputs.fields:
        values = inputs.covariates[spec.name]
        records[spec.name] = values if spec.kind == "continuous" else pd.Series(values).where(values != "").to_numpy()
    expression = {"values": inputs.expression, "patient_id": inputs.patient_id, "gene": np.array(inputs.genes)}
    parameters = Parameters()
    crossed, model = timed(
        "model, ensemble", share, lambda: cross_validate(inputs, outcomes, folds, parameters, keep_models=False)
    )
    peers, beside = timed(
        "three baselines",
        share,
        lambda: baselines(records, described, table, expression, held, parameters),  # type: ignore[arg-type]
    )
    ours = pd.DataFrame({name: crossed.out_of_fold[name] for name in peers.table.columns if name != "model"})
    risks = pd.concat([ours.assign(model="groprog"), peers.table], ignore_index=True)
    _, intervals = timed(
        "evaluation with intervals", share, lambda: evaluate(risks, table, held, parameters.evaluation)
    )
    print(f"splits: {(model + beside) / 2:.0f} s on two cores that share the folds; limit {SPLIT_SECONDS:.0f}")
    assert (model + beside) / 2 < SPLIT_SECONDS
    assert intervals < EVALUATION_SECONDS


if __name__ == "__main__":
    main()
