"""The tests for 'stable'."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from groprog_assets.methods.features.paired_shift import hodges_lehmann, paired_shift


@settings(deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=25))
def test_hodges_lehmann_is_the_median_walsh_average(shift):
    d = np.array(shift) / 4
    walsh = np.sort([(d[i] + d[j]) / 2 for i in range(len(d)) for j in range(i, len(d))])
    estimate, lower, upper = hodges_lehmann(d)
    assert np.isclose(estimate, np.median(walsh), atol=1e-12)
    assert lower <= estimate <= upper
    assert np.min(np.abs(walsh - lower)) < 1e-12
    assert np.min(np.abs(walsh - upper)) < 1e-12


def test_interval_covers_a_planted_shift():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        _, lower, upper = hodges_lehmann(rng.normal(0.3, 1, 40))
        covered += lower <= 0.3 <= upper
    assert covered >= 180


def test_a_shift_is_found_and_sameness_is_shown():
    rng = np.random.default_rng(1)
    before = rng.normal(0, 1, 300)
    same = paired_shift(before, before + rng.normal(0, 0.1, 300), 0.2)
    assert same["equivalent"]
    assert same["wilcoxon_p_value"] > 0.01
    moved = paired_shift(before, before + 0.5 + rng.normal(0, 0.1, 300), 0.2)
    assert not moved["equivalent"]
    assert moved["wilcoxon_p_value"] < 1e-20
    assert moved["hodges_lehmann"] == pytest.approx(0.5, abs=0.03)
    assert moved["ks_p_value"] == stats.ks_2samp(before, before + 0.5).pvalue or moved["ks_p_value"] < 1e-3


def test_too_few_pairs_say_nothing():
    for n in (0, 1):
        result = paired_shift(np.zeros(n), np.ones(n), 0.2)
        assert result["pairs"] == n
        assert result["wilcoxon_p_value"] is None
        assert result["equivalent"] is None


def test_no_difference_at_all():
    result = paired_shift(np.zeros(30), np.zeros(30), 0.2)
    assert result["wilcoxon_p_value"] == 1.0
    assert result["equivalent"]


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        paired_shift([1.0], [1.0, 2.0], 0.1)
