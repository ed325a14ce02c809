"""Baselines: Cox on clinical covariates, ridge Cox on clinical covariates and expression, boosted Cox.

Tables and arrays in, tables out; no Dagster, no torch. Every constant and every penalty is fitted inside the training fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from groprog_assets.errors import CohortError, Problem
from groprog_assets.fitting.clinical_cox import fit_clinical_cox
from groprog_assets.fitting.covariates import Covariates, HasCovariates
from groprog_assets.fitting.dummy_coding import DummyCoding
from groprog_assets.fitting.ridge_cox import choose_penalties, fit_blocks
from groprog_assets.methods.evaluation.boosting import choose_rounds, fit_boosted_cox, predict_boosted_cox
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document
from groprog_kernels.cox import breslow_baseline, survival_probability

CLINICAL_PENALTIES = (100.0, 20.0, 5.0)
EXPRESSION_PENALTIES = (3e5, 1e5, 3e4, 1e4, 3e3, 1e3)


class Baselines(NamedTuple):
    """`table`: out_of_fold with `survival_<months>` columns. `summary`: the settings chosen for each model in each fold."""

    table: pd.DataFrame
    summary: Document


def baselines(
    records: pd.DataFrame,
    fields: pd.DataFrame,
    outcomes: pd.DataFrame,
    expression: Mapping[str, np.ndarray] | None,
    folds: pd.DataFrame,
    parameters: Parameters,
) -> Baselines:
    """Out-of-fold predictions of clinical_cox, penalised_cox (only with expression) and boosted_cox on the given folds.

    `records`, `fields`, `outcomes`, `folds` are the tables of those names; `expression` holds "values" (patients, genes), NaN
    where missing, "patient_id" and "gene". Patients without expression get the training mean of each gene. survival columns come
    from each fold's Breslow baseline. A training fold without events, or a patient without a record, is a CohortError.
    Source: docs/methods.md.
    """
    ordered = outcomes.set_index("patient_id")
    rows = records.set_index("patient_id")
    lost = [
        str(patient)
        for patient in folds["patient_id"].unique()
        if patient not in rows.index or patient not in ordered.index
    ]
    if lost:
        said = f"{count_of(len(lost), 'patient')} without a record or an outcome; first {lost[0]}"
        raise CohortError(
            Problem("folds, patient_id", said, "Folds name cohort patients.", "Make the folds from this cohort.")
        )
    omics = None if expression is None else _aligned(expression, list(ordered.index))
    times = np.array(parameters.evaluation.survival_months)
    place = {patient: row for row, patient in enumerate(ordered.index)}
    covariates = Covariates.from_columns(rows.loc[ordered.index].reset_index(), fields)
    time, event = ordered["time"].to_numpy(dtype=np.float64), ordered["event"].to_numpy(dtype=bool)
    parts: list[pd.DataFrame] = []
    chosen: dict[str, list[Document]] = {}
    for key, tested in folds.groupby(["repeat", "fold"], sort=True):
        repeat, fold = (int(number) for number in np.asarray(key))
        test = np.array([place[patient] for patient in tested["patient_id"]])
        others = folds.loc[(folds["repeat"] == repeat) & (folds["fold"] != fold), "patient_id"]
        train = np.array([place[patient] for patient in others])
        if not event[train].any():
            problem = Problem(
                f"repeat {repeat}, fold {fold}",
                "no event among its training patients",
                "A fit needs one.",
                "Use fewer folds.",
            )
            raise CohortError(problem)
        random = np.random.default_rng([parameters.training.seed, repeat, fold])
        # Threads of the linear algebra library cost more than they bring on matrices of a few hundred rows.
        with threadpool_limits(1):
            found = _fold(covariates, omics, time, event, train, parameters, random)
        for model, (risk, choice) in found.items():
            baseline = breslow_baseline(risk[train], time[train], event[train])
            survival = survival_probability(baseline, risk[test], times)
            columns = {f"survival_{t:g}": survival[:, k] for k, t in enumerate(times)}
            ids = ordered.index[test]
            parts.append(
                pd.DataFrame(
                    {"model": model, "repeat": repeat, "fold": fold, "patient_id": ids, "risk": risk[test], **columns}
                )
            )
            chosen.setdefault(model, []).append({"repeat": repeat, "fold": fold, **choice})
    table = conform(pd.concat(parts).sort_values(["model", "repeat", "patient_id"]), "out_of_fold")
    return Baselines(
        table, {"models": chosen, "survival_months": times.tolist(), "genes": 0 if omics is None else omics.shape[1]}
    )


def _fold(
    covariates: Covariates,
    omics: np.ndarray | None,
    time: np.ndarray,
    event: np.ndarray,
    train: np.ndarray,
    parameters: Parameters,
    random: np.random.Generator,
) -> dict[str, tuple[np.ndarray, Document]]:
    """{model: (risk of every patient, chosen settings)}; all constants come from `train`."""
    training = covariates.take(train)
    data = (time[train], event[train])
    cox = fit_clinical_cox(training, *data, dummy_coding(training, parameters), random)
    clinic, inner = cox.coding.transform(covariates), cox.inner
    effects = {name: round(float(value), 6) for name, value in zip(cox.coding.names, cox.coefficients)}
    chosen = {"clinical_penalty": cox.penalty, "log_hazard_ratio": effects}
    found: dict[str, tuple[np.ndarray, Document]] = {"clinical_cox": (clinic @ cox.coefficients, chosen)}
    if omics is not None:
        genes = _components(omics, train)
        grid: list[tuple[float, ...]] = [(c, g) for g in EXPRESSION_PENALTIES for c in CLINICAL_PENALTIES]
        choice = choose_penalties([clinic[train], genes[train]], *data, grid, inner)
        beta = fit_blocks([clinic[train], genes[train]], *data, choice.penalties)
        penalties = {"clinical_penalty": choice.penalties[0], "expression_penalty": choice.penalties[1]}
        found["penalised_cox"] = (np.hstack([clinic, genes]) @ beta, penalties)
    rounds = choose_rounds(clinic[train], *data, inner)
    boosted = fit_boosted_cox(clinic[train], *data, rounds)
    found["boosted_cox"] = (predict_boosted_cox(boosted, clinic), {"rounds": rounds})
    return found


def dummy_coding(training: HasCovariates, parameters: Parameters) -> DummyCoding:
    """Covariates of the baselines, with constants from the `training` patients; late fields are left out, as in the model."""
    return DummyCoding.fit(training, parameters.cohort.maximum_missing_flag, parameters.cohort.landmark_days)


def _components(values: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Genes (n, k) standardised by mean and SD of the training fold; rotated when there are more genes than patients.

    The rotation to the span of the training patients does not change a ridge penalty. Missing values become the mean.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        known = np.isfinite(values[train])
        count = np.maximum(known.sum(axis=0), 1)
        centre = np.where(known, values[train], 0.0).sum(axis=0) / count
        spread = np.sqrt(np.where(known, (values[train] - centre) ** 2, 0.0).sum(axis=0) / count)
        scaled = (values - centre) / spread
    # A gene that hardly varies in training can put a new patient hundreds of SD away; five is as far as one may be.
    scaled = np.clip(np.where(np.isfinite(scaled), scaled, 0.0), -5.0, 5.0)[:, spread > 0]
    if scaled.shape[1] <= len(train):
        return scaled
    size, vectors = np.linalg.eigh(scaled[train] @ scaled[train].T)
    keep = size > size[-1] * 1e-10
    return scaled @ (scaled[train].T @ (vectors[:, keep] / np.sqrt(size[keep])))


def _aligned(expression: Mapping[str, np.ndarray], patients: list[str]) -> np.ndarray:
    row = {str(patient): k for k, patient in enumerate(np.asarray(expression["patient_id"]))}
    values = np.asarray(expression["values"], dtype=np.float64)
    out = np.full((len(patients), values.shape[1]), np.nan)
    for k, patient in enumerate(patients):
        if str(patient) in row:
            out[k] = values[row[str(patient)]]
    return out
