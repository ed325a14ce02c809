"""The anchor with the best C_IPCW on TCGA-LIHC, built again, beside the model on the same splits, with the corrected difference.

python -m benchmarks.lihc_anchor FOLDER [--splits N] [--anchor-columns]

FOLDER and columns as for benchmarks.lihc. The anchor: one ridge Cox model of the clinical columns, straight lines, and of the
leading 64, 48 and 16 directions of expression, copy number and mutations; its penalty by inner folds as the model's own. What its
published row leaves open (scaling of the three blocks) is settled here as for the model's expression.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np

from benchmarks.lihc import read_cohort, scores
from groprog_assets.fitting.clinical_encoder import ClinicalEncoder
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.methods.evaluation.bootstrap import corrected_interval
from groprog_assets.model.cross_validation import fit_model
from groprog_assets.model.encoders import ExpressionEncoder
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.linear import choose_branch
from groprog_assets.model.predict import predict
from groprog_assets.study.parameters import Parameters

BLOCKS = {"data_cna.txt.gz": 48, "data_mutation_binary.txt.gz": 16}
EXPRESSION = 64
INNER_FOLDS, DIVISIONS = 5, 3


def read_matrix(path: Path, patients: np.ndarray) -> np.ndarray:
    """(n, genes) of a cBioPortal matrix; patients or values it lacks are 0."""
    with gzip.open(path, "rt") as handle:
        reader = csv.reader(handle, delimiter="\t")
        place = {name: column for column, name in enumerate(next(reader))}
        rows = [[float(value) if value not in ("", "NA") else 0.0 for value in row[1:]] for row in reader]
    table = np.array(rows).T
    return np.array([table[place[name] - 1] if name in place else np.zeros(table.shape[1]) for name in patients])


def directions(train: np.ndarray, test: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Leading directions of train (n, genes), the first of unit variance, and test on them."""
    centre = train.mean(axis=0)
    loadings = np.linalg.svd(train - centre, full_matrices=False)[2][:count].T
    loadings /= ((train - centre) @ loadings[:, 0]).std()
    return (train - centre) @ loadings, (test - centre) @ loadings


def anchor_risk(inputs: ModelInputs, outcomes: Outcomes, others: list[np.ndarray], fold: Fold) -> np.ndarray:
    """Risk of the fold's test patients by the anchor fitted on its training patients."""
    parameters = Parameters()
    train, test, told = inputs.take(fold.train), inputs.take(fold.test), outcomes.take(fold.train)
    clinical = ClinicalEncoder.fit(train, parameters.cohort.maximum_missing_flag)
    width = len(clinical.design_fields()) - clinical.curve_columns()
    expression = ExpressionEncoder.fit(train, EXPRESSION, len(train))
    pairs = [tuple(clinical.transform(part).design[:, :width] for part in (train, test))]
    pairs.append(tuple(expression.transform(part).components.astype(float) for part in (train, test)))
    for matrix, count in zip(others, BLOCKS.values(), strict=True):
        pairs.append(directions(matrix[fold.train], matrix[fold.test], count))
    fitted, held = (np.hstack(parts) for parts in zip(*pairs, strict=True))
    seed = fold.repeat * 100 + fold.fold
    draws = [np.random.default_rng([seed + 1000 * number, INNER_FOLDS]) for number in range(DIVISIONS)]
    divisions = [stratified_folds(told.event, INNER_FOLDS, draw) for draw in draws]
    grid = tuple(sorted(parameters.linear_path.penalties))
    used = np.arange(fitted.shape[1])
    return held @ choose_branch("anchor", fitted, used, told.time, told.event, divisions, grid).whole


def main() -> None:
    """Print mean scores of both and the differences with Nadeau and Bengio's intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=25)
    parser.add_argument("--anchor-columns", action="store_true", help="leave N and M of TNM out")
    options = parser.parse_args()
    inputs, outcomes, folds = read_cohort(options.folder, options.anchor_columns)
    others = [read_matrix(options.folder / name, inputs.patient_id) for name in BLOCKS]
    rows = []
    for fold in folds[: options.splits]:
        train, test = outcomes.take(fold.train), outcomes.take(fold.test)
        fitted = fit_model(inputs.take(fold.train), train, Parameters(), fold.repeat, fold.fold)
        model = predict(fitted.model, inputs.take(fold.test)).risk
        anchor = anchor_risk(inputs, outcomes, others, fold)
        rows.append([scores(model, test, train), scores(anchor, test, train)])
        print(f"repeat {fold.repeat} fold {fold.fold}  model {rows[-1][0]}  anchor {rows[-1][1]}", flush=True)
    found = np.array(rows)
    share = len(folds[0].test) / len(folds[0].train)
    for column, metric in enumerate(("Harrell C", "C_IPCW(5 y)")):
        model, anchor = found[:, :, column].T
        error, interval, _ = corrected_interval(model - anchor, share)
        print(
            f"{metric}: model {model.mean():.4f}, anchor {anchor.mean():.4f}, difference {(model - anchor).mean():.4f} "
            f"({interval.lower:.4f} to {interval.upper:.4f}), corrected standard error {error:.4f}"
        )


if __name__ == "__main__":
    main()
