"""Merging of a delivered clinical table into the current one, with the change of each patient. Tables in and out.

Cells are text as in the files; a blank or missing token in an update leaves the value known before. No Dagster.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.study.annotation_files import some
from groprog_assets.study.text_tables import is_missing

MOST_NAMED = 20
"""Names of a long list that are told, or compared with those known."""


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
        remedy = f"Name it as in the clinical table{_instead(patient_column, update.columns)}"
        if set(map(str, update.columns)) & set(current[patient_column].str.strip()):
            remedy = "The first line is a patient: put the header above it."
        raise CohortError(Problem(where, f"no column {patient_column!r}", "It names the patients.", remedy))
    absent = [str(name) for name in current.columns if name not in update]
    folded = {name.casefold(): name for name in absent}
    for column in (str(name) for name in update.columns if name not in current):
        near = difflib.get_close_matches(column.casefold(), list(folded), 1, 0.6)
        remedy = f"Did you mean {folded[near[0]]!r}?" if near else "Rename it, or send a whole table."
        rule = f"The table has {some(map(str, current.columns), MOST_NAMED)}."
        problems.append(Problem(where, f"unknown column {column!r}", rule, remedy))
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


def _instead(column: str, given: Iterable[str]) -> str:
    """The end of a remedy: which of the columns given is likely the one that is not there."""
    folded = {str(name).casefold(): str(name) for name in given}
    near = difflib.get_close_matches(column.casefold(), list(folded), 1, 0.6)
    return f"; is it {folded[near[0]]!r}?" if near else "."


def written_alike(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """{name: the known identifier that differs from it in the writing alone}: upper and lower case, punctuation, blanks, leading
    zeros, the letter O for 0. `SIM-0401` beside `SIM-0400` is another patient."""
    plain = {_plain(name): name for name in known}
    return {name: plain[_plain(name)] for name in names if _plain(name) in plain}


def _plain(name: str) -> str:
    parts = re.findall(r"[a-z]+|\d+", re.sub(r"(?<=\d)o|o(?=\d)", "0", name.casefold()))
    return " ".join(str(int(part)) if part.isdecimal() else part for part in parts)


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
        seen = f"unknown patients {some(unknown, 8)}" if unknown else "no patient is named"
        near = [f"{name}: {other}" for name, other in written_alike(unknown[:MOST_NAMED], names).items()]
        remedy = f"Mend the list. Did you mean {', '.join(near)}?" if near else "Mend the list."
        raise CohortError(Problem(where, seen, "A withdrawal names patients of the table, one a line.", remedy))
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
