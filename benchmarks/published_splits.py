"""The clinical-only model on the published splits of METABRIC and Rotterdam/GBSG: Harrell C beside DeepSurv's published figures.

python -m benchmarks.published_splits FOLDER [--members N] [--inner], where FOLDER holds metabric/cohort.csv and gbsg/cohort.csv
(columns x0.., time, event, split). The model sees the rows marked train; the rows marked test are scored with the defaults of
parameters.py, unless --inner asks for the training rows' own out-of-fold C, by which settings are chosen.
Source of the figures: Katzman et al. 2018, doi:10.1186/s12874-018-0482-1.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.cross_validation import Fitted, fit_model
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell

PUBLISHED = {"metabric": 0.643, "gbsg": 0.668}
MOST_LEVELS = 5


def read_split(path: Path) -> tuple[ModelInputs, Outcomes, np.ndarray]:
    """(inputs, outcomes, which rows are training). Columns of at most five whole values are ordinal, the rest continuous."""
    with path.open() as handle:
        rows = list(csv.DictReader(handle))
    names = [name for name in rows[0] if name.startswith("x")]
    columns: dict[str, np.ndarray] = {}
    fields = []
    for name in names:
        values = np.array([float(row[name]) for row in rows])
        levels = np.unique(values)
        if levels.size <= MOST_LEVELS:
            columns[name] = np.array([f"{value:g}" for value in values])
            fields.append(FieldSpec(name, "ordinal", levels=tuple(f"{value:g}" for value in levels)))
        else:
            columns[name] = values
            fields.append(FieldSpec(name))
    patients = np.array([row["patient_id"] for row in rows])
    # The Rotterdam and GBSG patients were numbered separately.
    unique = np.array([f"{row['split']}-{patient}" for row, patient in zip(rows, patients)])
    outcomes = Outcomes(np.array([float(row["time"]) for row in rows]), np.array([row["event"] == "1" for row in rows]))
    return ModelInputs(unique, tuple(fields), columns), outcomes, np.array([row["split"] == "train" for row in rows])


def fit(folder: Path, cohort: str, parameters: Parameters) -> tuple[Fitted, ModelInputs, Outcomes, Outcomes]:
    """(fit on the training rows, test inputs, test outcomes, training outcomes)."""
    inputs, outcomes, train = read_split(folder / cohort / "cohort.csv")
    rows = np.flatnonzero(train)
    fitted = fit_model(inputs.take(rows), outcomes.take(rows), parameters)
    held = np.flatnonzero(~train)
    return fitted, inputs.take(held), outcomes.take(held), outcomes.take(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--members", type=int, default=None)
    parser.add_argument("--inner", action="store_true", help="only the out-of-fold C of the training rows")
    parser.add_argument("--set", action="append", default=[], help="group.name=value")
    options = parser.parse_args()
    changes: dict[str, dict[str, object]] = {}
    for change in options.set:
        name, _, value = change.partition("=")
        group, _, field = name.partition(".")
        changes.setdefault(group, {})[field] = value
    if options.members is not None:
        changes.setdefault("training", {})["ensemble_seeds"] = options.members
    parameters = Parameters.model_validate(changes)
    for cohort, published in PUBLISHED.items():
        started = time.process_time()
        fitted, held, outcomes, training = fit(options.folder, cohort, parameters)
        known = np.isfinite(fitted.out_of_fold)
        inner = harrell(fitted.out_of_fold[known], training.time[known], training.event[known]).cindex
        line = f"{cohort:9s} inner {inner:.4f}  weights {fitted.stacking[0]:.2f} {fitted.stacking[1]:.2f}"
        if not options.inner:
            test = harrell(predict(fitted.model, held).risk, outcomes.time, outcomes.event).cindex
            line += f"  test {test:.4f}  DeepSurv published {published:.3f}"
        print(f"{line}  {time.process_time() - started:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
