"""Survival by risk group: strata of out-of-fold risk, Kaplan-Meier curves, patients at risk, log-rank test.

Tables and arrays in, tables out; no Dagster, no torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_kernels.censoring import kaplan_meier


class LogRank(NamedTuple):
    """Log-rank test of k groups: chi-square with k - 1 degrees of freedom; nan where a group or all events are missing."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def risk_strata(risk_rank: np.ndarray, strata: int) -> np.ndarray:
    """Group (n,) int of each patient, 0 lowest risk, by equal shares of `risk_rank` (n,); equal ranks stay together."""
    from scipy.stats import rankdata

    share = (rankdata(risk_rank, method="average") - 0.5) / len(risk_rank)
    return np.minimum((share * strata).astype(np.int64), strata - 1)


def survival_by_group(time: np.ndarray, event: np.ndarray, group: np.ndarray) -> pd.DataFrame:
    """Kaplan-Meier rows (group, time, survival, lower, upper, at_risk, events) of each group, from time 0; times as given."""
    frames = []
    for name in np.unique(group):
        inside = group == name
        curve = kaplan_meier(time[inside], event[inside])
        frame = pd.DataFrame(
            {
                "group": name,
                "time": curve.time,
                "survival": curve.survival,
                "lower": curve.lower,
                "upper": curve.upper,
                "at_risk": curve.at_risk,
                "events": curve.events,
            }
        )
        start = pd.DataFrame([[name, 0.0, 1.0, 1.0, 1.0, int(inside.sum()), 0]], columns=frame.columns)
        frames.append(pd.concat([start, frame[frame["time"] > 0]]))
    return pd.concat(frames, ignore_index=True)


def at_risk_table(time: np.ndarray, group: np.ndarray, at: np.ndarray) -> pd.DataFrame:
    """Patients with time >= t in each group (rows) at each t of `at` (columns)."""
    names = np.unique(group)
    counts = [[int((time[group == name] >= t).sum()) for t in at] for name in names]
    return pd.DataFrame(counts, index=names, columns=[float(t) for t in at])


def whole_years(last: float) -> np.ndarray:
    """At most seven ticks of a time axis from 0 to `last` months: multiples of whole years, or tenths of a shorter axis."""
    step = 12 * max(1, int(np.ceil(last / 12 / 6))) if last >= 24 else max(last / 6, 0.1)
    return np.arange(0, last + 1e-9, step).round(1)


def log_rank(time: np.ndarray, event: np.ndarray, group: np.ndarray) -> LogRank:
    """Test equal hazards of the groups (n,); hypergeometric variance with ties. Source: Peto and Peto, doi:10.2307/2344317.

    All-censored or a single group: statistic nan, p nan.
    """
    from scipy.stats import chi2

    names = np.unique(group)
    event = np.asarray(event, dtype=bool)
    if len(names) < 2 or not event.any():
        return LogRank(float("nan"), max(len(names) - 1, 0), float("nan"))
    times = np.unique(time[event])
    at_risk, died = np.empty((len(names), len(times))), np.empty((len(names), len(times)))
    for k, name in enumerate(names):
        own, ended = np.sort(time[group == name]), np.sort(time[(group == name) & event])
        at_risk[k] = len(own) - np.searchsorted(own, times, side="left")
        died[k] = np.searchsorted(ended, times, side="right") - np.searchsorted(ended, times, side="left")
    n, d = at_risk.sum(axis=0), died.sum(axis=0)
    difference = (died - at_risk * d / n).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        common = np.where(n > 1, d * (n - d) / (n - 1), 0.0)
    share = at_risk / n
    variance = np.diag((share * common).sum(axis=1)) - (share * common) @ share.T
    # Observed minus expected sum to zero over groups: one of them is redundant.
    statistic = float(difference[:-1] @ np.linalg.pinv(variance[:-1, :-1]) @ difference[:-1])
    return LogRank(statistic, len(names) - 1, float(chi2.sf(statistic, len(names) - 1)))


def permutation_log_rank(time: np.ndarray, event: np.ndarray, group: np.ndarray, permutations: int, seed: int) -> float:
    """p of `log_rank`'s statistic among those of outcomes dealt anew to the groups (n,).

    For few patients, where the chi-square distribution is a rough one.
    (1 + permutations that reach the statistic) / (1 + `permutations`), drawn with `seed`. A single group or no event: nan.
    """
    observed = log_rank(time, event, group).statistic
    if not np.isfinite(observed):
        return float("nan")
    event = np.asarray(event, dtype=bool)
    times, place = np.unique(time[event], return_inverse=True)
    died = np.zeros((len(time), len(times)))
    died[np.flatnonzero(event), place] = 1.0
    at_risk = (time[:, None] >= times[None, :]).astype(np.float64)
    d, n = died.sum(axis=0), at_risk.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        common = np.where(n > 1, d * (n - d) / (n - 1), 0.0)
    random = np.random.default_rng(seed)
    reached, left = 1, permutations
    member = np.stack([group == name for name in np.unique(group)[:-1]]).astype(np.float64)  # one group is redundant
    while left:
        count = min(left, 500)
        order = np.argsort(random.random((count, len(time))), axis=1)
        dealt = member[:, order].transpose(1, 0, 2)  # (permutations, groups, patients)
        share = dealt @ (at_risk / n)
        difference = (dealt @ died).sum(axis=2) - share @ d
        variance = -np.einsum("pgt,pht,t->pgh", share, share, common)
        own = np.arange(member.shape[0])
        variance[:, own, own] += share @ common
        statistic = np.einsum("pg,pgh,ph->p", difference, np.linalg.pinv(variance, hermitian=True), difference)
        reached += int((statistic >= observed * (1 - 1e-9)).sum())
        left -= count
    return reached / (1 + permutations)
