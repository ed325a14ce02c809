"""Times of a clinical table: the follow-up of each patient, from one column or from two, and values that no unit can explain.

Table in, series out; no Dagster.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem
from groprog_assets.methods.cohort.clinical_tables import (
    MONTHS,
    Table,
    decimal_commas,
    examples,
    missing_cells,
    to_number,
)
from groprog_assets.study.schema import Endpoint
from groprog_assets.study.text_tables import count_of

USUAL_FOLLOW_UP = (1.0, 40.0)
"""Usual range of the longest follow-up of a cohort, in years; outside it, the unit is questioned."""
LAST_CONTACT = ("days_to_last_follow_up", "days_to_last_followup", "last_contact_days_to")
DAYS_TO_DEATH = ("days_to_death", "death_days_to")


class Times(NamedTuple):
    """time: in the file's unit (n,); absent, broken (n,): which are missing, which are unusable; column (n,): the column each
    time comes from; problems; notices."""

    time: pd.Series
    absent: pd.Series
    broken: pd.Series
    column: pd.Series
    problems: list[Problem]
    notices: list[Problem]


def likely_unit(times: np.ndarray, stated: str, alone: str = "") -> str:
    """A sentence on the other unit that puts median and longest of `times` (as recorded) into usual years; "" for none.

    alone: the column to convert, where the others are in the stated unit.
    """
    for unit in ("days", "months", "years"):
        years = times * MONTHS[unit] / 12
        if unit != stated and USUAL_FOLLOW_UP[0] <= years.max() <= USUAL_FOLLOW_UP[1] and 0.1 <= np.median(years) <= 20:
            return (
                f"Read in {unit} the median is {np.median(years):.2g} and the longest {years.max():.3g} years: if so, "
                + (f"convert {alone} to {stated}." if alone else f"set endpoint.time_unit: {unit}.")
            )
    return ""


def read_times(table: Table, endpoint: Endpoint, event: pd.Series, censored: pd.Series) -> Times:
    """The follow-up of each patient: of who had the event, or has no other time, from the column of the event's time, if any."""
    problems: list[Problem] = []
    notices: list[Problem] = []
    time, absent, broken = _numbers(table, endpoint, endpoint.time_column, problems)
    named = pd.Series(endpoint.time_column, index=time.index)
    column = endpoint.event_time_column or _gdc_death_column(table, endpoint)
    if column is None or column not in table.cells:
        return Times(time, absent, broken, named, problems, notices)
    event_time, no_event_time, broken_too = _numbers(table, endpoint, column, problems)
    broken |= broken_too
    contradicted = censored & event_time.notna() & ~absent & (endpoint.name == "OS")
    if contradicted.any():
        problems.append(
            Problem(
                f"{table.path}, {endpoint.event_column}",
                f"{count_of(int(contradicted.sum()), 'patient is', 'patients are')} "
                f"alive and have a time of death in {column} ({table.rows(contradicted)})",
                "A time of death belongs to a patient who died.",
                "Mend these rows, or endpoint.event_time_column.",
            )
        )
    taken = (event & ~no_event_time) | (absent & ~no_event_time)
    if endpoint.event_time_column is None and taken.any():
        notices.append(
            Problem(
                f"{table.path.name}, {column}",
                f"read as the time of {count_of(int(taken.sum()), 'patient')} who died",
                f"GDC writes the time of the dead there and leaves {endpoint.time_column} empty.",
                f"State endpoint.event_time_column: {column}, or another column.",
            )
        )
    time = time.where(~taken, event_time)
    return Times(time, absent & no_event_time, broken, named.where(~taken, column), problems, notices)


def _gdc_death_column(table: Table, endpoint: Endpoint) -> str | None:
    """GDC's column of the time of death, where follow-up in days is read from GDC's column of the last contact."""

    def plain(name: str) -> str:
        parts = [part for part in re.split(r"[.\s]", name.strip().casefold()) if part]
        return next((part for part in parts if part in (*LAST_CONTACT, *DAYS_TO_DEATH)), "")

    if endpoint.name != "OS" or endpoint.time_unit != "days" or plain(endpoint.time_column) not in LAST_CONTACT:
        return None
    found = [str(name) for name in table.cells if plain(str(name)) in DAYS_TO_DEATH]
    return found[0] if len(found) == 1 else None


def _numbers(
    table: Table, endpoint: Endpoint, column: str, problems: list[Problem]
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """(times, which are missing, which are no finite number >= 0) of one column, its problems added."""
    cells = table.cells[column]
    absent = missing_cells(cells)
    time, unreadable = to_number(cells, absent)
    unreadable |= np.isinf(time.to_numpy()) if len(time) else False
    where = f"{table.path}, {column}"
    if unreadable.any():
        problems.append(
            Problem(
                where,
                f"{count_of(int(unreadable.sum()), 'value is', 'values are')} "
                f"no finite number ({examples(cells[unreadable])}; {table.rows(unreadable)})",
                f"Follow-up is a number of {endpoint.time_unit}; missing is an empty cell or NA.",
                "Write numbers with a decimal point."
                if decimal_commas(cells[unreadable])
                else "Mend these rows, or name another time column.",
            )
        )
    negative = time < 0
    if negative.any():
        problems.append(
            Problem(
                where,
                f"{count_of(int(negative.sum()), 'negative time')} ({examples(cells[negative])}; {table.rows(negative)})",
                "Follow-up starts at 0.",
                "Mend these rows: dates may be swapped.",
            )
        )
    return time, absent, unreadable


def too_long(table: Table, endpoint: Endpoint, times: Times, longest_years: float) -> list[Problem]:
    """A problem for each column that holds times beyond `longest_years`.

    Where the times of the other column are usual ones, this one is in another unit than the study states.
    """
    years = times.time * MONTHS[endpoint.time_unit] / 12
    found = [str(column) for column in times.column[years > longest_years].unique()]
    problems = []
    for column in found:
        own = times.column == column
        beyond = (own & (years > longest_years)).to_numpy()
        known = times.time[own].dropna().to_numpy()
        change = column if set(times.column[times.time.notna()]) - set(found) else ""
        remedy = (
            f"Convert the column to {endpoint.time_unit}."
            if change
            else "Mend these rows; set endpoint.time_unit where all are in another unit."
        )
        problems.append(
            Problem(
                f"{table.path}, {column}",
                f"{count_of(int(beyond.sum()), 'time')} beyond {longest_years:g} years, the longest "
                f"{float(years[own].max()):.4g} years ({examples(table.cells[column][beyond], 3)}; {table.rows(beyond)})",
                f"Follow-up is read in {endpoint.time_unit}; nobody is followed longer than {longest_years:g} years "
                "(parameters.cohort.longest_follow_up).",
                likely_unit(known, endpoint.time_unit, change) or remedy,
            )
        )
    return problems
