"""Consents of subjects: reading, versions, and who may be used for what on which day. Tables in, tables out.

Data Use Ontology: 0000004 no restriction, 0000042 general research, 0000006 health or biomedical research, 0000007 research on
named diseases, 0000011 ancestry research. A modifier narrows a permission until the study says that its condition holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.cohort.clinical_tables import Table
from groprog_assets.methods.omics.curies import curie
from groprog_assets.methods.omics.disease_hierarchy import HierarchyTables, at_or_above
from groprog_assets.methods.omics.text_columns import text_columns
from groprog_assets.study.omics_study import PERMISSIONS, Consents, ConsentToAll
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

MODIFIERS = tuple(f"DUO:00000{code}" for code in (12, 15, 18, 20, 21, 22, 24, 25, 26, 27, 28))
TIME_LIMIT = "DUO:0000025"
"""Its condition is the column `until`."""
ALLOWED = {
    "": ("DUO:0000004", "DUO:0000042"),
    "health": ("DUO:0000004", "DUO:0000042", "DUO:0000006"),
    "disease": ("DUO:0000004", "DUO:0000042", "DUO:0000006", "DUO:0000007"),
    "ancestry": ("DUO:0000004", "DUO:0000042", "DUO:0000011"),
}
"""Permissions that allow a purpose; without a purpose only those without restriction."""
COLUMNS = ("subject", "version", "granted", "permission")
MOST_PROBLEMS = 20


class ConsentTables(NamedTuple):
    """table `consents`; `permitted` (permitted_subjects): whose rows may be read for the study's purpose; `summary`: JSON-able
    counts, and why others may not."""

    table: pd.DataFrame
    permitted: pd.DataFrame
    summary: Document


def read_consents(path: Path) -> pd.DataFrame:
    """Rows of a consent table under the names it uses: `subject` and the columns of `consents`.

    A TSV or CSV with the columns subject, version, granted, permission, and where needed withdrawn, modifiers, diseases (both
    separated by |) and until; days as YYYY-MM-DD. Raises CohortError with every row that breaks a rule.
    """
    table = text_columns(path, COLUMNS)
    cells = table.cells.assign(
        **{name: "" for name in ("withdrawn", "modifiers", "diseases", "until") if name not in table.cells.columns}
    )
    problems: list[Problem] = []
    days = {name: _days(table, cells[name], name, problems) for name in ("granted", "withdrawn", "until")}
    version = pd.to_numeric(cells["version"], errors="coerce")
    whole = version.notna() & (version % 1 == 0) & (version >= 1)
    _report(table, cells["version"], ~whole, "version", "It is a whole number from 1.", problems)
    _report(table, cells["subject"], cells["subject"] == "", "subject", "A consent is somebody's.", problems)
    unknown = ~cells["permission"].isin(PERMISSIONS)
    _report(table, cells["permission"], unknown, "permission", f"It is one of {', '.join(PERMISSIONS)}.", problems)
    _report(table, cells["granted"], cells["granted"] == "", "granted", "A consent has a day.", problems)
    named = (cells["permission"] == "DUO:0000007") & (cells["diseases"] == "")
    _report(table, cells["diseases"], named, "diseases", "DUO:0000007 names the diseases.", problems)
    twice = cells.duplicated(["subject", "version"])
    _report(table, cells["version"], twice, "version", "A subject has one row a version.", problems)
    if problems:
        raise CohortError(problems[:MOST_PROBLEMS])
    return pd.DataFrame(
        {
            "subject": cells["subject"],
            "version": version.astype("int32"),
            **days,
            "permission": cells["permission"],
            "modifiers": [_listed(cell) for cell in cells["modifiers"]],
            "diseases": [_listed(cell) for cell in cells["diseases"]],
        }
    )


def consent_tables(
    given: Consents,
    subjects: dict[str, str],
    day: date,
    withdrawn: Iterable[str] = (),
    hierarchy: HierarchyTables | None = None,
) -> ConsentTables:
    """The consents of the study's subjects and who may be used.

    subjects {name in the sources: pseudonym}; day: on which consents are judged; withdrawn: pseudonyms of those who have
    withdrawn elsewhere, of whom no row is kept; hierarchy: of diseases, else they are compared by exact identifiers. A subject
    without a row has no consent. Rows about nobody of the sources are counted, and not kept.
    """
    rows = read_consents(given.table) if given.table is not None else _for_all(given.every_subject, subjects)
    gone = set(withdrawn)
    known = rows[rows["subject"].isin([name for name, subject in subjects.items() if subject not in gone])]
    table = known.assign(subject_id=known["subject"].map(subjects)).drop(columns="subject")
    table = conform(table.sort_values(["subject_id", "version"]), "consents")
    reasons = dict.fromkeys(subjects.values(), "no consent") | refusals(table, given, day, hierarchy)
    reasons |= dict.fromkeys(gone & reasons.keys(), "withdrawn")
    permitted = sorted(name for name, reason in reasons.items() if not reason)
    refused = pd.Series([reason for reason in reasons.values() if reason], dtype="str").value_counts()
    summary = {
        "subjects": len(reasons),
        "permitted": len(permitted),
        "refused": {str(reason): int(count) for reason, count in sorted(refused.items())},
        "rows_of_nobody": int((~rows["subject"].isin(list(subjects))).sum()),
        "purpose": given.purpose or "not stated",
    }
    return ConsentTables(table, conform(pd.DataFrame({"subject_id": permitted}), "permitted_subjects"), summary)


def refusals(
    table: pd.DataFrame, given: Consents, day: date, hierarchy: HierarchyTables | None = None
) -> dict[str, str]:
    """{subject of `consents`: why the valid row does not permit the purpose, diseases and conditions of `given` on `day`}; ""
    where it does. A subject without a row is not in it, and has no consent.

    A consent to named diseases permits those, and by `hierarchy` those below them."""
    allowed, above = ALLOWED[given.purpose], at_or_above(given.diseases, hierarchy)
    return {
        str(row.subject_id): _refusal(row, given, allowed, above, pd.Timestamp(day))
        for row in _valid(table).itertuples(index=False)
    }


def in_force(table: pd.DataFrame, day: date) -> set[str]:
    """The subjects of `consents` whose valid row is in force on `day`, whatever it permits."""
    at = pd.Timestamp(day)
    return {str(row.subject_id) for row in _valid(table).itertuples(index=False) if not _out_of_force(row, at)}


def _valid(table: pd.DataFrame) -> pd.DataFrame:
    """The row of each subject that counts."""
    return table.loc[table.groupby("subject_id")["version"].idxmax()] if len(table) else table


def _out_of_force(row: tuple, day: pd.Timestamp) -> str:
    """Why a row is not in force on a day; "" where it is."""
    found = row._asdict()  # type: ignore[attr-defined]
    if pd.notna(found["withdrawn"]) and found["withdrawn"] <= day:
        return "withdrawn"
    if found["granted"] > day:
        return "not granted yet"
    return "ended" if pd.notna(found["until"]) and found["until"] < day else ""


def _refusal(
    row: tuple, given: Consents, allowed: tuple[str, ...], above: Mapping[str, frozenset[str]], day: pd.Timestamp
) -> str:
    """Why the valid row of a subject does not permit the study's purpose; "" where it does."""
    found = row._asdict()  # type: ignore[attr-defined]
    out = _out_of_force(row, day)
    if out:
        return out
    if found["permission"] not in allowed:
        return f"{found['permission']} does not allow the purpose"
    if found["permission"] == "DUO:0000007":
        named = {curie(item) for item in found["diseases"]}
        if not all(named & above[disease] for disease in given.diseases):
            return "another disease"
    for modifier in found["modifiers"]:
        if modifier not in MODIFIERS:
            return f"unknown modifier {modifier}"
        held = pd.notna(found["until"]) if modifier == TIME_LIMIT else modifier in given.conditions_met
        if not held:
            return f"condition {modifier} not stated as met"
    return ""


def _for_all(stated: ConsentToAll | None, subjects: dict[str, str]) -> pd.DataFrame:
    """The one consent that the study states for every subject of its sources, e.g. of published case reports."""
    if stated is None:
        raise CohortError(
            Problem("omics.consents", "neither table nor every_subject", "One of them is given.", "Give one.")
        )
    count = len(subjects)
    nothing = pd.Series([pd.NaT] * count, dtype="datetime64[us]")
    return pd.DataFrame(
        {
            "subject": list(subjects),
            "version": pd.Series([1] * count, dtype="int32"),
            "granted": pd.Series([pd.Timestamp(stated.granted)] * count, dtype="datetime64[us]"),
            "withdrawn": nothing,
            "until": nothing,
            "permission": stated.permission,
            "modifiers": [[] for _ in range(count)],
            "diseases": [[] for _ in range(count)],
        }
    )


def _listed(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|") if part.strip()]


def _days(table: Table, cells: pd.Series, name: str, problems: list[Problem]) -> pd.Series:
    read = pd.to_datetime(cells.where(cells != ""), format="ISO8601", errors="coerce")
    _report(table, cells, (cells != "") & read.isna(), name, "A day is written YYYY-MM-DD.", problems)
    return read.astype("datetime64[us]")


def _report(table: Table, cells: pd.Series, wrong: pd.Series, name: str, rule: str, problems: list[Problem]) -> None:
    for k in wrong.to_numpy().nonzero()[0][:5].tolist():
        where = f"{table.path}:{table.line_numbers[k]}, column {name}"
        problems.append(Problem(where, repr(cells.iloc[k]), rule, "Correct the row; an older version stays as it is."))
