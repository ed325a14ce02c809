"""Merging of a delivered clinical table into the current one, with the change of each patient. Tables in and out.

Cells are text as in the files; a blank or missing token in an update leaves the value known before. No Dagster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.study.text_tables import is_missing


class Change(NamedTuple):
    """Patients by kind of change: new, followed (later time or another event), corrected (another covariate), withdrawn,
    shrunk (a shorter time, or an event removed); columns added and removed. Lists are sorted."""

    new: list[str]
    followed: list[str]
    corrected: list[str]
    withdrawn: list[str]
    shrunk: list[str]
    columns_added: list[str]
    columns_removed: list[str]

    def counts(self) -> dict[str, Any]:
        """How many patients of each kind, without naming any; the columns by name."""
        found: dict[str, Any] = {name: len(value) for name, value in self._asdict().items() if "columns" not in name}
        return {**found, "columns_added": self.columns_added, "columns_removed": self.columns_removed}


def merge_rows(current: pd.DataFrame, update: pd.DataFrame, patient_column: str, where: str) -> pd.DataFrame:
    """`current` with the patients of `update` changed or added, in the order of `current`, new ones last.

    Equal rows of one patient count once. CohortError with every problem: no patient column, columns that the table
    does not have (each named), a patient without identifier, rows of one patient that contradict each other (both shown).
    """
    problems = []
    if patient_column not in update:
        remedy = "Name it as in the clinical table."
        raise CohortError(Problem(where, f"no column {patient_column!r}", "It names the patients.", remedy))
    for column in (name for name in update.columns if name not in current):
        shown = ", ".join(map(str, current.columns))
        problems.append(
            Problem(where, f"unknown column {column!r}", f"The table has {shown}.", "Rename it, or send a whole table.")
        )
    names = update[patient_column].str.strip()
    if names.map(is_missing).any():
        problems.append(Problem(where, "a row without a patient", "Every row names its patient.", "Fill it in."))
    update = update.assign(**{patient_column: names}).drop_duplicates()
    problems += contradictions(update, patient_column, where)
    if problems:
        raise CohortError(problems)
    merged = current.assign(**{patient_column: current[patient_column].str.strip()}).set_index(patient_column)
    rows = update.set_index(patient_column)
    added = rows.index.difference(merged.index, sort=False)
    merged = merged.reindex(merged.index.append(added)).astype(object).where(lambda frame: frame.notna(), "")
    for column in rows.columns:
        given = rows[column][~rows[column].map(is_missing)]
        merged.loc[given.index, column] = given
    return merged.reset_index()[list(current.columns)]


def contradictions(table: pd.DataFrame, patient_column: str, where: str) -> list[Problem]:
    """One problem for each patient with rows that differ, both versions shown column by column."""
    problems = []
    repeated = table[table[patient_column].duplicated(keep=False)]
    for patient, rows in repeated.groupby(patient_column, sort=True):
        differing = [column for column in rows.columns if rows[column].nunique(dropna=False) > 1]
        versions = " | ".join(
            ", ".join(f"{column}={value}" for column, value in zip(differing, row, strict=True))
            for row in rows[differing].itertuples(index=False, name=None)
        )
        if differing:
            rule = f"A patient has one record; the versions: {versions}."
            problems.append(Problem(where, f"patient {patient} is in conflict", rule, "Keep the right one."))
    return problems


def remove_patients(current: pd.DataFrame, leaving: Sequence[str], patient_column: str, where: str) -> pd.DataFrame:
    """`current` without the patients `leaving`. CohortError names those that the table does not have."""
    names = current[patient_column].str.strip()
    unknown = sorted({name for name in leaving if name not in set(names)})
    if unknown or not leaving:
        seen = f"unknown patients {', '.join(unknown[:8])}" if unknown else "no patient is named"
        raise CohortError(
            Problem(where, seen, "A withdrawal names patients of the table, one a line.", "Mend the list.")
        )
    return current[~names.isin(set(leaving))].reset_index(drop=True)


def compare(
    current: pd.DataFrame, new: pd.DataFrame, patient_column: str, time_column: str, event: Mapping[str, Any]
) -> Change:
    """The changes from `current` to `new`.

    event: {"column", "happened": the values that mean it happened}. A time is shrunk when both are numbers and the new one is
    smaller. An event is removed when `current` has it and `new` does not.
    """
    kept = [column for column in current.columns if column in new.columns]
    old, now = (_by_patient(table[kept], patient_column) for table in (current, new))
    both = [name for name in old.index if name in now.index]
    outcome = [time_column, event["column"]]
    left, right = old.loc[both], now.loc[both]
    differs = left.ne(right)
    times = [pd.to_numeric(frame[time_column], errors="coerce") for frame in (left, right)]
    happened = [frame[event["column"]].isin(event["happened"]) for frame in (left, right)]
    shrunk = (times[1] < times[0]) | (happened[0] & ~happened[1])
    covariates = [column for column in old.columns if column not in outcome]
    return Change(
        new=sorted(set(now.index) - set(old.index)),
        followed=sorted(differs.index[differs[outcome].any(axis=1)]),
        corrected=sorted(differs.index[differs[covariates].any(axis=1)]),
        withdrawn=sorted(set(old.index) - set(now.index)),
        shrunk=sorted(shrunk.index[shrunk]),
        columns_added=[str(column) for column in new.columns if column not in current.columns],
        columns_removed=[str(column) for column in current.columns if column not in new.columns],
    )


def _by_patient(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The first row of each patient, by identifier; cells without blanks around them. One call for all cells, not one a column,
    because a table may have 100,000 columns."""
    held = table.assign(**{column: table[column].str.strip()}).drop_duplicates(column).set_index(column)
    stripped = np.frompyfunc(str.strip, 1, 1)(held.to_numpy(object))
    return pd.DataFrame(stripped, held.index, held.columns, dtype=object)
