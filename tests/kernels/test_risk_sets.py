"""Order of patients and where their later ones begin, on data full of ties."""

from __future__ import annotations

import numpy as np
import pytest
from groprog_kernels.risk_sets_cython import ascending
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels.risk_sets import risk_array, risk_sets
from groprog_kernels.risk_sets_reference import risk_sets_reference

TIED = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30)


@settings(deadline=None)
@given(TIED)
def test_equals_the_definition(rows: list[tuple[int, bool]]) -> None:
    time, event = np.array([float(t) for t, _ in rows]), np.array([e for _, e in rows])
    sets = risk_sets(time, event)
    order, later, comparable = risk_sets_reference(time, event)
    assert sorted(sets.order) == list(range(len(rows)))
    np.testing.assert_array_equal(sets.time, time[order])
    np.testing.assert_array_equal(sets.event, event[order])
    np.testing.assert_array_equal(time[sets.order], sets.time)
    np.testing.assert_array_equal(sets.later, later)
    np.testing.assert_array_equal(sets.comparable, comparable)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1.0, -1.0]), min_size=1))
def test_values_are_sorted_and_equal_ones_keep_their_order(values: list[float]) -> None:
    array = np.array(values)
    order, ordered = ascending(array)
    np.testing.assert_array_equal(order, np.argsort(array + 0.0, kind="stable"))
    np.testing.assert_array_equal(ordered, array[order])


@pytest.mark.parametrize("spread", [8, 400, 100_000])
def test_values_that_differ_in_their_last_bits_alone_are_sorted(spread: int) -> None:
    """Runs that share the leading bits of the key: short, longer than an insertion sort's, and the whole array."""
    random = np.random.default_rng(spread)
    near = (np.float64(-3.7).view(np.int64) + random.integers(0, spread, 5000)).view(np.float64)
    values = np.concatenate([near, random.normal(size=5000), 0.1 + near])
    order, ordered = ascending(values)
    np.testing.assert_array_equal(order, np.argsort(values, kind="stable"))
    np.testing.assert_array_equal(ordered, np.sort(values))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_impossible_times_are_named(bad: float) -> None:
    with pytest.raises(ValueError, match=r"time\[1\]"):
        risk_sets([1.0, bad], [1, 0])


def test_other_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"event\[0\] is 2"):
        risk_sets([1.0], [2])
    with pytest.raises(ValueError, match="not empty"):
        risk_sets([], [])
    with pytest.raises(ValueError, match=r"risk\[2\]"):
        risk_array([0.0, 1.0, np.inf], 3)
    with pytest.raises(ValueError, match="one value for each of the 3 patients"):
        risk_array([0.0], 3)
