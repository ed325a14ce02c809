"""Metrics of several models on test folds, with bootstrap resamples of their mean.

Tables and arrays in, arrays out; no Dagster, no torch. Conventions: docs/model.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.evaluation.bootstrap import PairRows, resampled_ratio
from groprog_kernels.auc import cumulative_dynamic_auc
from groprog_kernels.brier import brier_terms
from groprog_kernels.concordance import concordance, inverse_censoring_weights
from groprog_kernels.risk_sets import RiskSets, risk_sets


class HeldOutFold(NamedTuple):
    """One test fold, its patients by time. m = models, n = patients; `row` are rows of the cohort, `kept` those of the
    resamples."""

    repeat: int
    fold: int
    sets: RiskSets
    row: np.ndarray
    train_time: np.ndarray
    train_event: np.ndarray
    risk: np.ndarray
    survival: np.ndarray


class FoldMetric(NamedTuple):
    """Values by fold (models, folds) and resamples of their mean (models, samples)."""

    by_fold: np.ndarray
    resampled: np.ndarray


def held_out_folds(
    out_of_fold: pd.DataFrame,
    cohort: pd.DataFrame,
    folds: pd.DataFrame,
    models: list[str],
    columns: list[str],
    censoring: pd.DataFrame | None = None,
) -> Iterator[HeldOutFold]:
    """The test folds of table `folds` in order. `cohort`: outcomes indexed by patient_id. `columns`: survival columns.

    G comes from the patients of the repeat's other folds, or from the outcomes `censoring` where they are given.
    """
    place = {patient: row for row, patient in enumerate(cohort.index)}
    time, event = cohort["time"].to_numpy(dtype=np.float64), cohort["event"].to_numpy(dtype=bool)
    keyed = {model: out_of_fold[out_of_fold["model"] == model].set_index(["repeat", "patient_id"]) for model in models}
    for key, tested in folds.groupby(["repeat", "fold"], sort=True):
        repeat, fold = (int(number) for number in np.asarray(key))
        rows = np.array([place[patient] for patient in tested["patient_id"]])
        sets = risk_sets(time[rows], event[rows])
        patients = tested["patient_id"].to_numpy()[sets.order]
        keys = [(repeat, patient) for patient in patients]
        others = folds.loc[(folds["repeat"] == repeat) & (folds["fold"] != fold), "patient_id"]
        train = np.array([place[patient] for patient in others], dtype=np.int64)
        followed, ended = (time[train], event[train]) if censoring is None else _follow_up(censoring)
        held = [keyed[model].loc[keys] for model in models]
        yield HeldOutFold(
            repeat,
            fold,
            sets._replace(order=np.arange(len(rows))),
            rows[sets.order],
            followed,
            ended,
            np.array([frame["risk"].to_numpy(dtype=np.float64) for frame in held]),
            np.array([frame[columns].to_numpy(dtype=np.float64) for frame in held]),
        )


def _follow_up(outcomes: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return outcomes["time"].to_numpy(dtype=np.float64), outcomes["event"].to_numpy(dtype=bool)


def fold_concordance(
    folds: list[HeldOutFold], drawn: np.ndarray, tau: float | None, power: int, ties: str
) -> FoldMetric:
    """Concordance by fold: events before `tau` (None: all), weights 1 / G^`power`, pairs by `ties` as in kernels.concordance."""
    values, resampled = [], []
    for fold in folds:
        weight = inverse_censoring_weights(fold.sets, fold.train_time, fold.train_event, "t", power)
        first = fold.sets.later if ties == "strict" else fold.sets.comparable
        counted = fold.sets.event & (weight > 0) & (first < len(first))
        if tau is not None:
            counted &= fold.sets.time < tau
        values.append(
            [
                concordance(
                    risk,
                    fold.sets.time,
                    fold.sets.event,
                    train_time=fold.train_time,
                    train_event=fold.train_event,
                    tau=tau,
                    ties="strict" if ties == "strict" else "comparable",
                    weight_power=power,
                    unsupported="drop",
                    sets=fold.sets,
                ).cindex
                for risk in fold.risk
            ]
        )
        at = np.flatnonzero(counted)
        resampled.append(resampled_ratio(PairRows(at, first[at], weight[at]), fold.risk, drawn[:, fold.row]))
    return FoldMetric(np.array(values).T, mean_over_folds(resampled))


def fold_auc(folds: list[HeldOutFold], drawn: np.ndarray, horizon: float) -> FoldMetric:
    """Cumulative/dynamic AUC at `horizon` months (eq. 16) by fold; nan in folds without cases or controls."""
    values, resampled = [], []
    for fold in folds:
        weight = inverse_censoring_weights(fold.sets, fold.train_time, fold.train_event, "t", 1)
        values.append([auc_at(fold, risk, np.array([horizon]))[0] for risk in fold.risk])
        at = np.flatnonzero(fold.sets.event & (fold.sets.time <= horizon))
        controls = int(np.searchsorted(fold.sets.time, horizon, side="right"))
        if not np.isfinite(values[-1]).all():
            at = at[:0]
        resampled.append(
            resampled_ratio(PairRows(at, np.full(len(at), controls), weight[at]), fold.risk, drawn[:, fold.row])
        )
    return FoldMetric(np.array(values).T, mean_over_folds(resampled))


def auc_at(fold: HeldOutFold, risk: np.ndarray, times: np.ndarray) -> np.ndarray:
    """AUC of one model's `risk` (n,) in a fold at `times` (m,) months: (m,), nan outside the support."""
    return cumulative_dynamic_auc(
        risk, fold.sets.time, fold.sets.event, times, train_time=fold.train_time, train_event=fold.train_event
    ).auc


def fold_brier(folds: list[HeldOutFold], drawn: np.ndarray, months: np.ndarray) -> FoldMetric:
    """Integrated Brier score by fold: trapezoid from month 0 over `months`, divided by the last that G supports."""
    values, resampled = [], []
    for fold in folds:
        terms = [
            brier_terms(
                survival,
                fold.sets.time,
                fold.sets.event,
                months,
                train_time=fold.train_time,
                train_event=fold.train_event,
            )
            for survival in fold.survival
        ]
        known = np.isfinite(terms[0].sum(axis=0))
        if not known.any():
            values.append([float("nan")] * len(terms))
            resampled.append(np.full((len(terms), len(drawn)), np.nan))
            continue
        times = np.r_[0.0, months[known]]  # at time 0 everybody survives and the score is 0
        ends = [np.pad(term[:, known], ((0, 0), (1, 0))) for term in terms]
        own = np.array([np.trapezoid(term, times, axis=1) / times[-1] for term in ends])
        values.append(own.mean(axis=1).tolist())
        sample = drawn[:, fold.row].astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            resampled.append(own @ sample.T / sample.sum(axis=1))
    return FoldMetric(np.array(values).T, mean_over_folds(resampled))


def mean_over_folds(resampled: list[np.ndarray]) -> np.ndarray:
    """Mean over folds (equal shapes), entries that are not finite left out; nan where all are."""
    stacked = np.array(resampled)
    known = np.isfinite(stacked)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, stacked, 0.0).sum(axis=0) / known.sum(axis=0)
