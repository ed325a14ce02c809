"""Leakage check of a molecular matrix: each row is tested against the outcome, with a bound that grows with their number.

Arrays in, findings out; for expression, mutations, copy number alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.leak_readings import average_ranks, column_ranks
from groprog_assets.model.leaking_times import time_alone
from groprog_kernels.concordance import harrell

ROWS_AT_ONCE = 1000
CANDIDATES = 50
"""Rows whose concordance is computed: those with the largest score statistic of a Cox model."""
CHANCE = 1e-3
"""Probability of one row among all being named by chance."""


class LeakingRow(NamedTuple):
    """A row of the matrix by its number, the area or concordance that it reaches, and the reason in words."""

    row: int
    value: float
    reason: str


def leaking_rows(
    values: np.ndarray,
    outcomes: Outcomes,
    most_area: float,
    most_concordance: float,
    reference: float,
    margin: float,
) -> list[LeakingRow]:
    """Rows of `values` (n patients, g rows; NaN missing) that tell who had the event or order the outcome as no gene does.

    event: the area of the row's values, of their distance from the median, or of which are missing, is above `most_area` and
    beyond what the best of all rows reaches by chance. order: among the CANDIDATES rows with the largest score statistic,
    Harrell C is above `most_concordance`, or its lower limit, the best of all rows allowed for, is above `reference`, that of
    the clinical model, by more than `margin`. time: the row goes with the follow-up of patients with and without the event
    (`leaking_times`).
    """
    measured = np.isfinite(values).any(axis=1)
    values, known = values[measured], outcomes.take(np.flatnonzero(measured))
    count = values.shape[1]
    if len(known) < 10 or not known.event.any() or known.event.all() or not count:
        return []
    limit = _normal_quantile(1 - CHANCE / (6 * count))
    found: dict[int, LeakingRow] = {}
    scores = np.zeros(count)
    residual = _martingale(known)
    for start in range(0, count, ROWS_AT_ONCE):
        block = np.asarray(values[:, start : start + ROWS_AT_ONCE], np.float64)
        scores[start : start + block.shape[1]] = np.abs(_correlation(block, residual))
        for how, areas, deviation in _areas(block, known.event):
            above = (areas > most_area) & (areas - 0.5 > limit * deviation)
            for row in np.flatnonzero(above):
                place, reached = start + int(row), float(areas[row])
                reason = f"{how} it tells who had the event with an area under the curve of {reached:.3f}, above {most_area:g}"
                found.setdefault(place, LeakingRow(place, reached, reason))
    for suspect in np.flatnonzero(_with_follow_up(values, known, limit)).tolist():
        if suspect not in found:
            reached, reason = time_alone(values[:, suspect].astype(np.float64), known)
            if reason:
                found[suspect] = LeakingRow(suspect, reached, reason)
    for row in np.argsort(-scores, kind="stable")[:CANDIDATES].tolist():
        if row in found:
            continue
        column = values[:, row]
        have = np.isfinite(column)
        if have.sum() < 10 or not known.event[have].any():
            continue
        counted = harrell(column[have].astype(np.float64), known.time[have], known.event[have])
        value = max(counted.cindex, 1 - counted.cindex)
        error = _concordance_error(known.event[have])
        if not np.isfinite(value):
            continue
        if value > most_concordance and value - 0.5 > limit * error:
            reason = f"alone it orders patients with C = {value:.3f}, above {most_concordance:g}"
            found[row] = LeakingRow(row, value, reason)
        elif value - limit * error > reference + margin:
            reason = f"alone it orders patients with C = {value:.3f}, the cross-validated clinical model with {reference:.3f}"
            found[row] = LeakingRow(row, value, reason)
    return [found[row] for row in sorted(found)]


def _with_follow_up(values: np.ndarray, known: Outcomes, limit: float) -> np.ndarray:
    """(g,) bool: rows whose ranks go with the follow-up of patients without the event beyond what the best of all reaches by
    chance; only these are looked at one by one."""
    kind = ~known.event
    if kind.sum() < 15:
        return np.zeros(values.shape[1], bool)
    time = average_ranks(known.time[kind])
    time = (time - time.mean()) / max(float(np.linalg.norm(time - time.mean())), 1e-12)
    bound = limit / np.sqrt(kind.sum() - 1)
    found = np.zeros(values.shape[1], bool)
    for start in range(0, values.shape[1], ROWS_AT_ONCE):
        block = np.asarray(values[kind, start : start + ROWS_AT_ONCE], np.float64)
        found[start : start + block.shape[1]] = np.abs(_correlation(block, time)) > bound
    return found


def _areas(block: np.ndarray, event: np.ndarray) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(how, area of each row turned the way it points, standard deviation of an uninformative row's) for three readings."""
    have = np.isfinite(block)
    with np.errstate(invalid="ignore"):
        middle = np.where(have.any(axis=0), _nanmedian(block), 0.0)
        distance = np.abs(block - middle)
    missing = (~have).astype(np.float64)
    everybody = np.ones_like(have)
    return [
        ("by its value", *_turned(block, have, event)),
        ("by its distance from the median", *_turned(distance, have, event)),
        ("by its missing values", *_turned(missing, everybody, event)),
    ]


def _turned(block: np.ndarray, have: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area and its null deviation by row, over the patients that have a value; 0.5 where one kind has none."""
    ranks = column_ranks(np.where(have, block, np.inf))
    happened = (have & event[:, None]).sum(axis=0).astype(np.float64)
    others = (have & ~event[:, None]).sum(axis=0).astype(np.float64)
    sums = np.where(have & event[:, None], ranks, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        areas = (sums - happened * (happened + 1) / 2) / (happened * others)
        deviation = np.sqrt((happened + others + 1) / (12 * happened * others))
    sound = (happened > 0) & (others > 0)
    return np.where(sound, np.maximum(areas, 1 - areas), 0.5), np.where(sound, deviation, np.inf)


def _nanmedian(block: np.ndarray) -> np.ndarray:
    """Median of each column's finite values, nan without any."""
    ordered = np.sort(block, axis=0)
    count = np.isfinite(block).sum(axis=0)
    low, high = np.maximum((count - 1) // 2, 0), count // 2
    columns = np.arange(block.shape[1])
    return (ordered[low, columns] + ordered[np.minimum(high, len(block) - 1), columns]) / 2


def _correlation(block: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Correlation of the ranks of each column with the residuals, missing values at the middle."""
    have = np.isfinite(block)
    ranks = np.where(have, column_ranks(np.where(have, block, np.inf)), 0.0)
    count = np.maximum(have.sum(axis=0), 1)
    centred = np.where(have, ranks - ranks.sum(axis=0) / count, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0))
    return np.where(spread > 0, centred.T @ residual / np.where(spread > 0, spread, 1.0), 0.0)


def _martingale(outcomes: Outcomes) -> np.ndarray:
    """(n,) martingale residuals of the model without covariates: event less the Nelson-Aalen hazard at the patient's time."""
    order = np.argsort(outcomes.time, kind="stable")
    time, event = outcomes.time[order], outcomes.event[order]
    at_risk = len(time) - np.searchsorted(time, time, side="left")
    hazard = np.cumsum(event / at_risk)[np.searchsorted(time, time, side="right") - 1]
    residual = np.empty(len(time))
    residual[order] = event - hazard
    return residual - residual.mean()


def _concordance_error(event: np.ndarray) -> float:
    """Standard deviation of the concordance of an uninformative row, about that of a rank correlation among the events' pairs."""
    happened = int(event.sum())
    return float(np.sqrt(1.0 / (3.0 * max(happened, 1))) * 0.9)


def _normal_quantile(probability: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)
