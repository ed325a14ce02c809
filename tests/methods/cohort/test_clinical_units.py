"""Values in mixed units: one reading each, by range, whatever stands beside them."""

from __future__ import annotations

import doctest

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.methods.cohort import clinical_units
from groprog_assets.methods.cohort.clinical_units import NO_UNIT, in_stated_unit
from groprog_assets.study.schema import UnitRange

PLATELETS = [
    UnitRange(unit="10^9/l", lowest=5, highest=2000),
    UnitRange(unit="1/ul", lowest=5000, highest=2e6, factor=0.001),
]


def test_examples_hold() -> None:
    assert doctest.testmod(clinical_units).failed == 0


def test_ends_of_a_range_are_in_it_and_gaps_are_in_none() -> None:
    read = in_stated_unit(np.array([4.9, 5, 2000, 2001, 5000, 2e6, np.inf, np.nan]), PLATELETS)
    np.testing.assert_allclose(read.values, [np.nan, 5, 2000, np.nan, 5, 2000, np.nan, np.nan])
    assert read.unit.tolist() == [NO_UNIT, "10^9/l", "10^9/l", NO_UNIT, "1/ul", "1/ul", NO_UNIT, ""]
    assert list(read.counts().items())[-1] == (NO_UNIT, 3)


def test_without_units_values_stay() -> None:
    values = np.array([1.0, np.nan, -3.0])
    read = in_stated_unit(values, [])
    np.testing.assert_array_equal(read.values, values)
    assert read.counts() == {}


@settings(deadline=None)
@given(st.lists(st.floats(5, 2000), min_size=1, max_size=20), st.randoms())
def test_the_same_blood_reads_the_same_in_either_unit(values: list[float], random: object) -> None:
    chosen = np.array([random.random() < 0.5 for _ in values])  # type: ignore[attr-defined]
    recorded = np.where(chosen, np.array(values) * 1000, values)
    np.testing.assert_allclose(in_stated_unit(recorded, PLATELETS).values, values)
    alone = [in_stated_unit(recorded[k : k + 1], PLATELETS).values[0] for k in range(len(values))]
    np.testing.assert_array_equal(alone, in_stated_unit(recorded, PLATELETS).values)
