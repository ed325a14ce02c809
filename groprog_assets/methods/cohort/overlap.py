"""Overlap of an external cohort with the training cohort, by identifier, identical rows or identical expression.

Tables in, names out; no Dagster.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.cohort.identity import profile_keys, row_keys, shared_patients
from groprog_assets.tables.values import Values

SAME_TIME = 0.06
"""Two follow-up times count as equal up to this difference in months, as days and rounded months differ."""


class Overlap(NamedTuple):
    """Patients of the external cohort, in its order, that are one of the training cohort's: by identifier, by row, by expression;
    expected: identical rows that chance would give."""

    by_identifier: list[str]
    by_row: list[str]
    by_expression: list[str]
    expected: float

    def everyone(self, identifiers: bool) -> list[str]:
        """All these patients, each once; without `identifiers`, those found by rows or expression."""
        named = [*(self.by_identifier if identifiers else []), *self.by_row, *self.by_expression]
        return list(dict.fromkeys(named))

    def __str__(self) -> str:
        """How they were found, with examples: for the user who can see the tables."""
        return ", ".join(
            f"{len(names)} {how} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
            for how, names in self._found().items()
        )

    def counted(self) -> str:
        """How they were found, without a name: for what is kept."""
        return ", ".join(f"{len(names)} {how}" for how, names in self._found().items())

    def _found(self) -> dict[str, list[str]]:
        ways = {
            "by identifier": self.by_identifier,
            "by identical rows": self.by_row,
            "by identical expression": self.by_expression,
        }
        return {how: names for how, names in ways.items() if names}


def overlap(
    own: tuple[pd.DataFrame, pd.DataFrame, Values | None],
    other: tuple[pd.DataFrame, pd.DataFrame, Values | None],
    chance: float,
) -> Overlap:
    """Patients of `other` who are in `own`; each is (records, outcomes, expression arrays or None).

    Rows are alike when event, follow-up (to SAME_TIME months) and every covariate that both have agree, missing values
    included; they count where chance would give fewer than `chance` such pairs, or where as many as were found would be that
    rare (`_as_many`). Expression is compared over the genes of both.
    """
    identifiers = shared_patients(own[0]["patient_id"].astype(str), other[0]["patient_id"].astype(str))
    rows, expected = _alike_rows(own[:2], other[:2], chance)
    return Overlap(identifiers, rows, _alike_profiles(own[2], other[2]), expected)


def _alike_rows(
    own: tuple[pd.DataFrame, pd.DataFrame], other: tuple[pd.DataFrame, pd.DataFrame], chance: float
) -> tuple[list[str], float]:
    left, right = (records.merge(outcomes, on="patient_id", how="inner") for records, outcomes in (own, other))
    fields = [name for name in own[0].columns if name in other[0].columns and name not in ("patient_id", "batch")]
    if left.empty or right.empty or not fields:
        return [], 0.0
    compared = ["event", *fields]
    expected = float(len(left) * len(right))
    for name in compared:
        shares = [pd.Series(row_keys(frame[[name]])).value_counts(normalize=True) for frame in (left, right)]
        expected *= float(shares[0].mul(shares[1], fill_value=0.0).sum())
    times = np.sort(left["time"].to_numpy(np.float64))
    near = np.searchsorted(times, right["time"] + SAME_TIME, "right") - np.searchsorted(
        times, right["time"] - SAME_TIME, "left"
    )
    expected *= float(near.mean()) / len(left)
    pairs = _pairs(left, right, compared)
    if expected >= chance and _as_many(int(pairs.sum()), expected, (left, right), compared) >= chance:
        return [], expected
    return right.loc[pairs > 0, "patient_id"].astype(str).tolist(), expected


def _pairs(left: pd.DataFrame, right: pd.DataFrame, compared: list[str]) -> np.ndarray:
    """(len(right),) int64: rows of `left` alike with each row of `right` in the columns and, to SAME_TIME, in time."""
    held: dict[str, list[float]] = {}
    for key, time in zip(row_keys(left[compared]).tolist(), left["time"].tolist()):
        held.setdefault(key, []).append(time)
    return np.array(
        [
            sum(abs(time - known) <= SAME_TIME for known in held.get(key, ()))
            for key, time in zip(row_keys(right[compared]).tolist(), right["time"].tolist())
        ],
        np.int64,
    )


def _as_many(pairs: int, expected: float, cohorts: tuple[pd.DataFrame, pd.DataFrame], compared: list[str]) -> float:
    """Probability of so many alike pairs or more if the cohorts shared nobody (Poisson).

    Its mean is the larger of `expected`, which takes the columns as independent, and of what the patients of either cohort have
    among themselves, one pair added: covariates that go together make other people alike.
    """
    from scipy.stats import poisson

    within = 0.0
    for cohort in cohorts:
        among = max(len(cohort) * (len(cohort) - 1) / 2, 1.0)
        themselves = (int(_pairs(cohort, cohort, compared).sum()) - len(cohort)) / 2
        within = max(within, (themselves + 1) / among)
    return float(poisson.sf(pairs - 1, max(expected, within * len(cohorts[0]) * len(cohorts[1]))))


def _alike_profiles(own: Values | None, other: Values | None) -> list[str]:
    if own is None or other is None or not own["values"].size or not other["values"].size:
        return []
    genes, mine, theirs = np.intersect1d(own["gene"].astype(str), other["gene"].astype(str), return_indices=True)
    if not genes.size:
        return []
    known = set(profile_keys(own["values"][:, mine]).tolist()) - {""}
    keys = profile_keys(other["values"][:, theirs]).tolist()
    return [str(patient) for patient, key in zip(other["patient_id"].tolist(), keys) if key in known]
