"""Resampled statistics against recomputation, and the corrected test by hand."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.evaluation import bootstrap
from groprog_assets.methods.evaluation.bootstrap import (
    PairRows,
    corrected_interval,
    multiplicities,
    percentile_interval,
    resampled_ratio,
)
from groprog_kernels.concordance import concordance
from groprog_kernels.risk_sets import risk_sets


def _fold(n: int) -> tuple[np.ndarray, PairRows, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    sets = risk_sets(np.arange(n) + 1.0, random.random(n) < 0.6)
    at = np.flatnonzero(sets.event & (sets.later < n))
    risks = random.integers(0, 6, (2, n)).astype(float)
    return risks, PairRows(at, sets.later[at], np.ones(len(at))), sets.time, sets.event


def test_resamples_equal_the_statistic_of_the_repeated_patients() -> None:
    risks, rows, time, event = _fold(40)
    drawn = multiplicities(40, 5, 1)
    assert (drawn.sum(axis=1) == 40).all()
    ours = resampled_ratio(rows, risks, drawn)
    for sample in range(5):
        again = np.repeat(np.arange(40), drawn[sample].astype(int))
        for model in range(2):
            expected = concordance(risks[model][again], time[again], event[again], weight_power=0).cindex
            assert ours[model, sample] == pytest.approx(expected, rel=1e-6)


def test_large_folds_are_linearised_to_the_same_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    risks, rows, *_ = _fold(400)
    drawn = multiplicities(400, 300, 2)
    exact = resampled_ratio(rows, risks, drawn)
    monkeypatch.setattr(bootstrap, "EXACT_FOLD", 10)
    linear = resampled_ratio(rows, risks, drawn)
    assert np.corrcoef(exact[0], linear[0])[0, 1] > 0.99
    assert linear.std() == pytest.approx(exact.std(), rel=0.05)


def test_intervals_and_edges() -> None:
    assert percentile_interval(np.arange(1001.0)) == pytest.approx((25.0, 975.0))
    assert np.isnan(percentile_interval(np.array([np.nan, np.nan, 1.0]))).all()
    error, interval, p = corrected_interval(np.array([0.1, 0.2, 0.3]), 0.5)
    assert error == pytest.approx(np.sqrt((1 / 3 + 0.5) * 0.01))
    assert interval.lower == pytest.approx(0.2 - 4.302653 * error, rel=1e-6)
    assert 0 < p < 1
    assert corrected_interval(np.zeros(5), 0.25)[2] == 1
    assert np.isnan(corrected_interval(np.array([0.1]), 0.25)[0])
    none = resampled_ratio(PairRows(np.empty(0, int), np.empty(0, int), np.empty(0)), np.zeros((1, 4)), np.ones((3, 4)))
    assert np.isnan(none).all()
