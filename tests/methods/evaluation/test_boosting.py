"""Boosted Cox on a planted threshold."""

from __future__ import annotations

import numpy as np

from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.methods.evaluation.boosting import choose_rounds, fit_boosted_cox, predict_boosted_cox
from groprog_kernels.concordance import harrell


def test_boosting_learns_a_threshold_and_stops_without_events() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(400, 4))
    time = random.exponential(np.exp(-2.0 * (x[:, 1] > 0.3)))
    model = fit_boosted_cox(x[:300], time[:300], np.ones(300, bool), 40)
    assert harrell(predict_boosted_cox(model, x[300:]), time[300:], np.ones(100)).cindex > 0.65
    assert fit_boosted_cox(x, time, np.zeros(400, bool), 5) is None
    np.testing.assert_array_equal(predict_boosted_cox(None, x), 0)
    again = fit_boosted_cox(x[:300], time[:300], np.ones(300, bool), 40)
    np.testing.assert_array_equal(predict_boosted_cox(model, x), predict_boosted_cox(again, x))


def test_noise_gets_few_rounds() -> None:
    random = np.random.default_rng(5)
    x, time, event = random.normal(size=(150, 3)), random.exponential(size=150), random.random(150) < 0.7
    assert choose_rounds(x, time, event, stratified_folds(event, 5, random), 40, 10) <= 10
