"""Bounds that every number and path of a study file keeps, whatever it means. Standard library only."""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import Any

LARGEST_WHOLE = (1 << 31) - 1
"""Of counts and bp: positions and counts are stored in 32 bits."""
LARGEST = 1e12
LONGEST_NAME = 255
"""Bytes of a file's name, as file systems have it."""
MOST_MONTHS = 1200.0
"""Months in a parameter: nobody is followed for more than a century."""


def within_bounds(value: Any, unit: str = "") -> Any:
    """`value`, a number, a path, or a list, tuple or mapping of them. ValueError for one that is beyond all measure."""
    if isinstance(value, dict):
        for item in value.values():
            within_bounds(item, unit)
    elif isinstance(value, list | tuple):
        for item in value:
            within_bounds(item, unit)
    elif isinstance(value, PurePath) and any(len(part.encode(errors="replace")) > LONGEST_NAME for part in value.parts):
        raise ValueError(f"a name in a path has at most {LONGEST_NAME} bytes")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    elif isinstance(value, int | float) and unit == "months" and not 0 <= value <= MOST_MONTHS:
        raise ValueError(f"months are between 0 and {MOST_MONTHS:,.0f}")
    elif isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise ValueError(f"a whole number is at most {LARGEST_WHOLE:,}")
    elif isinstance(value, float) and abs(value) > LARGEST:
        raise ValueError(f"a number is at most {LARGEST:,.0f}")
    return value
