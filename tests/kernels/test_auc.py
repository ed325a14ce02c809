"""AUC(tau) against all cases times all controls, at asked and at all event times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels.auc import cumulative_dynamic_auc, roc_curve
from groprog_kernels.auc_reference import auc_reference
from groprog_kernels.concordance import inverse_censoring_weights
from groprog_kernels.risk_sets import risk_sets

TIED = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 4)), min_size=1, max_size=25)


@settings(deadline=None)
@given(TIED)
def test_equals_the_definition(rows: list[tuple[int, bool, int]]) -> None:
    time, event, risk = (np.array([row[k] for row in rows], dtype=float) for k in range(3))
    sets = risk_sets(time, event)
    weight = np.empty(len(time))
    weight[sets.order] = inverse_censoring_weights(sets, None, None, "t", 1)
    at = np.array([-1.0, 0.0, 1.5, 2.0, 3.0, 4.0, 9.0])
    curve = cumulative_dynamic_auc(risk, time, event, at)
    for tau, auc in zip(at, curve.auc):
        case = event.astype(bool) & (time <= tau)
        if (weight[case] < 0).any():
            assert np.isnan(auc)
        else:
            np.testing.assert_allclose(auc, auc_reference(risk, time, event, tau, weight), atol=1e-13)
    every = cumulative_dynamic_auc(risk, time, event)
    np.testing.assert_array_equal(every.time, np.unique(time[event.astype(bool)]))
    np.testing.assert_array_equal(every.auc, cumulative_dynamic_auc(risk, time, event, every.time).auc)


def test_equals_scikit_survival_and_its_roc_has_that_area() -> None:
    metrics = pytest.importorskip("sksurv.metrics", reason="scikit-survival is a test-time oracle")
    util = pytest.importorskip("sksurv.util")
    random = np.random.default_rng(1)
    time, event = random.integers(1, 40, 500).astype(float), random.random(500) < 0.5
    time[0], event[0] = 41.0, False
    risk = np.round(random.normal(size=500) - time / 20, 1)
    outcome, times = util.Surv.from_arrays(event, time), np.arange(2.0, 38.0)
    ours = cumulative_dynamic_auc(risk, time, event, times).auc
    np.testing.assert_allclose(ours, metrics.cumulative_dynamic_auc(outcome, outcome, risk, times)[0], atol=1e-13)
    roc = roc_curve(risk, time, event, 20.0)
    area = np.trapezoid(roc.true_positive_rate, roc.false_positive_rate)
    assert area == pytest.approx(ours[times == 20.0][0], abs=1e-13)


def test_the_roc_finds_cases_among_the_highest_risks_first() -> None:
    """Whoever dies by tau has the highest risks, so all cases are found before the first false alarm; and the reverse."""
    time, event = np.arange(1.0, 9.0), np.ones(8, bool)
    curve = roc_curve(9.0 - time, time, event, tau=4.0)
    assert curve.true_positive_rate.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert curve.false_positive_rate.tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0]
    assert curve.threshold.tolist() == [np.inf, *(9.0 - time)]
    wrong = roc_curve(time, time, event, tau=4.0)
    assert wrong.true_positive_rate.tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0]


def test_long_sweep_keeps_its_digits() -> None:
    random = np.random.default_rng(2)
    n = 4000
    time, event, risk = random.exponential(size=n), random.random(n) < 0.3, random.normal(size=n)
    sets = risk_sets(time, event)
    weight = np.empty(n)
    weight[sets.order] = inverse_censoring_weights(sets, None, None, "t", 1)
    late = np.sort(time)[-5] if not event[np.argsort(time)[-4:]].any() else np.quantile(time, 0.99)
    expected = auc_reference(risk, time, event, late, weight)
    assert cumulative_dynamic_auc(risk, time, event, [late]).auc[0] == pytest.approx(expected, abs=1e-12)


def test_edges() -> None:
    time = np.array([1.0, 2.0, 3.0])
    assert cumulative_dynamic_auc([1, 2, 3], time, [0, 0, 0]).auc.size == 0
    assert np.isnan(cumulative_dynamic_auc([1, 2, 3], time, [0, 0, 0], [2.0]).auc).all()
    assert cumulative_dynamic_auc([1, 1, 1], time, [1, 1, 0], [1.0, 2.0, 3.0]).auc[:2].tolist() == [0.5, 0.5]
    assert np.isnan(cumulative_dynamic_auc([1, 1, 1], time, [1, 1, 1], [3.0]).auc[0])
    beyond = cumulative_dynamic_auc([3, 2, 1], time, [1, 1, 0], [1.0, 2.0], train_time=[1.0, 1.5], train_event=[0, 1])
    assert np.isfinite(beyond.auc[0])
    assert np.isnan(beyond.auc[1])
    with pytest.raises(ValueError, match="no control"):
        roc_curve([1, 2, 3], time, [1, 1, 1], 3.0)
    with pytest.raises(ValueError, match="finite"):
        cumulative_dynamic_auc([np.inf, 2, 3], time, [1, 1, 0])
