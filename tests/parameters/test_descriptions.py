"""What is said of an asset and of its columns holds for every study: it tells no number that a study may change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from groprog_assets.definitions import defs
from groprog_assets.graph.specification import SPECIFICATIONS, Specification
from groprog_assets.study.parameters import Parameters
from groprog_assets.tables import TABLES

assert defs, "loading them registers the assets and what they declare"

PARAMETERS = Parameters()
UNITS = {"bp": 1, "kb": 1000, "kilobase": 1000, "%": 0.01, "months": 1}
STATED = re.compile(
    r"(?P<bound>[<>]=?\s*|[\[(][+-]?|, [+-]|\bq(?=\d))?(?P<number>\d[\d,]*(?:\.\d+)?|\ba(?= kilobase))"
    r"(?:[ -](?P<unit>bp|kb|kilobase|%|months)(?!\w))?"
)


def stated(text: str) -> set[float]:
    """Lengths, times, shares and bounds in a text, in bp, months and fractions. Other numbers count nothing that a study sets."""
    found = set()
    for match in STATED.finditer(text):
        bound, number, unit = match["bound"], match["number"].replace(",", ""), match["unit"]
        if unit or bound:
            value = 1.0 if number == "a" else float(number)
            found.add(value * (UNITS[unit] if unit else 0.01 if bound == "q" else 1))
    return found


def defaults(section: Any) -> Iterator[float]:
    """Every number of a group of parameters, without its sign."""
    for value in dict(section).values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, int | float) and not isinstance(part, bool):
                yield abs(float(part))


def texts(asset: Specification) -> Iterator[str]:
    yield asset.function.__doc__ or ""
    for name in [asset.tables] if isinstance(asset.tables, str) else asset.tables.values():
        if name:
            yield TABLES[name].row
            yield from (f"{column.meaning}; {column.unit}" for column in TABLES[name].columns)


@pytest.mark.parametrize(
    "text",
    [
        "counts in windows of 50 bp",
        "windows of 0.05 kb",
        "50-bp windows",
        "reads in [-50, +200)",
        "P < 50",
        "at most 5,000 %",
    ],
)
def test_a_number_with_a_unit_or_as_a_bound_is_seen(text: str):
    assert 50 in stated(text)


def test_other_numbers_are_not():
    assert not stated("eq. 50, Table 50, 50 numbers, log2, p-50")
    assert stated("q01 and within a kilobase") == {0.01, 1000}


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_no_description_tells_a_number_that_a_study_may_change(name: str):
    asset = SPECIFICATIONS[name]
    groups = {part.split(".")[1] for part in asset.sections if part.startswith("parameters.")}
    changeable = {value for group in groups for value in defaults(getattr(PARAMETERS, group))}
    told = {text: changeable & (stated(text) - {0.0}) for text in texts(asset)}
    assert not {text: numbers for text, numbers in told.items() if numbers}, "name the parameter instead"
