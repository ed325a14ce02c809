"""What a site answers: sums over its subjects that give nobody away, or a reason why it takes no part. Tables in, JSON out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.federation.requests import Request
from groprog_assets.tables.values import Document

LARGEST_SHARE = 0.5
"""A subject whose weight exp(x b) is above this share of all weights would be seen through the sums."""


class SiteData(NamedTuple):
    """The subjects of a site: `records` (clinical_records), `time` (n,) months, `event` (n,) bool, in one order."""

    records: pd.DataFrame
    time: np.ndarray
    event: np.ndarray


class Absent(Exception):
    """The site takes no part in this request; the text says by which rule, and no number of the site."""


class TooFar(Absent):
    """The coefficients single a subject out; those nearer to the last round's may not."""


def site_answer(data: SiteData, asked: Request) -> Document:
    """{takes_part, too_far, reason, payload} of one site. Raises CohortError for fields that the site does not have."""
    try:
        return {"takes_part": True, "too_far": False, "reason": "", "payload": _payload(data, asked)}
    except Absent as told:
        return {"takes_part": False, "too_far": isinstance(told, TooFar), "reason": str(told), "payload": {}}


def _payload(data: SiteData, asked: Request) -> Document:
    if asked.question == "counts":
        return _counts(data, asked)
    columns = np.column_stack([_column(data.records, field) for field in asked.fields]) if asked.fields else None
    columns = np.empty((len(data.time), 0)) if columns is None else columns
    if asked.question == "moments":
        return _moments(columns, asked)
    whole = np.isfinite(columns).all(axis=1)
    columns, time, event = columns[whole], data.time[whole], data.event[whole]
    _enough(columns, event, asked)
    month = whole_months(time, asked.months)
    if asked.stage == "first":
        steps, deaths = np.unique(month[event], return_counts=True)
        moments = {"sum": columns.sum(axis=0).tolist(), "squares": (columns**2).sum(axis=0).tolist()}
        return {"n": len(columns), "steps": steps.tolist(), "events": deaths.tolist(), **moments}
    place = np.searchsorted(np.asarray(asked.grid), month)
    if asked.question == "kaplan-meier":
        return _at_risk(place, event, len(asked.grid))
    scaled = (columns - np.asarray(asked.centre)) / np.asarray(asked.scale)
    return cox_sums(scaled, place, event, np.asarray(asked.coefficients), len(asked.grid))


def _moments(columns: np.ndarray, asked: Request) -> Document:
    """n, sum and sum of squares of each field (p lists) over the subjects who have a value of it, whatever others they lack.

    So a field's sums are the same beside any other, and no two requests show the value of who lacks another.
    """
    known = [column[np.isfinite(column)] for column in columns.T]
    for field, values in zip(asked.fields, known, strict=True):
        if len(values) < 2 * asked.least:
            raise Absent(f"fewer than {2 * asked.least} subjects with {field}")
        _no_small_value(field, values, asked.least)
    return {
        "n": [len(values) for values in known],
        "sum": [float(values.sum()) for values in known],
        "squares": [float((values**2).sum()) for values in known],
    }


def whole_months(time: np.ndarray, step: int) -> np.ndarray:
    """Follow-up (n,) in months -> the number of steps of `step` months, rounded up, int64; 0 stays 0.

    >>> whole_months(np.array([0.0, 0.2, 1.0, 1.5]), 1).tolist()
    [0, 1, 1, 2]
    """
    return np.ceil(np.asarray(time, dtype=np.float64) / step - 1e-9).astype(np.int64).clip(0)


def cox_sums(
    columns: np.ndarray, place: np.ndarray, event: np.ndarray, coefficients: np.ndarray, points: int
) -> Document:
    """Sums of the Efron likelihood at each of `points` grid times: over the risk set and over its events.

    columns (n, p) scaled; place (n,) int, the first grid time not before the subject's, `points` after the last; event (n,)
    bool; coefficients (p,). With w = exp(columns b): `risk` sums of w, w x, w x x' over place >= i; `dead` the same over the
    events at i; `dead_x` sums of x and `events` the number of these. A subject censored between two grid times counts as at
    risk at the later. Raises `TooFar` where one weight is above `LARGEST_SHARE` of all.
    Source: Efron, doi:10.1080/01621459.1977.10480613; sums as in distributed Cox regression (WebDISCO, doi:10.1093/jamia/ocv083).
    """
    with np.errstate(over="ignore"):
        weight = np.exp(columns @ coefficients)
    seen_through = weight.max() > LARGEST_SHARE * weight.sum()
    if seen_through or not np.isfinite(weight).all():
        raise TooFar("at these coefficients the sums would be those of one subject")
    p = columns.shape[1]
    terms = np.hstack(
        [
            weight[:, None],
            weight[:, None] * columns,
            (weight[:, None, None] * columns[:, :, None] * columns[:, None, :]).reshape(len(columns), p * p),
        ]
    )
    per_place = np.zeros((points + 1, terms.shape[1]))
    np.add.at(per_place, place, terms)
    risk = np.cumsum(per_place[::-1], axis=0)[::-1][:points]
    fallen = event & (place < points)
    dead, moved, count = np.zeros((points, terms.shape[1])), np.zeros((points, p)), np.zeros(points, dtype=np.int64)
    np.add.at(dead, place[fallen], terms[fallen])
    np.add.at(moved, place[fallen], columns[fallen])
    np.add.at(count, place[fallen], 1)
    return {"risk": risk.tolist(), "dead": dead.tolist(), "dead_x": moved.tolist(), "events": count.tolist()}


def _at_risk(place: np.ndarray, event: np.ndarray, points: int) -> Document:
    """Subjects at risk and events at each grid time."""
    at_risk = np.array([int((place >= i).sum()) for i in range(points)])
    events = np.bincount(place[event & (place < points)], minlength=points)
    return {"at_risk": at_risk.tolist(), "events": events.tolist()}


def _counts(data: SiteData, asked: Request) -> Document:
    """{field: {level: subjects}}; levels of fewer than `least` subjects are joined, with the next smallest if need be."""
    found: Document = {}
    for field in asked.fields:
        if field not in data.records.columns:
            raise _unknown(field, data.records)
        counts = data.records[field].dropna().astype(str).value_counts().sort_values(kind="stable")
        small: list[object] = []
        joined = 0
        for level, count in counts.items():
            if count >= asked.least and (not small or joined >= asked.least):
                break
            small.append(level)
            joined += int(count)
        if small and joined < asked.least:
            raise Absent(f"{field} has fewer than {asked.least} subjects")
        shown = {str(level): int(count) for level, count in counts.items() if level not in small}
        found[field] = {"levels": dict(sorted(shown.items())), "other": joined}
    return found


def _enough(columns: np.ndarray, event: np.ndarray, asked: Request) -> None:
    least = 2 * asked.least
    if len(columns) < least or int(event.sum()) < least:
        raise Absent(f"fewer than {least} events with every field")
    for k, field in enumerate(asked.fields):
        values = _no_small_value(field, columns[:, k], asked.least)
        if len(values) == 2:
            fallen = min(int((event & (columns[:, k] == value)).sum()) for value in values)
            if 0 < fallen < asked.least:
                raise Absent(f"{field} has a value with fewer than {asked.least} events")


def _no_small_value(field: str, column: np.ndarray, least: int) -> np.ndarray:
    """The distinct values of a field. Absent where there are two at most, and fewer than `least` subjects have one."""
    values, counts = np.unique(column, return_counts=True)
    if len(values) <= 2 and counts.min() < least:
        raise Absent(f"{field} has a value that fewer than {least} subjects have")
    return values


def _column(records: pd.DataFrame, field: str) -> np.ndarray:
    """(n,) float64 of a field, or of the indicator of a level, `sex=female`; NaN where it is missing."""
    name, _, level = field.partition("=")
    if name not in records.columns:
        raise _unknown(name, records)
    values = records[name]
    if level:
        known = values.dropna().astype(str)
        if level not in set(known):
            rule = f"{name} holds {', '.join(sorted(set(known))[:10])}."
            raise CohortError(Problem(f"request, fields, {field}", "no such level", rule, "Ask for one of them."))
        return np.where(values.isna(), np.nan, (values.astype(str) == level).astype(np.float64))
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.isna().sum() > values.isna().sum():
        rule = f"A field of categories is asked for by level, such as {name}={values.dropna().iloc[0]}."
        raise CohortError(Problem(f"request, fields, {field}", "no numbers", rule, "Name a level."))
    return numbers.to_numpy(np.float64)


def _unknown(name: str, records: pd.DataFrame) -> CohortError:
    rule = f"This cohort has {', '.join(sorted(set(records.columns) - {'patient_id'}))}."
    return CohortError(Problem(f"request, fields, {name}", "no such field", rule, "Agree on names between the sites."))
