"""The clinical table: what a hospital or cBioPortal sends, as typed covariates and, apart from them, outcomes.

Study part in, tables out; no Dagster. Missing stays missing: nothing is filled here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.cohort.clinical_tables import (
    MONTHS,
    Table,
    examples,
    missing_cells,
    normalised_code,
    read_table,
    to_number,
)
from groprog_assets.methods.cohort.clinical_units import NO_UNIT, Recorded, in_stated_unit
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import ClinicalField, Cohort, Endpoint
from groprog_assets.tables import conform

LONGEST_LIFE = 150.0
"""Years beyond which a column of years is one of days or of dates."""
MOST_LEVELS = 50
"""A categorical field with more distinct values than this is an identifier or free text, not a covariate."""


class ClinicalRecords(NamedTuple):
    """records: one row a patient of the file, missing values kept; outcomes: patients with a usable outcome, in months;
    fields: one row a covariate, with the reason where it is not used; exclusions; summary: counts, JSON-able."""

    records: pd.DataFrame
    outcomes: pd.DataFrame
    fields: pd.DataFrame
    exclusions: pd.DataFrame
    summary: dict[str, Any]


def read_clinical(cohort: Cohort, parameters: CohortParameters) -> ClinicalRecords:
    """The clinical table of a study, checked and typed.

    TSV, CSV or cBioPortal (file or folder). Times become months (365.25 / 12 days). Patients without time or event are kept
    in `records`, left out of `outcomes` and listed in `exclusions`. Covariates: continuous as float64 in the field's unit (the
    file's own unless `units` tells several apart), ordinal and categorical as the level's text, missing as NaN or None.
    A field that is constant, empty, known after
    baseline (or after the landmark) or nearly as varied as an identifier is kept with used=False and the reason.

    Raises CohortError with every problem: absent columns, empty or repeated patient identifiers, times that are negative,
    infinite or no number, event values outside the vocabulary, covariate values of the wrong type or level, fewer than
    `minimum_events` events.
    """
    table = read_table(cohort.clinical)
    needed = [cohort.patient_column, cohort.endpoint.time_column, cohort.endpoint.event_column]
    needed += [field.column for field in cohort.fields]
    needed += [field.height_column for field in cohort.fields if field.height_column]
    needed += [cohort.batch_column] if cohort.batch_column else []
    absent = [column for column in dict.fromkeys(needed) if column not in table.cells]
    if absent:
        columns = ", ".join(map(str, table.cells.columns))
        raise CohortError(
            [
                Problem(
                    str(table.path), f"no column {column!r}", f"The columns are: {columns}.", "Mend the study file."
                )
                for column in absent
            ]
        )
    patients, problems = _patients(table, cohort.patient_column)
    outcomes, missing_outcome, found = read_outcomes(table, patients, cohort.endpoint)
    problems += found
    records, found = read_covariates(table, patients, cohort.fields)
    problems += found
    if not problems and outcomes["event"].sum() < parameters.minimum_events:
        problems.append(
            Problem(
                f"{table.path}, {cohort.endpoint.event_column}",
                f"{int(outcomes['event'].sum())} events among {len(outcomes)} patients with an outcome",
                f"A cohort needs at least {parameters.minimum_events} events.",
                "Add patients or follow-up, or lower parameters.cohort.minimum_events knowingly.",
            )
        )
    if problems:
        raise CohortError(problems)
    if cohort.batch_column:
        cells = table.cells[cohort.batch_column]
        records["batch"] = cells.where(~missing_cells(cells), "").astype("str").to_numpy()
    fields = describe_fields(records, cohort.fields, parameters.landmark_months)
    exclusions = conform(
        pd.DataFrame(
            [("patient", patient, reason) for patient, reason in missing_outcome], columns=["what", "id", "reason"]
        ).astype("str"),
        "exclusions",
    )
    summary = {
        "file": table.path.name,
        "rows": len(records),
        "patients_with_outcome": len(outcomes),
        "events": int(outcomes["event"].sum()),
        "endpoint": cohort.endpoint.name,
        "time_unit_in_file": cohort.endpoint.time_unit,
        "time_unit": "months",
        "excluded": len(exclusions),
        "units": recorded_units(table, cohort.fields),
        "fields_used": fields.loc[fields["used"], "field"].tolist(),
        "fields_not_used": dict(fields.loc[~fields["used"], ["field", "reason"]].itertuples(index=False, name=None)),
    }
    records, outcomes = conform(records, "clinical_records"), conform(outcomes, "outcomes")
    return ClinicalRecords(records, outcomes, conform(fields, "clinical_fields"), exclusions, summary)


def _patients(table: Table, column: str) -> tuple[pd.Series, list[Problem]]:
    """Patient identifiers; empty and repeated ones are problems."""
    patients = table.cells[column].str.strip()
    problems = []
    empty = patients == ""
    if empty.any():
        problems.append(
            Problem(
                f"{table.path}, {column}",
                f"{int(empty.sum())} rows without an identifier ({table.rows(empty)})",
                "Every row is one patient with an identifier.",
                "Fill or remove these rows.",
            )
        )
    repeated = patients.duplicated(keep=False) & ~empty
    if repeated.any():
        names = patients[repeated].unique()
        problems.append(
            Problem(
                f"{table.path}, {column}",
                f"{len(names)} patients stand more than once ({examples(names)}; {table.rows(repeated)})",
                "A patient is one row: the same patient in training and test would be a leak.",
                "Keep one row a patient.",
            )
        )
    return patients, problems


def read_outcomes(
    table: Table, patients: pd.Series, endpoint: Endpoint
) -> tuple[pd.DataFrame, list[tuple[str, str]], list[Problem]]:
    """(outcomes of the patients who have one, [(patient, why left out)], problems). Times in months.

    Event values are compared without case and surrounding space; a number may be written 1 or 1.0, and a cBioPortal code
    `1:WORD` is recognised by its digit when the digit itself is in the vocabulary.
    """
    problems = []
    cells = table.cells[endpoint.time_column]
    absent_time = missing_cells(cells)
    time, unreadable = to_number(cells, absent_time)
    unreadable |= np.isinf(time.to_numpy()) if len(time) else False
    where = f"{table.path}, {endpoint.time_column}"
    if unreadable.any():
        problems.append(
            Problem(
                where,
                f"{int(unreadable.sum())} values are no finite number ({examples(cells[unreadable])}; {table.rows(unreadable)})",
                f"Follow-up is a number of {endpoint.time_unit}; missing is an empty cell or NA.",
                "Mend these rows, or name another time column.",
            )
        )
    negative = time < 0
    if negative.any():
        problems.append(
            Problem(
                where,
                f"{int(negative.sum())} negative times ({examples(cells[negative])}; {table.rows(negative)})",
                "Follow-up starts at 0.",
                "Mend these rows: dates may be swapped.",
            )
        )
    codes = table.cells[endpoint.event_column].str.strip()
    happened = {normalised_code(value) for value in endpoint.event_values}
    censored = {normalised_code(value) for value in endpoint.censored_values}
    known = codes.map(normalised_code)
    short = known.str.extract(r"^([01]):", expand=False)
    known = known.where(known.isin(happened | censored) | short.isna(), short)
    absent_event = missing_cells(codes) & ~known.isin(happened | censored)
    strange = ~known.isin(happened | censored) & ~absent_event
    if strange.any():
        counts = codes[strange].value_counts()
        shown = ", ".join(f"{value!r} ({count})" for value, count in counts.head(6).items())
        problems.append(
            Problem(
                f"{table.path}, {endpoint.event_column}",
                f"{int(strange.sum())} values outside the vocabulary: {shown}",
                f"Events are {', '.join(endpoint.event_values)}; censored are {', '.join(endpoint.censored_values)}.",
                "Add each value to cohort.endpoint.event_values or censored_values.",
            )
        )
    left_out = []
    for patient, no_time, no_event in zip(patients, absent_time, absent_event):
        if no_time or no_event:
            what = " and ".join(name for name, gone in (("time", no_time), ("event", no_event)) if gone)
            left_out.append((str(patient), f"no {what} for {endpoint.name}"))
    keep = ~(absent_time | absent_event | strange | unreadable)
    outcomes = pd.DataFrame(
        {
            "patient_id": patients[keep].to_numpy(),
            "time": time[keep].to_numpy() * MONTHS[endpoint.time_unit],
            "event": known[keep].isin(happened).to_numpy(),
        }
    )
    return outcomes, left_out, problems


def read_covariates(
    table: Table, patients: pd.Series, fields: Sequence[ClinicalField]
) -> tuple[pd.DataFrame, list[Problem]]:
    """(patient_id and one column a field, problems), rows as in the file. For training and for new patients alike."""
    columns: dict[str, Any] = {"patient_id": patients.to_numpy()}
    problems: list[Problem] = []
    for field in fields:
        absent = [name for name in (field.column, field.height_column) if name and name not in table.cells]
        if absent:
            known = ", ".join(map(str, table.cells.columns))
            rule = f"The field {field.name} is read from it; the columns are {known}."
            problems += [
                Problem(str(table.path), f"no column {name!r}", rule, "Add it; blanks may stay.") for name in absent
            ]
            continue
        read = _continuous if field.kind == "continuous" else _levels
        columns[field.name], found = read(table, field)
        problems += found
    return pd.DataFrame(columns), problems


def _mapped(table: Table, field: ClinicalField) -> tuple[pd.Series, pd.Series]:
    """(cells with the vocabulary applied, which are missing). A stated level is never taken for a missing value."""
    raw = table.cells[field.column].str.strip()
    mapped = raw.map(lambda cell: field.vocabulary.get(cell, cell))
    missing = missing_cells(mapped) & ~(mapped.isin(field.levels) & (mapped != ""))
    return mapped, missing


def recorded_units(table: Table, fields: Sequence[ClinicalField]) -> dict[str, dict[str, Any]]:
    """{field: {"unit", "recorded": {unit: values recorded in it}, "not_read": distinct values in no stated range}} of the
    fields that state `units`."""
    told = {}
    for field in fields:
        if field.units:
            raw, recorded = _recorded(table, field)
            strange = np.unique(raw[recorded.unit == NO_UNIT]).tolist()
            told[field.name] = {"unit": field.unit, "recorded": recorded.counts(), "not_read": strange}
    return told


def unread_values(table: Table, fields: Sequence[ClinicalField]) -> list[list[str]]:
    """For each row, what to say of values that lie in no stated unit and count as missing."""
    said: list[list[str]] = [[] for _ in range(len(table.cells))]
    for field in fields:
        if field.units:
            raw, recorded = _recorded(table, field)
            for row in np.flatnonzero(recorded.unit == NO_UNIT):
                said[row].append(f"{field.name} {raw[row]:g} lies in no stated unit: counted as missing")
    return said


def _recorded(table: Table, field: ClinicalField) -> tuple[np.ndarray, Recorded]:
    raw, _ = _measured(table, field)
    return raw, in_stated_unit(raw, field.units)


def _continuous(table: Table, field: ClinicalField) -> tuple[np.ndarray, list[Problem]]:
    raw, problems = _measured(table, field)
    values = in_stated_unit(raw, field.units).values
    known = np.abs(values[np.isfinite(values)])
    if field.unit == "years" and known.size and float(np.median(known)) > LONGEST_LIFE:
        problems.append(
            Problem(
                f"{table.path}, {field.column}",
                f"a median of {np.median(known):g}",
                f"The field {field.name} is in years.",
                "State the unit it is recorded in under the field's `units` (days: factor 0.00273785), or mend its unit.",
            )
        )
    return values, problems


def _measured(table: Table, field: ClinicalField) -> tuple[np.ndarray, list[Problem]]:
    problems = []

    def numbers(cells: pd.Series, missing: pd.Series, column: str) -> pd.Series:
        values, unreadable = to_number(cells, missing)
        unreadable |= np.isinf(values)
        if unreadable.any():
            problems.append(
                Problem(
                    f"{table.path}, {column}",
                    f"{int(unreadable.sum())} values are no finite number "
                    f"({examples(cells[unreadable])}; {table.rows(unreadable)})",
                    f"The field {field.name} is continuous.",
                    "Map them in the field's vocabulary ('' for missing), or set its kind.",
                )
            )
        return values.where(~unreadable)

    values = numbers(*_mapped(table, field), field.column)
    if field.height_column:
        cells = table.cells[field.height_column].str.strip()
        height = numbers(cells, missing_cells(cells), field.height_column) / 100
        values = values / height.where(height > 0) ** 2
    return values.to_numpy(np.float64), problems


def _levels(table: Table, field: ClinicalField) -> tuple[pd.Series, list[Problem]]:
    cells, missing = _mapped(table, field)
    if not field.levels:
        return cells.where(~missing).astype("str"), []
    stated = {normalised_code(level): level for level in field.levels}
    level = cells.map(lambda cell: stated.get(normalised_code(cell)))
    strange = level.isna() & ~missing
    problems = []
    if strange.any():
        problems.append(
            Problem(
                f"{table.path}, {field.column}",
                f"{int(strange.sum())} values are no level ({examples(cells[strange])}; {table.rows(strange)})",
                f"Levels of {field.name} are {', '.join(field.levels)}.",
                "Add the level, or map the value in the field's vocabulary ('' for missing).",
            )
        )
    return level.where(~missing).astype("str"), problems


def describe_fields(
    records: pd.DataFrame, fields: Sequence[ClinicalField], landmark_months: float | None
) -> pd.DataFrame:
    """One row a covariate (clinical_fields): its levels, missing values, whether it enters the model and why not."""
    rows = []
    known_by = (landmark_months or 0.0) * 365.25 / 12
    for field in fields:
        values = records[field.name]
        distinct = values.dropna().unique()
        levels = field.levels or ([] if field.kind == "continuous" else sorted(map(str, distinct)))
        reason = ""
        if field.known_at_days > known_by:
            limit = f", after the landmark at {landmark_months:g} months" if landmark_months else ""
            reason = f"known {field.known_at_days:g} days after baseline{limit}"
        elif len(distinct) == 0:
            reason = "no patient has a value"
        elif len(distinct) == 1:
            reason = f"constant: every known value is {distinct[0]}"
        elif field.kind == "categorical" and not field.levels and len(distinct) > MOST_LEVELS:
            reason = f"{len(distinct)} distinct values: an identifier or free text"
        rows.append(
            {
                "field": field.name,
                "kind": field.kind,
                "unit": field.unit,
                "levels": json.dumps(levels, ensure_ascii=False),
                "known_at_days": float(field.known_at_days),
                "block": field.block,
                "used": not reason,
                "reason": reason,
                "missing": int(values.isna().sum()),
            }
        )
    return pd.DataFrame(rows)
