"""How often the leak guard speaks on real cohorts: every column it names, by rule, and the seconds it takes.

python -m benchmarks.leak_guard [STUDY.yaml | COHORT.csv | SURVSET_FOLDER ...]

A study is read as the product reads it, with its expression. A CSV has patient_id, time, event and covariates named x*. A folder
is where SurvSet was installed (see benchmarks.survset): all its cohorts without time-varying columns, no patient left out. Five
folds stratified by event; thresholds as shipped.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from benchmarks.survset import TableUnpickler, read_cohort
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.leakage import find_leaks
from groprog_assets.prognosis.model_columns import columns
from groprog_assets.study.parameters import CohortParameters


def of_study(path: Path) -> tuple[ModelInputs, Outcomes]:
    """Inputs and outcomes of a study's cohort."""
    from groprog_assets.methods.cohort.clinical_records import read_clinical
    from groprog_assets.methods.cohort.cohort import assemble_cohort
    from groprog_assets.methods.cohort.patient_expression import read_expression
    from groprog_assets.study.check import load_study

    study = load_study(path)
    own, settings = study.patients, study.parameters.cohort
    read = read_clinical(own, settings)
    expression = read_expression(own, read.records["patient_id"].tolist())
    made = assemble_cohort(read.records, read.outcomes, read.fields, read.exclusions, expression, own, settings)
    inputs = ModelInputs.from_columns(columns(made.records), columns(made.fields), expression)
    return inputs, Outcomes(made.outcomes["time"].to_numpy(), made.outcomes["event"].to_numpy())


def of_table(path: Path) -> tuple[ModelInputs, Outcomes]:
    """Inputs and outcomes of a CSV with columns patient_id, time, event and x*."""
    table = pd.read_csv(path)
    names = [name for name in map(str, table.columns) if name.startswith("x")]
    rows = np.array([f"row{row}" for row in range(len(table))])
    inputs = ModelInputs(
        rows, tuple(FieldSpec(name) for name in names), {name: table[name].to_numpy() for name in names}
    )
    return inputs, Outcomes(table["time"].to_numpy(np.float64), table["event"].to_numpy())


def report(name: str, inputs: ModelInputs, outcomes: Outcomes) -> int:
    """Print what the guard says of one cohort; how many columns it names."""
    fold = stratified_folds(outcomes.event, 5, np.random.default_rng(0))
    rows = np.arange(len(outcomes))
    folds = [Fold(0, part, rows[fold != part], rows[fold == part]) for part in range(5)]
    settings, started = CohortParameters(), process_time()
    found = find_leaks(inputs, outcomes, folds, settings.leak_concordance, parameters=settings)
    spent = process_time() - started
    said = "; ".join(f"{leak.field} ({leak.rule}): {leak.reason}" for leak in found) or "nothing"
    fields, genes = len(inputs.fields), len(inputs.genes)
    print(
        f"{name:20s}{len(inputs):6d} patients {fields:3d} fields {genes:6d} genes {spent:5.1f} CPU s  {said}",
        flush=True,
    )
    return len(found)


def main() -> None:
    """Every cohort of the command line, one line each."""
    cohorts = named = 0
    for path in map(Path, sys.argv[1:]):
        if path.suffix == ".yaml":
            named += report(path.parent.name, *of_study(path)) > 0
        elif path.suffix == ".csv":
            named += report(path.parent.name, *of_table(path)) > 0
        else:
            folder = path / "SurvSet" / "resources" / "pickles"
            listed = pd.read_csv(folder / "df_ds.csv")
            for name in listed[~listed["is_td"]].sort_values("n")["ds"]:
                with open(folder / f"{name}.pickle", "rb") as file:
                    named += report(str(name), *read_cohort(TableUnpickler(file).load())[:2]) > 0
                cohorts += 1
            continue
        cohorts += 1
    print(f"{cohorts} cohorts, a column named in {named}")


if __name__ == "__main__":
    main()
