"""Conversion of laboratory values recorded in several units to the unit of their field. Arrays in, arrays out; no outcomes.

A file that mixes g/dl with g/l does not say which row is which. The study states the plausible range of each unit; ranges do
not overlap, so a value has at most one interpretation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from groprog_assets.study.schema import UnitRange

NO_UNIT = "no stated unit"


class Recorded(NamedTuple):
    """values (n,) float64 in the field's unit, NaN where missing or in no stated range; unit (n,): the name of the unit each
    was recorded in, NO_UNIT for values in no range, "" for missing ones."""

    values: np.ndarray
    unit: np.ndarray

    def counts(self) -> dict[str, int]:
        """{unit: how many values were recorded in it}, NO_UNIT last; units without a value are left out."""
        names, counts = np.unique(self.unit[self.unit != ""], return_counts=True)
        found = dict(zip(names.tolist(), counts.tolist()))
        return dict(sorted(found.items(), key=lambda item: (item[0] == NO_UNIT, -item[1])))


def in_stated_unit(values: np.ndarray, units: Sequence[UnitRange]) -> Recorded:
    """Each of `values` (n,) times the factor of the one range [lowest, highest] that holds it.

    A value in no range becomes NaN: it is a typing error, or in a unit that was not stated. Without `units` all values are kept
    and their unit is "". Each value is interpreted on its own.

    >>> from groprog_assets.study.schema import UnitRange
    >>> stated = [UnitRange(unit="g/dl", lowest=1, highest=6.5), UnitRange(unit="g/l", lowest=10, highest=65, factor=0.1)]
    >>> in_stated_unit(np.array([4.1, 39.0, 520.0]), stated).values.tolist()
    [4.1, 3.9000000000000004, nan]
    """
    values = np.asarray(values, dtype=np.float64)
    if not units:
        return Recorded(values, np.full(values.shape, "", dtype=object))
    converted = np.full(values.shape, np.nan)
    unit = np.where(np.isnan(values), "", NO_UNIT).astype(object)
    for stated in units:
        inside = (values >= stated.lowest) & (values <= stated.highest)
        converted[inside] = values[inside] * stated.factor
        unit[inside] = stated.unit
    return Recorded(converted, unit)
