"""Outcomes of a clinical table: event codes, follow-up in months, and whether missing outcomes depend on the event.

Table in, table out; no Dagster. A certain error is a problem; an unusual value that may be right is a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem
from groprog_assets.methods.cohort.clinical_tables import (
    MONTHS,
    Table,
    missing_cells,
    normalised_code,
)
from groprog_assets.methods.cohort.outcome_times import USUAL_FOLLOW_UP, likely_unit, read_times, too_long
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.plausible_ranges import words_of
from groprog_assets.study.schema import Endpoint
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Values

ENOUGH_TO_ASK = 20
"""Fewest patients for which a table without censored patients, or without events, raises a question about its codes."""
EVENT_WORDS = frozenset(
    {"dead", "deceased", "died", "death", "relapse", "relapsed"} | {"recurrence", "recurred", "progression", "yes"}
)
CENSORED_WORDS = ("alive", "living", "censored", "lost", "no", "none")
CENSORING_COLUMN = ("cens", "censor", "censored", "censoring", "alive", "living", "survived")


class LeftOut(NamedTuple):
    """A patient without a usable outcome: why, and "event", "censored" or "" (not known)."""

    patient_id: str
    reason: str
    event: str


class ReadOutcomes(NamedTuple):
    """outcomes: patient_id, time (months), event; left_out; problems; notices: facts that a reader should know."""

    outcomes: pd.DataFrame
    left_out: list[LeftOut]
    problems: list[Problem]
    notices: list[Problem]


class Dependence(NamedTuple):
    """Whether being left out depends on the event: patients left out and all patients, with and without the event; p of
    Fisher's exact test (1 where nobody with a known event is left out); left out with an unknown event."""

    events_left_out: int
    events: int
    censored_left_out: int
    censored: int
    unknown_left_out: int
    p_value: float

    def __str__(self) -> str:
        return (
            f"{self.events_left_out} of {self.events} patients with the event and {self.censored_left_out} of {self.censored} "
            "without it are left out"
        )

    def told(self) -> str:
        """The counts, also of those whose event is not known, and p."""
        unknown = f"; of {self.unknown_left_out} more the event is not known" if self.unknown_left_out else ""
        return f"{self}{unknown} (Fisher's exact p = {self.p_value:.2g})"


def read_outcomes(
    table: Table, patients: pd.Series, endpoint: Endpoint, longest_years: float = CohortParameters().longest_follow_up
) -> ReadOutcomes:
    """Outcomes of the patients who have one; times in months.

    Event values are compared without case and surrounding space; a number may be written 1 or 1.0, and a cBioPortal code
    `1:WORD` is recognised by its digit when the digit itself is in the vocabulary. Where `event_time_column` is stated, or the
    table has GDC's pair of columns, the time of patients who had the event is read there, and so is a time that is missing.
    Problems: times that are no number, negative or longer than `longest_years`, event values outside the vocabulary.
    """
    problems: list[Problem] = []
    codes = table.cells[endpoint.event_column].str.strip()
    happened = {normalised_code(value) for value in endpoint.event_values}
    censored = {normalised_code(value) for value in endpoint.censored_values}
    known = codes.map(normalised_code)
    short = known.str.extract(r"^([01]):", expand=False)
    known = known.where(known.isin(happened | censored) | short.isna(), short)
    absent_event = missing_cells(codes) & ~known.isin(happened | censored)
    strange = ~known.isin(happened | censored) & ~absent_event
    event = known.isin(happened)
    if strange.any():
        counts = codes[strange].value_counts()
        shown = ", ".join(f"{value!r} ({count})" for value, count in counts.head(6).items())
        rule, remedy = _coding(codes[~absent_event], happened, censored)
        problems.append(
            Problem(
                f"{table.path}, {endpoint.event_column}",
                f"{count_of(int(strange.sum()), 'value')} outside the vocabulary: {shown}; {table.rows(strange)}",
                f"Events are {', '.join(endpoint.event_values)}; censored are {', '.join(endpoint.censored_values)}."
                f" {rule}".rstrip(),
                remedy,
            )
        )
    times = read_times(table, endpoint, event, known.isin(censored))
    time, absent_time, broken = times.time, times.absent, times.broken
    problems += [*times.problems, *too_long(table, endpoint, times, longest_years)]
    left_out = []
    for patient, no_time, no_event, had in zip(patients, absent_time, absent_event, event):
        if no_time or no_event:
            what = " and ".join(name for name, gone in (("time", no_time), ("event", no_event)) if gone)
            status = "" if no_event else "event" if had else "censored"
            left_out.append(LeftOut(str(patient), f"no {what} for {endpoint.name}", status))
    keep = ~(absent_time | absent_event | strange | broken)
    outcomes = pd.DataFrame(
        {
            "patient_id": patients[keep].to_numpy(),
            "time": time[keep].to_numpy() * MONTHS[endpoint.time_unit],
            "event": event[keep].to_numpy(),
        }
    )
    return ReadOutcomes(outcomes, left_out, problems, times.notices)


def dependence(outcomes: pd.DataFrame, left_out: Sequence[LeftOut]) -> Dependence:
    """Being left out against having had the event, over the patients whose event is known."""
    lost = {status: sum(item.event == status for item in left_out) for status in ("event", "censored", "")}
    kept = int(outcomes["event"].sum()), int((~outcomes["event"]).sum())
    p_value = 1.0
    if lost["event"] or lost["censored"]:
        from scipy.stats import fisher_exact  # its import takes a second of CPU

        p_value = float(fisher_exact([[lost["event"], kept[0]], [lost["censored"], kept[1]]]).pvalue)
    return Dependence(
        lost["event"], lost["event"] + kept[0], lost["censored"], lost["censored"] + kept[1], lost[""], p_value
    )


def left_out_by_reason(left_out: Sequence[LeftOut]) -> dict[str, dict[str, int]]:
    """{reason: {"event", "censored", "unknown": how many patients}} of those without a usable outcome, in the file's order."""
    counts: dict[str, dict[str, int]] = {}
    for item in left_out:
        of_reason = counts.setdefault(item.reason, {"event": 0, "censored": 0, "unknown": 0})
        of_reason[item.event or "unknown"] += 1
    return counts


def coding_problems(
    table: Table, outcomes: pd.DataFrame, left_out: Sequence[LeftOut], endpoint: Endpoint, parameters: CohortParameters
) -> list[Problem]:
    """Errors of the outcomes of a whole table: no censored patient although the column has several codes (unless
    `complete_follow_up`), no event, or more than `largest_lost_share` of the events left out while being left out depends on
    the event."""
    column = f"{table.path}, {endpoint.event_column}"
    problems = []
    events, patients = int(outcomes["event"].sum()), len(outcomes)
    values = table.cells[endpoint.event_column].str.strip()
    present = sorted({normalised_code(value) for value in values[~missing_cells(values)]})
    lost_censored = any(item.event == "censored" for item in left_out)
    if len(present) > 1 and nobody_censored(outcomes, endpoint) and not lost_censored:
        hint = _coding(values[~missing_cells(values)], set(), set())[1] if set(present) == {"1", "2"} else ""
        problems.append(
            Problem(
                column,
                f"all {count_of(patients, 'patient')} had the event, nobody is censored "
                f"(values {', '.join(map(repr, present[:6]))})",
                "A cohort followed for a limited time has censored patients; R's survival package codes 1 = censored, 2 = dead.",
                f"{hint or 'Move the values that mean censored to endpoint.censored_values.'} If everybody was followed to the "
                "event, set endpoint.complete_follow_up: true.",
            )
        )
    if patients >= ENOUGH_TO_ASK and events == 0:
        problems.append(
            Problem(
                column,
                f"0 events among {count_of(patients, 'patient')}: everybody is censored "
                f"(values {', '.join(map(repr, present[:6]))})",
                "Without an event nothing can be learnt or judged.",
                "Is another value the event, or another column the endpoint's? Mend endpoint.event_values or event_column.",
            )
        )
    found = dependence(outcomes, left_out)
    shares = found.events_left_out / max(found.events, 1), found.censored_left_out / max(found.censored, 1)
    if found.p_value < parameters.dependent_exclusions and max(shares) > parameters.largest_lost_share:
        problems.append(
            Problem(
                f"{table.path}, {endpoint.time_column}",
                f"{found}, for they have no time (Fisher's exact p = {found.p_value:.1g})",
                "Who is left out may not depend on the outcome: survival would be overstated or understated. GDC writes the "
                "time of the dead into days_to_death and leaves days_to_last_follow_up empty.",
                (
                    f"{_event_time_columns(table, endpoint)} Name the column with the time of the event in "
                    "endpoint.event_time_column"
                    if shares[0] > shares[1]
                    else "Name the column of the last contact in endpoint.time_column, and set endpoint.event_time_column: "
                    f"{endpoint.time_column}"
                ).strip()
                + "; where the times are lost, raise parameters.cohort.largest_lost_share: the study "
                "then runs with a failed check.",
            )
        )
    return problems


def nobody_censored(outcomes: pd.DataFrame, endpoint: Endpoint) -> bool:
    """Whether all of enough patients had the event and the study does not say that this is so."""
    return len(outcomes) >= ENOUGH_TO_ASK and bool(outcomes["event"].all()) and not endpoint.complete_follow_up


def _event_time_columns(table: Table, endpoint: Endpoint) -> str:
    """A sentence on the columns that hold a number for every patient with the event whose time is missing; "" without one."""
    happened = {normalised_code(value) for value in endpoint.event_values}
    codes = table.cells[endpoint.event_column].map(lambda code: normalised_code(code.partition(":")[0]))
    codes = codes.where(codes.isin(happened), table.cells[endpoint.event_column].map(normalised_code))
    lacking = codes.isin(happened) & missing_cells(table.cells[endpoint.time_column])
    found = []
    for column in table.cells:
        if not set(words_of(str(column))) & {"days", "time", "months", "years", "death", "event"}:
            continue
        if pd.to_numeric(table.cells[column][lacking], errors="coerce").notna().all():
            other = unit_in_name(str(column), endpoint.time_unit)
            found.append(repr(str(column)) + (f" (convert it to {endpoint.time_unit} first)" if other else ""))
    return f"All {int(lacking.sum())} of them have a number in {', '.join(found)}." if found and lacking.any() else ""


def unit_in_name(column: str, stated: str) -> str:
    """The unit of time that a column's name says, where it is another than `stated`; "" otherwise."""
    named = [unit for unit in MONTHS if {unit, unit[:-1]} & set(words_of(column))]
    return " and ".join(named) if named != [stated] else ""


def questions(table: Table, outcomes: pd.DataFrame, endpoint: Endpoint) -> list[Problem]:
    """Unusual outcomes that may be right: no censored patient, a unit that contradicts the column's name or the length of
    follow-up, and a column named after censoring whose 1 is read as the event."""
    asked = []
    event_column = f"{table.path.name}, {endpoint.event_column}"
    if nobody_censored(outcomes, endpoint):
        cells = table.cells[endpoint.event_column]
        only_ones = {normalised_code(cell) for cell in cells[~missing_cells(cells)]} == {"1"}
        asked.append(
            Problem(
                event_column,
                f"all {count_of(len(outcomes), 'patient')} had the event, nobody is censored",
                "A cohort followed for a limited time has censored patients."
                + (
                    " Where 1 = censored and 2 = dead, as in R, a column of ones says that nobody died."
                    if only_ones
                    else ""
                ),
                "Were the censored left out of the table? If everybody was followed to the event, set "
                "endpoint.complete_follow_up: true.",
            )
        )
    columns = [name for name in (endpoint.time_column, endpoint.event_time_column) if name is not None]
    for place, column in enumerate(columns):
        if named := unit_in_name(column, endpoint.time_unit):
            others = [name for name in columns if name != column]
            alone = any(
                not unit_in_name(name, endpoint.time_unit) and (place or endpoint.time_unit in words_of(name))
                for name in others
            )
            asked.append(
                Problem(
                    f"{table.path.name}, {column}",
                    f"time_unit {endpoint.time_unit}",
                    f"The column's name says {named}.",
                    f"Convert the column to {endpoint.time_unit}, unless the name is wrong."
                    if alone
                    else f"Set endpoint.time_unit: {named.split()[0]}, unless the name is wrong.",
                )
            )
    if len(outcomes) >= ENOUGH_TO_ASK:
        longest = float(outcomes["time"].max()) / 12
        if not USUAL_FOLLOW_UP[0] <= longest <= USUAL_FOLLOW_UP[1]:
            other = likely_unit(outcomes["time"].to_numpy() / MONTHS[endpoint.time_unit], endpoint.time_unit)
            asked.append(
                Problem(
                    f"{table.path.name}, {' and '.join(columns)}",
                    f"the longest follow-up is {longest:.2g} years under time_unit {endpoint.time_unit}",
                    "The longest follow-up of a cohort usually lies between "
                    f"{USUAL_FOLLOW_UP[0]:g} and {USUAL_FOLLOW_UP[1]:g} years.",
                    f"{other} If the unit is right, nothing is to be done.".strip(),
                )
            )
    codes = {normalised_code(value) for value in endpoint.event_values}
    if set(words_of(endpoint.event_column)) & set(CENSORING_COLUMN) and "1" in codes and len(outcomes):
        seen = {normalised_code(value) for value in table.cells[endpoint.event_column]}
        if "1" in seen:
            asked.append(
                Problem(
                    event_column,
                    f"1 is read as the event: {count_of(int(outcomes['event'].sum()), 'event')} among "
                    f"{count_of(len(outcomes), 'patient')}",
                    "The column's name speaks of censoring or of being alive, where 1 often means no event.",
                    'If so, set endpoint.event_values: ["0"] and endpoint.censored_values: ["1"].',
                )
            )
    return asked


def asked(summary: Values) -> list[str]:
    """The questions in the summary of clinical records, one sentence each."""
    return [str(Problem(**item)) for item in summary["questions"]]


def how_read(summary: Values) -> str:
    """Events, patients and unit of the outcomes in the summary of clinical records, in words."""
    patients = summary["patients_with_outcome"]
    told = f"{count_of(summary['events'], 'event')} among {count_of(patients, 'patient')}"
    return f"{told}, time read in {summary['time_unit_in_file']}"


def older_than_a_life(
    table: Table,
    endpoint: Endpoint,
    months: pd.Series,
    age_years: np.ndarray | None,
    oldest: float,
) -> list[Problem]:
    """A problem where age at baseline and follow-up (`months`, NaN for none) are together beyond `oldest` years."""
    if age_years is None:
        return []
    reached = age_years + months.to_numpy(np.float64) / 12
    beyond = np.nan_to_num(reached, nan=0.0) > oldest
    if not beyond.any():
        return []
    first = int(np.flatnonzero(beyond)[0])
    known = months.dropna().to_numpy() / MONTHS[endpoint.time_unit]
    return [
        Problem(
            f"{table.path}, {endpoint.time_column}",
            f"{count_of(int(beyond.sum()), 'patient')} would be older than {oldest:g} years at the end of follow-up: aged "
            f"{age_years[first]:g}, followed for {months.iloc[first] / 12:.3g} years ({table.rows(beyond)})",
            f"Follow-up is read in {endpoint.time_unit}.",
            likely_unit(known, endpoint.time_unit) or "Mend these rows, or endpoint.time_unit, or the unit of the age.",
        )
    ]


def _coding(codes: pd.Series, happened: set[str], censored: set[str]) -> tuple[str, str]:
    """(what the codes look like, the vocabulary to set) of all codes in a column; vocabularies as the study has them."""
    spelt: dict[str, str] = {}
    for value in codes.unique():
        spelt.setdefault(normalised_code(value), value)

    def listed(*names: str) -> str:
        return "[" + ", ".join(f'"{spelt[name]}"' for name in names) + "]"

    def both(one: Sequence[str], other: Sequence[str]) -> str:
        return f"endpoint.event_values: {listed(*one)} and endpoint.censored_values: {listed(*other)}"

    values = set(spelt)
    if values == {"1", "2"}:
        dead = int((codes.map(normalised_code) == "2").sum())
        return (
            f"The column holds 1 and 2: R's survival package codes 1 = censored, 2 = dead; so read, {dead} of {len(codes)} are "
            "events.",
            f"If so, set {both(['2'], ['1'])}.",
        )
    if values == {"0", "1", "2"}:
        return (
            "0, 1 and 2 is how competing events are coded: 0 = censored, 1 = the event of interest, 2 = another event.",
            f"To censor at the other event, set {both(['1'], ['0', '2'])}; for any event, {both(['1', '2'], ['0'])}.",
        )
    if values == {"1", "4"}:
        return "1 and 4 is SEER's coding: 1 = alive, 4 = dead.", f"If so, set {both(['4'], ['1'])}."
    said = {name: set(re.findall(r"[a-z]+", name)) for name in values}
    dies = sorted(
        name for name in values if name in happened or (name not in censored and said[name] & set(EVENT_WORDS))
    )
    lives = sorted(
        name for name in values if name in censored or (name not in happened and said[name] & set(CENSORED_WORDS))
    )
    undecided = sorted(values - set(dies) - set(lives))
    doubtful = sorted(set(dies) & set(lives))
    if not undecided and not doubtful and dies and lives:
        return "", f"If the words mean what they say, set {both(dies, lives)}."
    return (
        "",
        "Put every value of the column into one of endpoint.event_values and endpoint.censored_values; a value for not known "
        "belongs into an empty cell.",
    )
