"""The model, untouched, on the public cohorts of SurvSet beside the product's baselines: Harrell C and C_IPCW on the same folds.

python -m benchmarks.survset FOLDER [--patients 2500] [--jobs 2] [--rows-until 700] [--only NAME ...] [--rows FILE]

FOLDER is where `pip install --no-deps --target FOLDER SurvSet` put the data (doi:10.48550/arXiv.2203.03094); only its data are
read. Every data set without time-varying columns takes part; a larger one by a random subset of --patients. Five folds stratified
by event, the defaults of parameters.py. Where a data set tells several causes apart (follic: 1 relapse, 2 death without relapse)
the first is the event and the others end follow-up, as a cause-specific hazard has it; event_code and competing say so. More than
400 numbers a patient are read as expression, fewer as clinical fields. --rows-until N: data sets of at most N rows. Each
cohort's row is printed as it ends and appended to --rows FILE, whose cohorts are not run again, so that a run that was stopped
goes on. All are written to benchmarks/survset.tsv (with --rows-until: survset_small.tsv); cohorts that chose a setting are
marked and left out of the means.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import stats

from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.methods.evaluation.baselines import baselines
from groprog_assets.model.cross_validation import fit_model
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import concordance, harrell

FOLDS, SEED = 5, 20220303
EVENT_CODE = 1
"""The event of interest; SurvSet keeps the codes of its sources, where it comes first."""
EXPRESSION_ABOVE = 400
# They are the cohorts of published_splits_search.tsv under SurvSet's names.
CHOSE_SETTINGS = ("whas500", "veteran", "GBSG2", "cancer", "actg", "flchain", "rott2")
MODELS = ("groprog", "clinical_cox", "penalised_cox", "boosted_cox")
IN_TABLES = {
    "builtins.slice",
    "numpy.dtype",
    "numpy.ndarray",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.numeric._frombuffer",
    "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked",
    "pandas._libs.internals._unpickle_block",
    "pandas.core.arrays.boolean.BooleanArray",
    "pandas.core.arrays.boolean.BooleanDtype",
    "pandas.core.arrays.categorical.Categorical",
    "pandas.core.arrays.integer.Int32Dtype",
    "pandas.core.arrays.integer.IntegerArray",
    "pandas.core.arrays.string_.StringArray",
    "pandas.core.arrays.string_.StringDtype",
    "pandas.core.dtypes.dtypes.CategoricalDtype",
    "pandas.core.frame.DataFrame",
    "pandas.core.indexes.base.Index",
    "pandas.core.indexes.base._new_Index",
    "pandas.core.indexes.range.RangeIndex",
    "pandas.core.internals.managers.BlockManager",
}
COLUMNS = [
    "cohort",
    "chose_settings",
    "patients",
    "events",
    "event_code",
    "competing",
    "fields",
    "genes",
    *(f"{model}_{metric}" for model in MODELS for metric in ("harrell", "c_ipcw")),
    "cpu_seconds",
]


class TableUnpickler(pickle.Unpickler):
    """Reads pickled tables, and nothing that could run code: a name outside IN_TABLES ends the reading."""

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in IN_TABLES:
            raise pickle.UnpicklingError(f"{module}.{name}: no part of a table; install SurvSet from the package index")
        return super().find_class(module, name)


class Cohort(NamedTuple):
    """inputs, outcomes of the event of interest; event_code: its code in the data set; competing: other events (n), which end
    follow-up and are censored."""

    inputs: ModelInputs
    outcomes: Outcomes
    event_code: int
    competing: int


def read_cohort(table: pd.DataFrame) -> Cohort:
    """A SurvSet table: time, event, num_* and fac_* columns; rows without follow-up are left out.

    event is 0 for censored and 1 for the event of interest; higher codes are competing events. Raises ValueError for other codes.
    """
    table = table[table["time"] > 0].reset_index(drop=True)
    numeric = [name for name in map(str, table.columns) if name.startswith("num_")]
    factors = [name for name in map(str, table.columns) if name.startswith("fac_")]
    genes = numeric if len(numeric) > EXPRESSION_ABOVE else []
    fields = [FieldSpec(name) for name in numeric if not genes]
    fields += [FieldSpec(name, "categorical") for name in factors]
    columns = {name: table[name].to_numpy(dtype=object) for name in numeric if not genes}
    for name in factors:
        told = table[name].astype(object)
        columns[name] = told.where(told.notna(), "").astype(str).to_numpy(dtype=object)
    patients = np.array([f"row{row}" for row in range(len(table))])
    expression = None
    if genes:
        expression = {
            "values": table[genes].to_numpy(np.float32),
            "patient_id": patients,
            "gene": np.array(genes),
        }
    inputs = ModelInputs.from_columns({"patient_id": patients, **columns}, fields, expression)
    code = pd.to_numeric(table["event"]).to_numpy(np.float64)
    if not np.isin(code, np.arange(100)).all():
        raise ValueError(f"event codes are 0, 1 and above, whole; here {sorted(set(code.tolist()))[:5]}")
    outcomes = Outcomes(table["time"].to_numpy(np.float64), code == EVENT_CODE)
    return Cohort(inputs, outcomes, EVENT_CODE, int((code > EVENT_CODE).sum()))


def baseline_risks(
    inputs: ModelInputs, outcomes: Outcomes, fold: np.ndarray, parameters: Parameters
) -> dict[str, np.ndarray]:
    """{baseline: out-of-fold risk (n,)} of the product's baselines on folds (n,); those that need what is absent are missing."""
    records = pd.DataFrame({"patient_id": inputs.patient_id, **inputs.covariates})
    fields = pd.DataFrame(
        {
            "field": [spec.name for spec in inputs.fields],
            "kind": [spec.kind for spec in inputs.fields],
            "levels": [json.dumps(list(spec.levels)) for spec in inputs.fields],
            "used": True,
        }
    )
    told = pd.DataFrame({"patient_id": inputs.patient_id, "time": outcomes.time, "event": outcomes.event})
    expression = None
    if inputs.expression is not None:
        expression = {
            "values": inputs.expression,
            "patient_id": inputs.patient_id,
            "gene": np.array(inputs.genes),
        }
    folds = pd.DataFrame({"repeat": 0, "fold": fold, "patient_id": inputs.patient_id})
    table = baselines(records, fields, told, expression, folds, parameters).table
    return {
        str(model): rows.set_index("patient_id")["risk"].loc[inputs.patient_id].to_numpy()
        for model, rows in table.groupby("model")
    }


def named_cohort(folder: Path, name: str, most: int, seed: int) -> Cohort:
    """A cohort of SurvSet; of a larger one, `most` patients at random."""
    with (folder / "SurvSet" / "resources" / "pickles" / f"{name}.pickle").open("rb") as handle:
        table = TableUnpickler(handle).load()
    return read_cohort(table.sample(most, random_state=seed) if len(table) > most else table)


def measure(name: str, folder: Path, most: int) -> dict[str, Any]:
    """A row of COLUMNS for one cohort: means over the folds."""
    torch.set_num_threads(1)
    started = time.process_time()
    cohort = named_cohort(folder, name, most, SEED)
    inputs, outcomes = cohort.inputs, cohort.outcomes
    parameters = Parameters()
    fold = stratified_folds(outcomes.event, FOLDS, np.random.default_rng([SEED, FOLDS]))
    risks = baseline_risks(inputs, outcomes, fold, parameters) if inputs.fields else {}
    risks["groprog"] = np.empty(len(inputs))
    for number in range(FOLDS):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        fitted = fit_model(inputs.take(train), outcomes.take(train), parameters, 0, number)
        risks["groprog"][test] = predict(fitted.model, inputs.take(test)).risk
    row: dict[str, Any] = {
        "cohort": name,
        "chose_settings": name in CHOSE_SETTINGS,
        "patients": len(inputs),
        "events": int(outcomes.event.sum()),
        "event_code": cohort.event_code,
        "competing": cohort.competing,
        "fields": len(inputs.fields),
        "genes": len(inputs.genes),
    }
    tau = float(np.quantile(outcomes.time[outcomes.event], 0.9))
    for model, risk in risks.items():
        found = []
        for number in range(FOLDS):
            told, asked = outcomes.take(np.flatnonzero(fold != number)), outcomes.take(np.flatnonzero(fold == number))
            held = risk[fold == number]
            weighed = concordance(
                held,
                asked.time,
                asked.event,
                train_time=told.time,
                train_event=told.event,
                tau=tau,
                unsupported="drop",
            )
            found.append((harrell(held, asked.time, asked.event).cindex, weighed.cindex))
        row[f"{model}_harrell"], row[f"{model}_c_ipcw"] = np.mean(found, axis=0)
    return row | {"cpu_seconds": time.process_time() - started}


def summary(rows: pd.DataFrame) -> list[str]:
    """A line a baseline and metric: mean difference of the model over cohorts that chose nothing, t interval, cohorts won."""
    fresh = rows[~rows["chose_settings"].astype(bool)]
    lines = []
    for model in MODELS[1:]:
        for metric in ("harrell", "c_ipcw"):
            difference = (fresh[f"groprog_{metric}"] - fresh[f"{model}_{metric}"]).dropna()
            if len(difference) < 2:
                continue
            mean, error = difference.mean(), stats.sem(difference)
            low, high = stats.t.interval(0.95, len(difference) - 1, mean, error)
            won = int((difference > 0).sum())
            lines.append(
                f"groprog less {model:14s} {metric:8s} {mean:+.4f} ({low:+.4f} to {high:+.4f})"
                f"  median {difference.median():+.4f}  above on {won} of {len(difference)}"
            )
    return lines


def main() -> None:
    """Measure every cohort, in the order of their sizes, and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=2500)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--rows-until", type=int, default=None, help="leave out data sets with more rows than this")
    parser.add_argument("--only", nargs="+", default=None)
    parser.add_argument(
        "--rows", type=Path, default=None, help="a file of rows, one JSON object a line, to which new ones are added"
    )
    options = parser.parse_args()
    listed = pd.read_csv(options.folder / "SurvSet" / "resources" / "pickles" / "df_ds.csv")
    within = listed["n"] <= (options.rows_until or listed["n"].max())
    names = listed[~listed["is_td"] & within].sort_values("n")["ds"].tolist()
    names = names if options.only is None else options.only
    task = partial(measure, folder=options.folder, most=options.patients)
    rows, refused = [], []
    if options.rows is not None and options.rows.exists():
        rows = [json.loads(line) for line in options.rows.read_text().splitlines()]
    had = {row["cohort"] for row in rows}
    names = [name for name in names if name not in had]
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        waiting = {pool.submit(task, name): name for name in names}
        for done in as_completed(waiting):
            error = done.exception()
            if error is not None:
                refused.append(f"{waiting[done]}: {error}")
                print(f"refused {refused[-1]}", flush=True)
                continue
            row = done.result()
            rows.append(row)
            if options.rows is not None:
                with options.rows.open("a") as held:
                    held.write(json.dumps(row) + "\n")
            shown = "  ".join(
                f"{model} {row[f'{model}_harrell']:.3f} {row[f'{model}_c_ipcw']:.3f}"
                for model in MODELS
                if f"{model}_harrell" in row
            )
            told = f"{row['events']:5d} events of code {row['event_code']}, {row['competing']} competing"
            print(f"{row['cohort']:18s}{row['patients']:6d} patients {told}  {shown}", flush=True)
    table = pd.DataFrame(rows).reindex(columns=COLUMNS).sort_values(["patients", "cohort"])
    if options.only is None:
        stem = "survset" if options.rows_until is None else "survset_small"
        table.to_csv(Path(__file__).with_name(f"{stem}.tsv"), sep="\t", index=False, float_format="%.4f")
    print("\n".join(summary(table)))
    print(f"{len(rows)} cohorts, {len(refused)} refused, {table['cpu_seconds'].sum():.0f} CPU s")


if __name__ == "__main__":
    main()
