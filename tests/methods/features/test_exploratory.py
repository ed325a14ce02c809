"""The exact test at an assumed variation, beside edgeR's figures."""

from __future__ import annotations

import numpy as np

from groprog_assets.methods.features.exploratory import exploratory_test, quantile_adjusted
from tests.oracles import grohmm

SIZES = [210_615.0, 210_615.0, 327_638.0, 327_638.0]
TREATED = [False, False, True, True]


def test_equals_edgeR_on_real_units(shared):
    """exactTest with each library twice, as in the vignette. On large counts edgeR's p is a beta approximation."""
    expected = grohmm.annotation_table(shared, "edgeR_vignette")
    counts = grohmm.annotation_table(shared, "tx_final_counts_limit13kb")[["S0mR1", "S0mR1", "S40mR1", "S40mR1"]]
    dispersion = grohmm.summary(shared)["edgeR"]["common.dispersion"]
    test = exploratory_test(counts.to_numpy(), TREATED, SIZES, dispersion)
    held = (counts.sum(axis=1) > 0).to_numpy()
    assert held.sum() > 800
    assert np.allclose(test.log2_fold_change[held], expected["logFC"][held], rtol=0, atol=1e-10)
    assert np.allclose(test.log_cpm, expected["logCPM"], rtol=0, atol=1e-10)
    equal = np.isclose(test.p_value, expected["PValue"], rtol=1e-9, atol=1e-300)
    assert (~equal[held]).sum() <= 7
    large = (counts.sum(axis=1) >= 1_800).to_numpy()
    assert (~equal[held & ~large]).sum() <= 1, "one pseudo-count sum lies on a rounding edge"


def test_null_p_values_are_not_too_small():
    """Two libraries of unequal depth, drawn at the assumed variation: no more than the nominal share is called."""
    rng = np.random.default_rng(3)
    mean = rng.uniform(5, 400, 4_000)
    sizes, bcv = np.array([1e6, 1.7e6]), 0.1
    rate = mean[:, None] * sizes / sizes.mean()
    counts = rng.negative_binomial(1 / bcv**2, 1 / (1 + bcv**2 * rate))
    p = exploratory_test(counts, [False, True], sizes, bcv**2).p_value
    assert (p < 0.05).mean() < 0.06
    assert (p < 0.5).mean() > 0.4


def test_equal_depths_need_no_adjustment():
    counts = np.array([[3.0, 9.0], [0.0, 4.0], [0.0, 0.0]])
    assert np.allclose(quantile_adjusted(counts, [10.0, 10.0], 0.01), counts, atol=1e-8)


def test_silent_units_have_no_figures_and_zeros_stay_finite():
    test = exploratory_test([[0, 0], [0, 50]], [False, True], [1e3, 1e3], 0.01)
    assert np.isnan(test.p_value[0])
    assert np.isnan(test.log2_fold_change[0])
    assert np.isfinite(test.log2_fold_change[1])
    assert test.log2_fold_change[1] > 3


def test_more_assumed_variation_means_less_certainty():
    p = [exploratory_test([[20, 60]], [False, True], [1e3, 1e3], bcv**2).p_value[0] for bcv in (0.01, 0.1, 0.4, 1.0)]
    assert p == sorted(p)
