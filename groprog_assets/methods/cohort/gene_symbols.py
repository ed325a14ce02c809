"""Detection of gene symbols that a spreadsheet changed to dates or serial numbers, such as MARCH1, SEPT2 and DEC1.

Source: Ziemann, Eren, El-Osta, Genome Biology 17:177 (2016); Bruford et al., Nature Genetics 52:754 (2020), for the new symbols.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable

from groprog_assets.study.text_tables import count_of

MONTHS = {
    **{
        "jan": 1,
        "feb": 2,
        "mar": 3,
        "apr": 4,
        "may": 5,
        "jun": 6,
        "jul": 7,
        "aug": 8,
        "sep": 9,
        "oct": 10,
        "nov": 11,
        "dec": 12,
    },
    **{
        "sept": 9,
        "march": 3,
        "mrz": 3,
        "mär": 3,
        "märz": 3,
        "mai": 5,
        "okt": 10,
        "dez": 12,
        "mars": 3,
        "déc": 12,
        "dic": 12,
    },
}
"""Abbreviated months of spreadsheets in English and, for months with genes, in other languages."""
GENES = {
    **{(3, k): [f"MARCH{k} (now MARCHF{k})"] for k in range(1, 12)},
    **{(9, k): [f"SEPT{k} (now SEPTIN{k})"] for k in range(1, 15)},
    (9, 15): ["SEP15 (now SELENOF)"],
    (12, 1): ["DEC1 (now DELEC1 or BHLHE40)"],
    (12, 2): ["DEC2 (now BHLHE41)"],
    **{(10, k): [f"OCT{k} (now {name})"] for k, name in ((1, "POU2F1"), (2, "POU2F2"), (3, "POU5F1"), (4, "POU5F1"))},
    (10, 6): ["OCT6 (now POU3F1)"],
    (11, 1): ["NOV (now CCN3)"],
}
"""{(month, day): symbols that a spreadsheet turns into this date}."""
GENES[3, 1].append("MARC1 (now MTARC1)")
GENES[3, 2].append("MARC2 (now MTARC2)")

_NUMBER_FIRST = re.compile(r"(\d{1,2})[-. /]+([a-zéä]{3,5})\.?(?:[-. /]+\d{2,4})?", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"([a-zéä]{3,5})\.?[-. /]+(\d{2})(?:[-,. /]+\d{2,4})?", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]00:00(?::00)?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})")
_SERIAL = re.compile(r"[2-5]\d{4}(?:\.0)?")
FIRST_DAY = datetime.date(1899, 12, 30)
"""Day 0 of a spreadsheet's serial numbers, for days after February 1900."""
MOST_NUMBERS = 0.05
"""Numbers may be serial numbers of dates up to this share of the symbols; above it, the column holds gene ids."""


def spoiled_symbols(symbols: Iterable[str]) -> dict[str, list[str]]:
    """{symbol that is a date: the likely symbols}, in the order of the file; an empty list where no known gene makes this date.

    A number is a date only when most symbols are not numbers, and only when it is the serial number of a day that a gene name
    gives: 44256 is 1 March 2021.
    """
    distinct = list(dict.fromkeys(symbols))
    numbers = sum(symbol.isdigit() for symbol in distinct)
    serials = numbers <= max(MOST_NUMBERS * len(distinct), 1)
    spoiled = {}
    for symbol in distinct:
        if not any(character.isdigit() for character in symbol):
            continue
        days = _days(symbol)
        if not days and serials and _SERIAL.fullmatch(symbol):
            day = FIRST_DAY + datetime.timedelta(days=int(float(symbol)))
            days = [(day.month, day.day)] if (day.month, day.day) in GENES else []
        if days:
            spoiled[symbol] = [gene for day in days for gene in GENES.get(day, [])]
    return spoiled


def told(spoiled: dict[str, list[str]], symbols: Iterable[str], most: int = 8) -> str:
    """The changed symbols as text: each with its number of rows and the likely genes."""
    rows = Counter(symbols)
    parts = [
        f"{symbol!r}"
        + (f" in {count_of(rows[symbol], 'row')}" if rows[symbol] > 1 else "")
        + (f": {' or '.join(genes)}" if genes else "")
        for symbol, genes in list(spoiled.items())[:most]
    ]
    return "; ".join(parts) + (f"; and {len(spoiled) - most} more" if len(spoiled) > most else "")


def _days(symbol: str) -> list[tuple[int, int]]:
    """(month, day) that the text can mean; empty where it is no date."""
    if match := _NUMBER_FIRST.fullmatch(symbol):
        month, day = MONTHS.get(match[2].casefold()), int(match[1])
        return [(month, day)] if month and 1 <= day <= 31 else []
    if match := _MONTH_FIRST.fullmatch(symbol):
        month, day = MONTHS.get(match[1].casefold()), int(match[2])
        return [(month, day)] if month and 1 <= day <= 31 else []
    if match := _YEAR_FIRST.fullmatch(symbol):
        return _valid([(int(match[2]), int(match[3]))])
    if match := _YEAR_LAST.fullmatch(symbol):
        first, second = int(match[1]), int(match[2])
        return _valid(list(dict.fromkeys([(first, second), (second, first)])))
    return []


def _valid(days: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(month, day) for month, day in days if 1 <= month <= 12 and 1 <= day <= 31]
