"""The clinical table of a study as typed covariates and, in a separate table, outcomes.

Study part in, tables out; no Dagster. Missing values are kept; nothing is imputed here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.cohort.clinical_tables import (
    Table,
    absent_columns,
    decimal_commas,
    examples,
    missing_cells,
    normalised_code,
    read_table,
    to_number,
)
from groprog_assets.methods.cohort.clinical_units import NO_UNIT, Recorded, in_stated_unit
from groprog_assets.methods.cohort.identity import spelling_problems
from groprog_assets.methods.cohort.outcomes import (
    LeftOut,
    coding_problems,
    dependence,
    left_out_by_reason,
    older_than_a_life,
    questions,
    read_outcomes,
)
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.plausible_ranges import PLAUSIBLE_RANGES, PlausibleRange, Ranges, plain_unit, plausible_range
from groprog_assets.study.schema import ClinicalField, Cohort
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

YEARS = {"years": 1.0, "months": 1 / 12, "days": 1 / 365.25}
"""Years per unit of age."""
MOST_LEVELS = 50
"""A categorical field with more distinct values than this is an identifier or free text, not a covariate."""


class ClinicalRecords(NamedTuple):
    """records: one row a patient of the file, missing values kept; outcomes: patients with a usable outcome, in months;
    fields: one row a covariate, with the reason where it is not used; exclusions; summary: counts, JSON-able."""

    records: pd.DataFrame
    outcomes: pd.DataFrame
    fields: pd.DataFrame
    exclusions: pd.DataFrame
    summary: Document


def read_clinical(cohort: Cohort, parameters: CohortParameters, trained: bool = False) -> ClinicalRecords:
    """The clinical table of a study, checked and typed.

    TSV, CSV or cBioPortal (file or folder). Times become months (365.25 / 12 days). Patients without time or event are kept
    in `records`, left out of `outcomes` and listed in `exclusions`. Covariates: continuous as float64 in the field's unit
    (the file's own unless `units` tells several apart), ordinal and categorical as the level's text, missing as NaN or None.
    A field that is constant, empty, known after baseline (or after the landmark), or has nearly as many values as an
    identifier is kept with used=False and the reason.

    Raises CohortError with every problem: absent columns, empty or repeated patient identifiers, also under other spellings,
    times that are negative, infinite, not numbers or longer than a life, event values outside the vocabulary, no censored
    patients, missing outcomes that depend on the event, covariate values of the wrong type or level or outside their
    plausible range, fewer than `minimum_events` events.
    """
    table = read_table(cohort.clinical)
    endpoint = cohort.endpoint
    needed = [
        ("The patient", cohort.patient_column),
        ("The time", endpoint.time_column),
        ("The event", endpoint.event_column),
    ]
    needed += [("The time of the event", endpoint.event_time_column)] if endpoint.event_time_column else []
    needed += [*field_columns(cohort.fields), *([("The batch", cohort.batch_column)] if cohort.batch_column else [])]
    if absent := absent_columns(table, needed, "Mend the study file."):
        raise CohortError(absent)
    patients, problems = _patients(table, cohort.patient_column)
    read = read_outcomes(table, patients, cohort.endpoint, parameters.longest_follow_up)
    outcomes, left_out = read.outcomes, read.left_out
    problems += read.problems
    known_by, ranges = parameters.landmark_days, parameters.plausible_ranges
    records, found = read_covariates(table, patients, cohort.fields, ranges, trained, known_by)
    problems += found
    if not problems:
        problems += _life_problems(table, patients, outcomes, records, cohort, parameters)
        problems += coding_problems(table, outcomes, left_out, cohort.endpoint, parameters)
    if not problems and outcomes["event"].sum() < parameters.minimum_events:
        problems.append(
            Problem(
                f"{table.path}, {cohort.endpoint.event_column}",
                f"{count_of(int(outcomes['event'].sum()), 'event')} among {count_of(len(outcomes), 'patient')} with an outcome",
                f"A cohort needs at least {count_of(parameters.minimum_events, 'event')}.",
                "Add patients or follow-up, or lower parameters.cohort.minimum_events knowingly.",
            )
        )
    if problems:
        raise CohortError(problems)
    if cohort.batch_column:
        cells = table.cells[cohort.batch_column]
        records["batch"] = cells.where(~missing_cells(cells), "").astype("str").to_numpy()
    fields = describe_fields(records, cohort.fields, parameters.landmark_months)
    exclusions = conform(_excluded(left_out), "exclusions")
    summary = {
        "file": table.path.name,
        "rows": len(records),
        "patients_with_outcome": len(outcomes),
        "events": int(outcomes["event"].sum()),
        "endpoint": cohort.endpoint.name,
        "time_unit_in_file": cohort.endpoint.time_unit,
        "time_unit": "months",
        "excluded": len(exclusions),
        "excluded_by_event": dependence(outcomes, left_out)._asdict(),
        "left_out": left_out_by_reason(left_out),
        "questions": [vars(problem) for problem in questions(table, outcomes, cohort.endpoint)],
        "notices": [vars(problem) for problem in read.notices],
        "units": recorded_units(table, cohort.fields),
        "fields_used": fields.loc[fields["used"], "field"].tolist(),
        "fields_not_used": dict(fields.loc[~fields["used"], ["field", "reason"]].itertuples(index=False, name=None)),
    }
    records, outcomes = conform(records, "clinical_records"), conform(outcomes, "outcomes")
    return ClinicalRecords(records, outcomes, conform(fields, "clinical_fields"), exclusions, summary)


def _excluded(left_out: Sequence[LeftOut]) -> pd.DataFrame:
    rows = [("patient", patient, reason) for patient, reason, _ in left_out]
    return pd.DataFrame(rows, columns=["what", "id", "reason"]).astype("str")


def _life_problems(
    table: Table,
    patients: pd.Series,
    outcomes: pd.DataFrame,
    records: pd.DataFrame,
    cohort: Cohort,
    parameters: CohortParameters,
) -> list[Problem]:
    """Patients whose age and follow-up together are longer than a life."""
    for field in cohort.fields:
        expected = plausible_range(field.name, field.column, field.unit, None, parameters.plausible_ranges)
        unit = plain_unit(field.unit) or "years"
        if field.kind == "continuous" and expected.kind == "age" and unit in YEARS:
            months = outcomes.set_index("patient_id")["time"].reindex(patients.to_numpy())
            oldest = parameters.plausible_ranges["age"]["years"][1]
            age = records[field.name].to_numpy(np.float64) * YEARS[unit]
            return older_than_a_life(table, cohort.endpoint, months, age, oldest)
    return []


def _patients(table: Table, column: str) -> tuple[pd.Series, list[Problem]]:
    """Patient identifiers; empty and repeated ones are problems."""
    patients = table.cells[column].str.strip()
    problems = []
    empty = patients == ""
    if empty.any():
        problems.append(
            Problem(
                f"{table.path}, {column}",
                f"{count_of(int(empty.sum()), 'row')} without an identifier ({table.rows(empty)})",
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
                f"{count_of(len(names), 'patient stands', 'patients stand')} "
                f"more than once ({examples(names)}; {table.rows(repeated)})",
                "A patient is one row: the same patient in training and test would be a leak.",
                "Keep one row a patient.",
            )
        )
    return patients, problems + spelling_problems(patients.tolist(), f"{table.path}, {column}", table)


def read_covariates(
    table: Table,
    patients: pd.Series,
    fields: Sequence[ClinicalField],
    ranges: Ranges = PLAUSIBLE_RANGES,
    trained: bool = False,
    known_by_days: float = 0.0,
) -> tuple[pd.DataFrame, list[Problem]]:
    """(patient_id and one column a field, problems), rows as in the file. For training and for new patients alike.

    A continuous value outside the field's plausible range, its own or that of its kind in `ranges`, is a problem. trained: the
    patients are new to a model, which settles the units. known_by_days: a value of a field with `recorded_column` counts where it
    was recorded by then; a later one is `until_recorded`, and one without its time is missing.
    """
    columns: Document = {"patient_id": patients.to_numpy()}
    problems: list[Problem] = []
    problems += absent_columns(table, field_columns(fields), "Add it; its cells may be empty.")
    for field in fields:
        if not {column for _, column in field_columns([field])} <= set(table.cells.columns):
            continue
        if field.kind == "continuous":
            columns[field.name], found = _continuous(table, field, ranges, trained)
        else:
            columns[field.name], found = _levels(table, field)
        problems += found
        if field.recorded_column:
            columns[field.name], found = _recorded_by(table, field, columns[field.name], known_by_days)
            problems += found
    return pd.DataFrame(columns), problems


def field_columns(fields: Sequence[ClinicalField]) -> list[tuple[str, str]]:
    """(which field, column) of every column that the fields are read from."""
    return [
        (f"The field {field.name}", column)
        for field in fields
        for column in (field.column, field.height_column, field.recorded_column)
        if column
    ]


def _recorded_by(
    table: Table, field: ClinicalField, values: np.ndarray | pd.Series, known_by_days: float
) -> tuple[pd.Series, list[Problem]]:
    """The values that were recorded by then; times that are no number are problems."""
    cells = table.cells[field.recorded_column].str.strip()
    missing = missing_cells(cells)
    time, unreadable = to_number(cells, missing)
    days = time * 365.25 * YEARS[field.recorded_unit]
    problems = []
    if unreadable.any():
        problems.append(
            Problem(
                f"{table.path}, {field.recorded_column}",
                f"{count_of(int(unreadable.sum()), 'time is', 'times are')} no number "
                f"({examples(cells[unreadable])}; {table.rows(unreadable)})",
                f"They say when the value of {field.name} was recorded, in {field.recorded_unit} after baseline.",
                "Mend these cells; empty where the time is not known, and the value counts as missing.",
            )
        )
    nothing = np.nan if field.kind == "continuous" else None
    held = pd.Series(np.asarray(values), index=cells.index)
    held = held.where(days <= known_by_days, nothing)
    if field.until_recorded:
        held = held.mask(days > known_by_days, field.until_recorded)
    return (held if field.kind == "continuous" else held.astype("str")), problems


def _mapped(table: Table, field: ClinicalField) -> tuple[pd.Series, pd.Series]:
    """(cells with the vocabulary applied, which are missing). A stated level is never taken for a missing value."""
    raw = table.cells[field.column].str.strip()
    mapped = raw.map(lambda cell: field.vocabulary.get(cell, cell))
    missing = missing_cells(mapped) & ~(mapped.isin(field.levels) & (mapped != ""))
    return mapped, missing


def recorded_units(table: Table, fields: Sequence[ClinicalField]) -> dict[str, Document]:
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
    """For each row, notes on values that are in no stated unit and count as missing."""
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


def _continuous(table: Table, field: ClinicalField, ranges: Ranges, trained: bool) -> tuple[np.ndarray, list[Problem]]:
    raw, problems = _measured(table, field)
    values = in_stated_unit(raw, field.units).values
    if field.units and field.plausible is None:  # the ranges of the units decide
        return values, problems
    expected = plausible_range(field.name, field.column, field.unit, field.plausible, ranges)
    outside = (values < expected.lowest) | (values > expected.highest)
    if outside.any():
        problems.append(_implausible(table, field, raw, outside, expected, ranges, trained))
    return values, problems


def _implausible(
    table: Table,
    field: ClinicalField,
    values: np.ndarray,
    outside: np.ndarray,
    expected: PlausibleRange,
    ranges: Ranges,
    trained: bool,
) -> Problem:
    """Values outside their range: a single cell suggests a typing error, most of a column another unit."""
    shown = ", ".join(f"{value:g}" for value in dict.fromkeys(values[outside].tolist()[:5]))
    unit = f" {field.unit}" if field.unit else ""
    remedy = (
        "Mend these cells, empty where the value is not known; where they are right, state the field's own range: "
        f"plausible: [lowest, highest]{unit and ' in'}{unit}."
    )
    known = np.isfinite(values)
    if outside.sum() * 2 > known.sum():
        for other, (lowest, highest) in ranges.get(expected.kind, {}).items():
            inside = (values[known] >= lowest) & (values[known] <= highest)
            if plain_unit(other) != plain_unit(field.unit or next(iter(ranges[expected.kind]))) and inside.all():
                remedy = f"They are plausible in {other}: if so, set the field's unit: {other}."
                if trained:
                    model_unit = field.unit or next(iter(ranges[expected.kind]))
                    remedy = (
                        f"They are plausible in {other}: if so, convert them to {model_unit}, the unit that the model was "
                        "trained in."
                    )
                elif field.unit in YEARS and other in YEARS:
                    factor = YEARS[other] / YEARS[field.unit]
                    remedy = (
                        f"Read in {other} the median is {np.median(values[known]) * factor:.3g} {field.unit}: if so, add to the "
                        f"field units: [{{unit: {other}, lowest: {lowest:g}, highest: {highest:g}, factor: {factor:.6g}}}]."
                    )
                break
        else:
            if (values[known] <= 0).all() and expected.kind == "age":
                remedy = "GDC's days_to_birth counts days back from diagnosis: take age_at_diagnosis, in days, or mend the sign."
    kind = expected.kind.replace("_", " ") if expected.kind != "any" else field.name
    return Problem(
        f"{table.path}, {field.column}",
        f"{int(outside.sum())} of {int(known.sum())} values outside {expected}{unit} ({shown}; {table.rows(outside)})",
        f"Plausible values of {kind} lie there ({expected.stated_in}).",
        remedy,
    )


def _measured(table: Table, field: ClinicalField) -> tuple[np.ndarray, list[Problem]]:
    problems = []

    def numbers(cells: pd.Series, missing: pd.Series, column: str) -> pd.Series:
        values, unreadable = to_number(cells, missing)
        unreadable |= np.isinf(values)
        if unreadable.any():
            problems.append(
                Problem(
                    f"{table.path}, {column}",
                    f"{count_of(int(unreadable.sum()), 'value is', 'values are')} no finite number "
                    f"({examples(cells[unreadable])}; {table.rows(unreadable)})",
                    f"The field {field.name} is continuous.",
                    "Write numbers with a decimal point."
                    if decimal_commas(cells[unreadable])
                    else "Map them in the field's vocabulary ('' for missing), or set its kind.",
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
                f"{count_of(int(strange.sum()), 'value is', 'values are')} "
                f"no level ({examples(cells[strange])}; {table.rows(strange)})",
                f"Levels of {field.name} are {', '.join(field.levels)}.",
                "Add the level, or map the value in the field's vocabulary ('' for missing).",
            )
        )
    return level.where(~missing).astype("str"), problems


def describe_fields(
    records: pd.DataFrame, fields: Sequence[ClinicalField], landmark_months: float | None
) -> pd.DataFrame:
    """One row per covariate (clinical_fields): levels, missing values, whether the model uses it, and the reason if not."""
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
            reason = f"{count_of(len(distinct), 'distinct value')}: an identifier or free text"
        rows.append(
            {
                "field": field.name,
                "column": field.column,
                "kind": field.kind,
                "unit": field.unit,
                "levels": json.dumps(levels, ensure_ascii=False),
                "known_at_days": float(field.known_at_days),
                "baseline_despite_name": field.baseline_despite_name,
                "block": field.block,
                "used": not reason,
                "reason": reason,
                "missing": int(values.isna().sum()),
            }
        )
    return pd.DataFrame(rows)
