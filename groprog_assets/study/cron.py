"""Cron lines: minute, hour, day of month, month, day of week, as in crontab(5). Standard library only."""

from __future__ import annotations

import calendar

from groprog_assets.study.text_tables import count_of

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
)
_LONGEST = {month: 29 if month == 2 else calendar.monthrange(2023, month)[1] for month in range(1, 13)}


def cron_problem(line: str) -> str:
    """Why a cron line is none or names a time that never comes; "" when it is one.

    A line with a day of the week comes by that day, whatever its day of the month (crontab(5)).
    """
    given = line.split()
    if len(given) != len(_FIELDS):
        return f"{count_of(len(given), 'field')}, not five: minute, hour, day of month, month, day of week"
    found: list[set[int]] = []
    for text, (name, low, high, names) in zip(given, _FIELDS, strict=True):
        values: set[int] = set()
        for part in text.lower().split(","):
            span, _, step = part.partition("/")
            first, dash, last = span.partition("-")
            ends = (
                (low, high) if span == "*" else tuple(_number(end, names) for end in (first, last if dash else first))
            )
            if names is _DAYS and dash and ends[1] == 0:
                ends = (ends[0], 7)  # Sunday, as the last day
            if None in ends or not low <= ends[0] <= ends[1] <= high:  # type: ignore[operator]
                return f"{name} {part!r}; it is between {low} and {high}"
            every = _number(step, {}) if step else 1
            if not every:
                return f"{name} {part!r}; a step is 1 or more"
            stop = high if step and not dash else ends[1]
            values |= set(range(ends[0], stop + 1, every))  # type: ignore[arg-type,operator]
        found.append(values)
    days, months = found[2], found[3]
    if given[4] == "*" and not any(day <= _LONGEST[month] for day in days for month in months):
        return f"day {given[2]} of month {given[3]} never comes"
    return ""


def _number(text: str, names: dict[str, int]) -> int | None:
    return names.get(text, int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else None)
