"""Both Kaplan-Meier curves against their definitions; the mistakes seen elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels.censoring import (
    censoring_distribution,
    censoring_probability,
    effective_sample_size,
    kaplan_meier,
    step_function,
)
from groprog_kernels.censoring_reference import censoring_reference, greenwood_reference, survival_reference

TIED = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=25)


@settings(deadline=None)
@given(TIED)
def test_curves_equal_their_definitions(rows: list[tuple[int, bool]]) -> None:
    time, event = np.array([float(t) for t, _ in rows]), np.array([e for _, e in rows])
    curve, censoring = kaplan_meier(time, event), censoring_distribution(time, event)
    for k, t in enumerate(curve.time):
        assert curve.survival[k] == pytest.approx(survival_reference(time, event, t), abs=1e-12)
        assert censoring.probability[k] == pytest.approx(censoring_reference(time, event, t), abs=1e-12)
        np.testing.assert_allclose(curve.standard_error[k], greenwood_reference(time, event, t), atol=1e-12)
        assert curve.at_risk[k] == (time >= t).sum()
    points = np.sort(np.concatenate([curve.time, curve.time[:-1] + 0.5]))
    for left in (False, True):
        expected = [censoring_reference(time, event, t, left) for t in points]
        np.testing.assert_allclose(
            censoring_probability(censoring, points, "t-" if left else "t"), expected, atol=1e-12
        )


def test_censoring_is_estimated_from_the_censored() -> None:
    """Regression: a Kaplan-Meier of the events in its place would fall at 1 and 3."""
    time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 1, 0])
    np.testing.assert_allclose(censoring_distribution(time, event).probability, [1.0, 2 / 3, 2 / 3, 0.0])


def test_edges() -> None:
    time = np.array([1.0, 1.0, 2.0])
    assert censoring_distribution(time, np.ones(3)).probability.tolist() == [1.0, 1.0]
    none = kaplan_meier(time, np.zeros(3))
    assert none.survival.tolist() == [1.0, 1.0]
    assert none.standard_error.tolist() == [0.0, 0.0]
    every = kaplan_meier(time, np.ones(3))
    assert every.survival[-1] == 0
    assert np.isnan(every.standard_error[-1])
    curve = censoring_distribution(time, [1, 1, 0])
    assert censoring_probability(curve, np.array([0.5, 1.5, 2.0, 9.0])).tolist() == [1.0, 1.0, 0.0, 0.0]
    assert step_function([1.0, 2.0], [0.5, 0.2], np.array([0.0, 1.0, 5.0]), "t-").tolist() == [1.0, 1.0, 0.2]


def test_effective_sample_size() -> None:
    assert effective_sample_size([2.0, 2.0, 2.0]) == pytest.approx(3)
    assert effective_sample_size([1e6, 1.0]) == pytest.approx(1, abs=1e-5)
    assert effective_sample_size([1e200, 1e200]) == pytest.approx(2)
    assert effective_sample_size([]) == 0


def test_equals_scikit_survival() -> None:
    nonparametric = pytest.importorskip("sksurv.nonparametric", reason="scikit-survival is a test-time oracle")
    random = np.random.default_rng(3)
    time, event = random.integers(1, 20, 200).astype(float), random.random(200) < 0.5
    curve = kaplan_meier(time, event)
    theirs, survival = nonparametric.kaplan_meier_estimator(event, time)
    np.testing.assert_array_equal(curve.time, theirs)
    np.testing.assert_allclose(curve.survival, survival, rtol=1e-13)
    theirs, censoring = nonparametric.kaplan_meier_estimator(event, time, reverse=True)
    np.testing.assert_allclose(censoring_distribution(time, event).probability, censoring, rtol=1e-13)
