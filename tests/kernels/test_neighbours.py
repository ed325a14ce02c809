"""Nearest neighbours equal their definition, over any division into blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import neighbours as under_test
from groprog_kernels import neighbours_reference as reference
from groprog_kernels.neighbours import nearest


def test_by_hand():
    points = np.array([[0.0], [1.0], [5.0], [5.5]])
    assert nearest(points, 2).tolist() == [[1, 2], [0, 2], [3, 1], [2, 1]]
    assert nearest(points, 1, np.array([True, False, True, False])).tolist() == [[2], [0], [0], [2]]
    assert nearest(points, 3, np.array([True, False, True, False])).tolist() == [
        [2, 0, 0],
        [0, 2, 1],
        [0, 2, 2],
        [2, 0, 3],
    ]
    assert nearest(points[:1], 3).shape == (1, 0)
    assert nearest(points, 0).shape == (4, 0)


def test_equally_near_points_come_in_their_order():
    points = np.array([[0.0], [1.0], [-1.0], [1.0], [0.0]])
    assert nearest(points, 4).tolist()[0] == [4, 1, 2, 3]


@given(
    st.integers(0, 40),
    st.integers(1, 5),
    st.integers(0, 6),
    st.sampled_from([3, 7, 1024]),
    st.integers(0, 10**6),
    st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_equals_the_definition(n, width, k, at_once, seed, some):
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(n, width)) * generator.choice([1e-3, 1.0, 1e3]) + 100.0
    known = generator.random(n) < 0.5 if some else np.ones(n, bool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(under_test, "ROWS_AT_ONCE", at_once)
        found = nearest(points, k, known)
    np.testing.assert_array_equal(found, reference.nearest(points, k, known))


def test_many_near_ties_lie_at_the_same_distance():
    points = np.random.default_rng(0).integers(0, 3, (80, 3)).astype(float)
    found, expected = nearest(points, 5), reference.nearest(points, 5, np.ones(80, bool))
    for chosen in (found, expected):
        assert (chosen != np.arange(80)[:, None]).all()
    distance = [((points[:, None] - points[chosen]) ** 2).sum(axis=2) for chosen in (found, expected)]
    np.testing.assert_array_equal(*distance)


def test_no_n_by_n_array():
    import tracemalloc

    points = np.random.default_rng(0).normal(size=(6000, 4))
    nearest(points[:50], 3)
    tracemalloc.start()
    nearest(points, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6000 * 6000  # bytes


@pytest.mark.parametrize(
    ("points", "k", "known"),
    [(np.zeros(3), 1, None), (np.zeros((3, 1)), -1, None), (np.zeros((3, 1)), 1, np.ones(2, bool))],
)
def test_other_shapes_are_refused(points, k, known):
    with pytest.raises(ValueError, match="points are"):
        nearest(points, k, known)


def test_a_missing_coordinate_is_refused():
    with pytest.raises(ValueError, match="missing or infinite"):
        nearest(np.array([[0.0], [np.nan]]), 1)
