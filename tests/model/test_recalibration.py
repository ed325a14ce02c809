"""Recalibration: an over-narrow score is widened, a right one left, and no order changes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from groprog_assets.model import cross_validation
from groprog_assets.model.cross_validation import fit_model
from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.model.recalibration import LARGEST, calibration_factor
from groprog_kernels.cox import breslow_baseline, survival_probability
from tests.model.cohorts import PERCEPTRON, cohort, parameters


def planted(n: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True log-risks of SD 1 with exponential times and a third censored."""
    random = np.random.default_rng(seed)
    risk = random.normal(size=n)
    dies, leaves = random.exponential(np.exp(-risk)) * 20, random.exponential(40, n)
    return risk, np.minimum(dies, leaves), dies <= leaves


@pytest.mark.parametrize("narrow", [0.5, 1.0, 1.5])
def test_the_factor_undoes_what_was_planted(narrow: float):
    risk, time, event = planted(4000)
    assert calibration_factor(narrow * risk, time, event, 1.0) == pytest.approx(1.0 / narrow, rel=0.06)


def test_few_events_change_little():
    risk, time, event = planted(40)
    free, held = (calibration_factor(0.5 * risk, time, event, prior) for prior in (1.0, 1000.0))
    assert abs(held - 1.0) < 0.15 < abs(free - 1.0)


def test_scores_that_say_nothing_and_scores_without_events_are_left():
    _, time, event = planted(50)
    assert calibration_factor(np.zeros(50), time, event, 100.0) == 1.0
    assert calibration_factor(np.arange(50.0), time, np.zeros(50, bool), 100.0) == 1.0
    assert calibration_factor(1e-3 * planted(4000)[0], *planted(4000)[1:], 1e-9) == LARGEST


def test_survival_of_an_over_narrow_score_comes_near_the_truth():
    risk, time, event = planted(4000)
    months = np.array([10.0])
    truth = np.exp(-months / 20 * np.exp(risk)[:, None])
    narrow = 0.4 * risk
    wide = calibration_factor(narrow, time, event, 100.0) * narrow
    off = [
        np.abs(survival_probability(breslow_baseline(held, time, event), held, months) - truth).mean()
        for held in (narrow, wide)
    ]
    assert off[1] < 0.4 * off[0]


def test_a_model_whose_weights_were_too_small_is_widened_in_the_same_order(monkeypatch: pytest.MonkeyPatch):
    inputs, outcomes = cohort(200, seed=4)
    little = parameters(linear_path={"partitions": 1}, training={"calibration_prior": 1.0}, **PERCEPTRON)
    plain = fit_model(inputs, outcomes, little)
    stacked = cross_validation._stacked

    def narrowed(*given):
        risk, weights = stacked(*given)
        return 0.5 * risk, 0.5 * weights

    monkeypatch.setattr(cross_validation, "_stacked", narrowed)
    fitted = fit_model(inputs, outcomes, little)
    assert fitted.before[0] == pytest.approx(2.0 * plain.before[0], rel=0.02)
    both = [predict(one.model, inputs) for one in (plain, fitted)]
    np.testing.assert_allclose(both[0].risk, both[1].risk, rtol=0.03, atol=0.02)
    np.testing.assert_array_equal(np.argsort(both[0].risk), np.argsort(both[1].risk))
    np.testing.assert_allclose(both[0].survival, both[1].survival, atol=0.02)


def test_few_events_leave_even_a_good_network_out():
    risk, time, event = planted(60)
    outcomes, inner = Outcomes(time, event), np.arange(60) % 5
    members = [SimpleNamespace(validation_score=risk[inner == place]) for place in range(5)]
    path = SimpleNamespace(out_of_fold=0.5 * risk + np.random.default_rng(0).normal(size=60))
    found = []
    for least in (int(event.sum()), int(event.sum()) + 1):
        chosen = parameters(network={"least_events": least})
        found.append(cross_validation._stacked(members, list(range(5)), path, inner, outcomes, chosen))
    assert found[0][1][1] > 0.5
    assert found[1][1][1] == 0.0
    assert found[1][1][0] > 0.0
    np.testing.assert_allclose(found[1][0], found[1][1][0] * path.out_of_fold)
