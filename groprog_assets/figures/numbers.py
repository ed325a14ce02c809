"""Number formatting for figures, report, pages and the command line: rounding and digit grouping.

A printed number parses back to the value within half a unit of its last printed place. A missing value is a dash. Standard
library only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from groprog_assets.tables.values import Value

MISSING = "–"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
ONE_MODEL = "none: one model"
"""Instead of the interval of a risk that is not the mean of several models."""


def number(value: Value, digits: int = 3) -> str:
    """A value for a reader: grouped thousands, at least `digits` significant digits, no trailing zeros.

    Whole numbers are written in full, other numbers from 1,000 on to the unit, those under 0.001 with two places and a power of
    ten. Yes or no for a truth value; the items of a list or mapping one after another; other text as it is; a dash for missing.
    """
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value or MISSING
    if isinstance(value, list | tuple):
        return ", ".join(number(item, digits) for item in value) or MISSING
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number(item, digits)}" for key, item in value.items()) or MISSING
    if isinstance(value, int):
        return _minus(f"{value:,}")
    try:
        real = _real(value)
    except ValueError:
        return str(value)
    if real is None:
        return MISSING
    if math.isinf(real):
        return "∞" if real > 0 else "−∞"
    if real == int(real) and abs(real) < 1e15:
        return _minus(f"{int(real):,}")
    if abs(real) >= 1000:
        return _minus(f"{real:,.0f}")
    if abs(real) >= 1e-3:
        text = f"{real:,.{max(0, digits - 1 - math.floor(math.log10(abs(real))))}f}"
        return _minus(text.rstrip("0").rstrip(".") if "." in text else text)
    mantissa, exponent = f"{real:.1e}".split("e")
    return f"{_minus(mantissa)} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def fixed(value: Value, places: int = 3) -> str:
    """A value with `places` decimals, so that a column of them lines up; a dash for missing and infinite, never "−0"."""
    real = _real(value)
    if real is None or not math.isfinite(real):
        return MISSING
    return _minus(f"{real:z.{places}f}")


def interval(lower: Any, upper: Any, places: int = 3) -> str:
    """A 95 % interval as text: `0.612 to 0.701`, or a dash when a bound is missing."""
    bounds = [fixed(lower, places), fixed(upper, places)]
    return MISSING if MISSING in bounds else " to ".join(bounds)


def members_interval(lower: Any, upper: Any, places: int = 3) -> str:
    """The interval of a risk from the spread of the models of an ensemble; in words where there is one (equal bounds)."""
    return ONE_MODEL if lower == upper else interval(lower, upper, places)


def p_value(value: Value) -> str:
    """A probability: three decimals, scientific below 0.001, a dash for missing."""
    real = _real(value)
    if real is None:
        return MISSING
    return number(real, 2) if real < 1e-3 else f"{real:.3f}"


def percent(share: Any, places: int = 0) -> str:
    """A share (0 to 1) in per cent. Only an exact 0 is written as 0, and only an exact 1 as 100; a dash for missing."""
    real = _real(share)
    if real is None:
        return MISSING
    least, rounded = 10.0**-places, round(100 * real, places)
    if real > 0 and rounded == 0:
        return f"<{least:.{places}f} %"
    if real < 1 and rounded == 100:
        return f">{100 - least:.{places}f} %"
    return f"{fixed(100 * real, places)} %"


def span(least: str, most: str) -> str:
    """A range of two written numbers, `5 to 9`; one of them where both are written alike."""
    return least if least == most else f"{least} to {most}"


def counted(count: int, known: int) -> str:
    """A count and its share of the known: `137 (34 %)`; a dash where none is known."""
    return f"{count:,} ({percent(count / known)})" if known else MISSING


def median_quartiles(median: Any, lower: Any, upper: Any) -> str:
    """A median with its quartiles, four places each: `61.5 (50.2–70)`; a dash for missing."""
    return f"{number(median, 4)} ({number(lower, 4)}–{number(upper, 4)})" if _real(median) is not None else MISSING


def size(count: Any) -> str:
    """Bytes with three digits in B, kB, MB or GB."""
    amount = _real(count)
    if amount is None:
        return MISSING
    for unit in ("B", "kB", "MB"):
        if round(amount) < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.0f} GB" if amount >= 100 else f"{amount:.1f} GB"


def _real(value: Value) -> float | None:
    """The value as a float; None where it is missing (None, NaN, pandas' NA). ValueError for what is no number."""
    if value is None or type(value).__name__ == "NAType":
        return None
    try:
        real = float(value)
    except TypeError:
        raise ValueError(f"{value!r} is no number") from None
    return None if math.isnan(real) else real


def _minus(text: str) -> str:
    return text.replace("-", "−")
