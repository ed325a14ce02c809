"""Net benefit: by counting where nobody is censored, bounds, and what censoring leaves unknown."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.evaluation.decision_curve import THRESHOLDS, event_probability, net_benefit


def test_without_censoring_it_is_counted():
    random = np.random.default_rng(0)
    time, survival = random.exponential(20, 300).round(), random.random(300)
    found = net_benefit(survival, time, np.ones(300, bool), 24.0)
    for threshold, value in zip(THRESHOLDS, found):
        acted = 1 - survival >= threshold
        right, wrong = (acted & (time <= 24)).sum(), (acted & (time > 24)).sum()
        assert value == pytest.approx((right - wrong * threshold / (1 - threshold)) / 300, abs=1e-12)


def test_treating_all_crosses_zero_at_the_event_rate_and_perfection_is_best():
    time = np.array([5.0] * 30 + [50.0] * 70)
    event = np.ones(100, bool)
    everybody = net_benefit(np.zeros(100), time, event, 24.0, np.array([0.3]))
    assert everybody[0] == pytest.approx(0.0, abs=1e-12)
    perfect = net_benefit(np.where(time < 24, 0.0, 1.0), time, event, 24.0)
    np.testing.assert_allclose(perfect, 0.3)


def test_nobody_acted_on_is_zero_and_nobody_followed_is_unknown():
    time, event = np.full(10, 5.0), np.zeros(10, bool)
    assert net_benefit(np.ones(10), time, event, 24.0, np.array([0.5]))[0] == 0
    assert np.isnan(net_benefit(np.zeros(10), time, event, 24.0, np.array([0.5]))[0])
    assert np.isnan(event_probability(time, event, 24.0))
