"""Efron's partial likelihood, its gradient and Breslow's baseline against the definitions, at every scale of risk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels.cox import breslow_baseline, cox_efron, survival_probability
from groprog_kernels.cox_reference import breslow_reference, cox_reference
from groprog_kernels.risk_sets import risk_sets

TIED = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(-2, 3)), min_size=1, max_size=25)


@settings(deadline=None)
@given(TIED, st.sampled_from([1.0, 90.0, 400.0, 1000.0]))
def test_equals_the_definition(rows: list[tuple[int, bool, int]], scale: float) -> None:
    time, event, risk = (np.array([row[k] for row in rows], dtype=float) for k in range(3))
    ours = cox_efron(scale * risk, time, event)
    loss, gradient = cox_reference(scale * risk, time, event)
    assert ours.loss == pytest.approx(loss, rel=1e-12, abs=1e-11)
    np.testing.assert_allclose(ours.gradient, gradient, atol=1e-11)
    assert ours.gradient.sum() == pytest.approx(0, abs=1e-10)


def test_finite_where_others_overflow() -> None:
    """Regression: torchsurv's tied form gives NaN or inf here, and its mean reduction 0."""
    time, event = np.array([1.0, 1.0, 2.0, 2.0]), np.ones(4)
    ours = cox_efron([0.0, 100.0, 50.0, 2.0], time, event)
    assert ours.loss == pytest.approx(cox_reference(np.array([0.0, 100.0, 50.0, 2.0]), time, event)[0])
    far = cox_efron([0.0, 1e6, -1e6, 5.0], time, event)
    assert np.isfinite(far.loss)
    assert np.isfinite(far.gradient).all()


def test_shift_of_all_risks_changes_nothing() -> None:
    random = np.random.default_rng(0)
    risk, time, event = random.normal(size=50), random.integers(0, 9, 50).astype(float), random.random(50) < 0.5
    assert cox_efron(risk + 1e4, time, event).loss == pytest.approx(cox_efron(risk, time, event).loss, rel=1e-9)


def test_equals_lifelines() -> None:
    import pandas as pd
    from lifelines import CoxPHFitter

    random = np.random.default_rng(1)
    x = random.normal(size=80)
    time = np.ceil(4 * random.exponential(np.exp(-x))) + 1
    event = random.random(80) < 0.7
    fitted = CoxPHFitter().fit(pd.DataFrame({"x": x, "time": time, "event": event}), "time", "event")
    slope = float(fitted.params_["x"])
    assert cox_efron(slope * x, time, event).loss == pytest.approx(-fitted.log_likelihood_, rel=1e-9)
    assert cox_efron(slope * x, time, event).gradient @ x == pytest.approx(0, abs=1e-3)


def test_equals_scikit_survival_baseline() -> None:
    linear = pytest.importorskip("sksurv.linear_model", reason="scikit-survival is a test-time oracle")
    util = pytest.importorskip("sksurv.util")
    random = np.random.default_rng(2)
    x = random.normal(size=(60, 2))
    time, event = random.integers(1, 20, 60).astype(float), random.random(60) < 0.6
    model = linear.CoxPHSurvivalAnalysis(ties="breslow").fit(x, util.Surv.from_arrays(event, time))
    risk = model.predict(x)
    functions = model.predict_survival_function(x[:3])
    at = np.unique(time[event])
    ours = survival_probability(breslow_baseline(risk, time, event), risk[:3], at)
    np.testing.assert_allclose(ours, [function(at) for function in functions], rtol=1e-9)


def test_baseline_equals_the_definition_at_any_scale() -> None:
    random = np.random.default_rng(3)
    risk, time, event = random.normal(size=30), random.integers(0, 9, 30).astype(float), random.random(30) < 0.5
    baseline = breslow_baseline(risk, time, event)
    for t, value in zip(baseline.time, baseline.log_cumulative_hazard):
        assert np.exp(value) == pytest.approx(breslow_reference(risk, time, event, t), rel=1e-12)
    wide = breslow_baseline(1000 * risk, time, event)
    assert np.isfinite(wide.log_cumulative_hazard).all()
    shifted = breslow_baseline(risk + 500, time, event)
    times = np.array([0.0, 2.0, 20.0])
    np.testing.assert_allclose(
        survival_probability(shifted, risk + 500, times), survival_probability(baseline, risk, times), rtol=1e-9
    )


def test_edges() -> None:
    none = cox_efron([1.0, 2.0], [1.0, 2.0], [0, 0])
    assert (none.loss, none.events) == (0.0, 0)
    assert not none.gradient.any()
    baseline = breslow_baseline([1.0, 2.0], [1.0, 2.0], [0, 0])
    assert survival_probability(baseline, np.array([0.0]), np.array([5.0])).tolist() == [[1.0]]
    assert cox_efron([3.0], [1.0], [1]).loss == pytest.approx(0)
    sets = risk_sets([1.0, 2.0, 2.0], [1, 1, 0])
    assert (
        cox_efron([0.1, 0.2, 0.3], sets.time, sets.event, sets).loss
        == cox_efron([0.1, 0.2, 0.3], [1.0, 2.0, 2.0], [1, 1, 0]).loss
    )
    with pytest.raises(ValueError, match=r"risk\[1\]"):
        cox_efron([0.0, np.nan], [1.0, 2.0], [1, 1])
