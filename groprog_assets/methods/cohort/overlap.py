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
    included; they count where chance would give fewer than `chance` such pairs. Expression is compared over the genes of both.
    """
    identifiers = shared_patients(own[0]["patient_id"].astype(str), other[0]["patient_id"].astype(str))
    rows, expected = _alike_rows(own[:2], other[:2])
    return Overlap(identifiers, rows if expected < chance else [], _alike_profiles(own[2], other[2]), expected)


def _alike_rows(
    own: tuple[pd.DataFrame, pd.DataFrame], other: tuple[pd.DataFrame, pd.DataFrame]
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
    held: dict[str, list[float]] = {}
    for key, time in zip(row_keys(left[compared]).tolist(), left["time"].tolist()):
        held.setdefault(key, []).append(time)
    alike = [
        any(abs(time - known) <= SAME_TIME for known in held.get(key, ()))
        for key, time in zip(row_keys(right[compared]).tolist(), right["time"].tolist())
    ]
    return right.loc[alike, "patient_id"].astype(str).tolist(), expected


def _alike_profiles(own: Values | None, other: Values | None) -> list[str]:
    if own is None or other is None or not own["values"].size or not other["values"].size:
        return []
    genes, mine, theirs = np.intersect1d(own["gene"].astype(str), other["gene"].astype(str), return_indices=True)
    if not genes.size:
        return []
    known = set(profile_keys(own["values"][:, mine]).tolist()) - {""}
    keys = profile_keys(other["values"][:, theirs]).tolist()
    return [str(patient) for patient, key in zip(other["patient_id"].tolist(), keys) if key in known]
