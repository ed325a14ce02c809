"""Normalisation: the usual method by kind, against the programs it comes from; a test sample needs the constants alone."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.measurements.normalisation import (
    LOG,
    M_VALUES,
    MEDIANS,
    NONE,
    QUOTIENTS,
    RATIOS,
    fit_normalisation,
    normalise,
    usual_method,
)
from groprog_assets.study.parameters import Parameters

GIVEN = Parameters().measurements


def counts(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = rng.uniform(50, 3000, (80, 1)) * rng.uniform(0.3, 3.0, 12)
    held = rng.poisson(level).astype(float)
    held[:5, 2] = 0
    return held


def test_the_usual_method_of_each_kind():
    expected = {
        ("transcriptome", "count"): (RATIOS, "log2"),
        ("transcriptome", "linear"): (LOG, "log2"),
        ("transcriptome", "log2"): (NONE, "log2"),
        ("proteome", "linear"): (MEDIANS, "log2"),
        ("proteome", "log10"): (MEDIANS, "log2"),
        ("proteome", "npx"): (NONE, "npx"),
        ("metabolome", "linear"): (QUOTIENTS, "log2"),
        ("epigenome", "beta"): (M_VALUES, "mvalue"),
        ("epigenome", "mvalue"): (NONE, "mvalue"),
        ("genome", "count"): (NONE, "count"),
        ("genome", "ordinal"): (NONE, "ordinal"),
        ("transcriptome", "zscore"): (NONE, "zscore"),
    }
    assert {key: usual_method(*key) for key in expected} == expected


def test_size_factors_are_those_of_deseq2():
    from pydeseq2.preprocessing import deseq2_norm

    held = counts()
    theirs, factors = deseq2_norm(held.T)
    ours = normalise(held, fit_normalisation(held, RATIOS, "count", "log2"), GIVEN)
    np.testing.assert_allclose(ours, np.log2(np.asarray(theirs).T + 1), rtol=1e-12)
    assert np.ptp(factors) > 1


@pytest.mark.parametrize(
    ("method", "scale"),
    [
        (RATIOS, "count"),
        (LOG, "linear"),
        (MEDIANS, "linear"),
        (QUOTIENTS, "linear"),
        (M_VALUES, "beta"),
        (NONE, "log10"),
    ],
)
def test_a_test_sample_is_transformed_alone(method: str, scale: str):
    held = counts() / (4000 if scale == "beta" else 1)
    held = np.clip(held, 0, 1) if scale == "beta" else held
    constants = fit_normalisation(held[:, :8], method, scale, "log2")
    whole = normalise(held, constants, GIVEN)
    alone = normalise(held[:, 10:11], constants, GIVEN)
    np.testing.assert_array_equal(alone[:, 0], whole[:, 10])
    moved = held.copy()
    moved[:, 9:] *= 0.5
    np.testing.assert_array_equal(normalise(moved[:, :8], constants, GIVEN), whole[:, :8])


def test_a_dilution_is_taken_out_and_zeros_become_missing():
    rng = np.random.default_rng(1)
    clean = rng.lognormal(3, 1, (60, 9))
    clean[4, 3] = 0.0
    diluted = clean * np.array([1, 2, 0.5, 1, 4, 1, 0.25, 1, 3])
    for method in (MEDIANS, QUOTIENTS):
        found = [normalise(x, fit_normalisation(x, method, "linear", "log2"), GIVEN) for x in (clean, diluted)]
        assert np.isnan(found[0][4, 3])
        steps = found[1] - found[0]
        assert np.nanmax(np.nanstd(steps, axis=1)) < 1e-9 if method == MEDIANS else True
    medians = np.nanmedian(normalise(diluted, fit_normalisation(diluted, MEDIANS, "linear", "log2"), GIVEN), axis=0)
    np.testing.assert_allclose(medians, medians[0])
    log = np.log2(np.where(diluted > 0, diluted, np.nan))
    reference = np.nanmedian(log, axis=1)
    expected = log - np.array([np.nanmedian(log[:, k] - reference) for k in range(9)])
    made = normalise(diluted, fit_normalisation(diluted, QUOTIENTS, "linear", "log2"), GIVEN)
    np.testing.assert_allclose(made, expected, rtol=1e-12)


def test_beta_0_and_1_give_finite_m_values():
    found = normalise(
        np.array([[0.0, 0.5, 1.0, np.nan]]), fit_normalisation(np.eye(2), M_VALUES, "beta", "mvalue"), GIVEN
    )
    np.testing.assert_allclose(found[0, :3], [np.log2(0.001 / 1.001), 0, np.log2(1.001 / 0.001)])
    assert np.isnan(found[0, 3])


def test_logarithms_of_another_base_become_log2():
    for scale, base in (("log10", 10.0), ("ln", np.e)):
        held = np.array([[1.0, 2.0]])
        found = normalise(held, fit_normalisation(held, "log2", scale, "log2"), GIVEN)
        np.testing.assert_allclose(found, np.log2(base**held))


def test_counts_without_a_feature_in_every_sample_are_refused():
    with pytest.raises(AssayError, match="every sample"):
        fit_normalisation(np.array([[0.0, 5.0], [3.0, 0.0]]), RATIOS, "count", "log2")
