"""The gain from other cohorts: each of six TCGA cohorts as the target with the other five as sources.

python -m benchmarks.transfer FOLDER [--recipe earn|share] [--only NAME ...] [--repeats 1] [--whole]

FOLDER holds tcga_<name>_clinical.parquet (os_days, os_event, age, male, stage, ...) and tcga_<name>_omics.parquet (GENE_rnaseq,
z-scores within the cohort). Fields: age, sex, stage. Five folds stratified by event; Harrell's C on each test fold of the linear
path without sources, with them, and with the placebo (their weights of genes permuted), for 50, 100, 200 and all training
patients. --whole fits the whole model on all training patients, with and without sources. Means over folds are averaged over
cohorts, with t intervals over cohorts. Rows are written to benchmarks/transfer.tsv.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy import stats

from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.model.cross_validation import fit_model
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.learning_curve import PLACEBO, PLAIN, SOURCES, learning_curve
from groprog_assets.model.predict import predict
from groprog_assets.model.source_fits import Source, fit_sources
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell

NAMES = ("coadread", "kirp", "lusc", "paad", "skcm", "stad")
FOLDS, SEED, DAYS_PER_MONTH = 5, 20261130, 30.4375
STAGES = ("1", "2", "3", "4")
FIELDS = (FieldSpec("age", unit="years"), FieldSpec("sex", "categorical"), FieldSpec("stage", "ordinal", levels=STAGES))
EXPRESSION = "_rnaseq"
WHOLE = "whole_"


def read_source(folder: Path, name: str) -> Source:
    """A cohort: age, sex and stage, its expression, overall survival in months. Patients without follow-up are left out."""
    clinical = pd.read_parquet(folder / f"tcga_{name}_clinical.parquet")
    omics = pd.read_parquet(folder / f"tcga_{name}_omics.parquet")
    known = (clinical["os_days"] > 0) & clinical["os_event"].notna()
    clinical, omics = clinical[known], omics[known.to_numpy()]
    genes = sorted(column for column in omics.columns if column.endswith(EXPRESSION))
    male, stage = clinical["male"], clinical["stage"]
    columns = {
        "age": clinical["age"].to_numpy(float),
        "sex": np.where(male.isna(), "", np.where(male == 1, "male", "female")),
        "stage": np.where(stage.isna(), "", stage.fillna(0).astype(int).astype(str)),
    }
    names = tuple(gene.removesuffix(EXPRESSION) for gene in genes)
    inputs = ModelInputs(clinical.index.to_numpy(str), FIELDS, columns, omics[genes].to_numpy(np.float32), names)
    outcomes = Outcomes(clinical["os_days"].to_numpy(float) / DAYS_PER_MONTH, clinical["os_event"].to_numpy() == 1)
    return Source(name, inputs, outcomes)


def folds_of(outcomes: Outcomes, repeats: int) -> list[Fold]:
    """Five folds of each repeat, stratified by event."""
    everyone, found = np.arange(len(outcomes)), []
    for repeat in range(repeats):
        dealt = stratified_folds(outcomes.event, FOLDS, np.random.default_rng([SEED, repeat]))
        found += [Fold(repeat, number, everyone[dealt != number], everyone[dealt == number]) for number in range(FOLDS)]
    return found


def whole_model(inputs: ModelInputs, outcomes: Outcomes, folds: list[Fold], parameters: Parameters) -> list[dict]:
    """Rows like those of the learning curve, of the whole model on all training patients; and what it took from the sources."""
    rows = []
    for fold in folds:
        for variant, sources in ((PLAIN, None), (SOURCES, inputs.sources)):
            given = replace(inputs, sources=sources).take(fold.train)
            fitted = fit_model(given, outcomes.take(fold.train), parameters, fold.repeat, fold.fold)
            judged, risk = outcomes.take(fold.test), predict(fitted.model, inputs.take(fold.test)).risk
            cindex = float(harrell(risk, judged.time, judged.event).cindex)
            row = {"repeat": fold.repeat, "fold": fold.fold, "patients": 0, "trained_on": fold.train.size}
            taken = fitted.transferred or {"dropped": (), "towards": {}, "share": {}}
            told = {
                "dropped": " ".join(taken["dropped"]),
                **{f"rho_{name}": rho for name, rho in taken["towards"].items()},
            }
            rows.append({**row, "variant": WHOLE + variant, "cindex": cindex, **told, **taken["share"]})
    return rows


def gains(rows: pd.DataFrame) -> list[str]:
    """A line for each number of training patients and variant: mean gain over cohorts with its t interval, and each cohort's."""
    lines = []
    means = rows.groupby(["patients", "variant", "cohort"])["cindex"].mean()
    for patients in (*sorted(set(rows["patients"]) - {0}), 0):
        for variant, against in ((SOURCES, PLAIN), (PLACEBO, PLAIN), (WHOLE + SOURCES, WHOLE + PLAIN)):
            if (patients, variant) not in means.index.droplevel("cohort"):
                continue
            plain = means.loc[patients, against]
            gain = means.loc[patients, variant] - plain
            low, high = stats.t.interval(0.95, len(gain) - 1, gain.mean(), stats.sem(gain)) if len(gain) > 1 else (0, 0)
            each = " ".join(f"{name} {value:+.3f}" for name, value in gain.items())
            lines.append(
                f"{patients or 'all':>4} {variant:18s} {plain.mean():.3f} {gain.mean():+.4f} ({low:+.4f} to {high:+.4f})  {each}"
            )
    return lines


def main() -> None:
    """Measure the targets, print the gains and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipe", choices=("earn", "share"), default="earn")
    parser.add_argument("--only", nargs="+", default=list(NAMES), choices=NAMES)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    parameters = Parameters.model_validate({"transfer": {"recipe": options.recipe}})
    cohorts = {name: read_source(options.folder, name) for name in NAMES}
    tables = []
    for name in options.only:
        started, target = time.process_time(), cohorts[name]
        others = [cohorts[other] for other in NAMES if other != name]
        inputs = replace(target.inputs, sources=fit_sources(others, FIELDS, target.inputs.genes, parameters))
        fitted = time.process_time() - started
        folds = folds_of(target.outcomes, options.repeats)
        rows: list[dict] = [dict(row) for row in learning_curve(inputs, target.outcomes, folds, parameters)]
        if options.whole:
            rows += whole_model(inputs, target.outcomes, folds, parameters)
        tables.append(pd.DataFrame(rows).assign(cohort=name))
        used = time.process_time() - started
        print(f"{name}: sources fitted in {fitted:.0f}, all in {used:.0f} CPU s", flush=True)
        print("\n".join(gains(tables[-1])), flush=True)
    table = pd.concat(tables, ignore_index=True)
    if set(options.only) == set(NAMES):
        path = Path(__file__).with_suffix(".tsv")
        table.to_csv(path, sep="\t", index=False, float_format="%.4f")
    print("\n".join(gains(table)))


if __name__ == "__main__":
    main()
