"""Missing values: low ones are told from random ones, fills keep what was measured, drawn values lie below the limit."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.measurements.missingness import (
    below_limit,
    by_factors,
    filled,
    kept_features,
    missing_correlation,
)
from groprog_assets.study.parameters import Parameters

GIVEN = Parameters().measurements


def intensities(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(values with holes, the whole) of 300 proteins in 40 samples with three factors."""
    rng = np.random.default_rng(seed)
    whole = rng.normal(24, 2.5, (300, 1)) + rng.normal(size=(300, 3)) @ rng.normal(size=(3, 40))
    whole += rng.normal(0, 0.5, whole.shape)
    low = rng.random(whole.shape) < 1 / (1 + np.exp((whole - 21.5) * 1.5))
    random = rng.random(whole.shape) < 0.12
    holes = {"mnar": low, "mar": random, "mixed": low | (rng.random(whole.shape) < 0.08)}[kind]
    return np.where(holes, np.nan, whole), whole


@pytest.mark.parametrize("seed", range(5))
def test_low_values_that_are_missing_are_told_from_random_ones(seed: int):
    assert missing_correlation(intensities("mnar", seed)[0]) < -0.8
    assert missing_correlation(intensities("mixed", seed)[0]) < -0.5
    assert abs(missing_correlation(intensities("mar", seed)[0])) < 0.15


def test_the_correlation_is_spearmans():
    from scipy.stats import spearmanr

    values, _ = intensities("mixed", 9)
    seen = np.isfinite(values).any(axis=1)
    share, mean = np.isnan(values[seen]).mean(axis=1), np.nanmean(values[seen], axis=1)
    assert missing_correlation(values) == pytest.approx(spearmanr(share, mean).statistic, abs=1e-12)
    assert missing_correlation(values[:2]) == 0.0
    assert missing_correlation(np.ones((5, 4))) == 0.0


def test_a_feature_is_kept_when_one_group_has_it():
    nan = np.nan
    values = np.array(
        [[1, 1, nan, nan], [1, nan, 1, nan], [nan, nan, nan, 1], [nan, nan, nan, nan], [1, 1, 1, 1]], dtype=float
    )
    assert kept_features(values, ["a", "a", "b", "b"], 0.5).tolist() == [True, True, True, False, True]
    assert kept_features(values, ["a", "a", "b", "b"], 0.4).tolist() == [True, False, False, False, True]
    assert kept_features(values, [None] * 4, 0.5).tolist() == [True, True, False, False, True]


@pytest.mark.parametrize("kind", ["mnar", "mar", "mixed", "structural"])
def test_what_was_measured_stays_and_equal_seeds_give_equal_fills(kind: str):
    values, _ = intensities("mixed", 1)
    values[7] = np.nan
    once, again = (filled(values, kind, GIVEN, "protein") for _ in range(2))
    known = np.isfinite(values)
    np.testing.assert_array_equal(once.values[known], values[known])
    np.testing.assert_array_equal(once.values, again.values)
    assert np.isnan(once.values[7]).all()
    holes = int((~known[known.any(axis=1)]).sum())
    assert once.low + once.predicted == (0 if kind == "structural" else holes)
    if kind == "mixed":
        assert min(once.low, once.predicted) > 0
    if kind == "mnar":
        assert (once.values != filled(values, kind, GIVEN, "other").values)[~known].any()


def test_drawn_values_lie_below_the_limit_of_their_feature():
    values, _ = intensities("mnar", 2)
    found = below_limit(values, GIVEN, np.random.default_rng(0))
    for f in np.flatnonzero(np.isnan(values).any(axis=1) & (np.isfinite(values).sum(axis=1) > 1)):
        known = values[f][np.isfinite(values[f])]
        drawn = found[f][np.isnan(values[f])]
        limit = np.quantile(known, 0.01)
        assert (drawn <= limit).all()
        assert (drawn > limit - 5 * 0.3 * known.std(ddof=1)).all()


def test_factors_predict_random_holes_better_than_means():
    values, whole = intensities("mar", 3)
    holes = np.isnan(values)
    found = by_factors(values, 5)
    mean = np.broadcast_to(np.nanmean(values, axis=1, keepdims=True), values.shape)
    assert np.mean((found - whole)[holes] ** 2) < 0.4 * np.mean((mean - whole)[holes] ** 2)
