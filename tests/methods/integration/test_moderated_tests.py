"""Moderated t tests equal limma's, find planted differences, and hold their level under the null."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import polygamma

from groprog_assets.errors import CohortError
from groprog_assets.methods.integration.moderated_tests import (
    group_tests,
    moderated_fit,
    prior_variance,
    trigamma_inverse,
)


@pytest.fixture(scope="module")
def bladder(shared):
    folder = shared / "data" / "omics" / "golden"
    if not folder.is_dir():
        pytest.skip("limma's results are not beside the project")
    values, samples, limma = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("bladder_2000", "bladder_pheno", "limma_c2")
    )
    return values, samples.loc[values.columns, "cancer"], limma


def test_equals_limma(bladder):
    values, cancer, limma = bladder
    design = np.column_stack([np.ones(len(cancer)), cancer == "Cancer", cancer == "Normal"]).astype(float)
    found = moderated_fit(values.to_numpy(), design, [0, 1, 0])
    assert found.prior.degrees_of_freedom == pytest.approx(8.274567, abs=5e-7)
    assert found.prior.variance == pytest.approx(0.7851771, abs=5e-8)
    row = values.index.get_indexer(limma.index)  # limma's table holds the first of them
    np.testing.assert_allclose(found.t[row], limma["t"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.p_value[row], limma["p"], rtol=0, atol=1e-11)
    np.testing.assert_allclose(found.variance[row], limma["s2"], rtol=1e-9)
    np.testing.assert_allclose(found.degrees_of_freedom[row], limma["df"], rtol=1e-9)


def test_missing_values_leave_their_samples_out():
    random = np.random.default_rng(1)
    values = random.normal(size=(60, 14)) * np.sqrt(0.5 / random.chisquare(4, 60))[:, None]
    design = np.column_stack([np.ones(14), np.arange(14) < 6, random.normal(size=14)]).astype(float)
    lost = values.copy()
    lost[random.random(values.shape) < 0.2] = np.nan
    found = moderated_fit(lost, design, [0, 1, 0])
    for row in range(60):  # ordinary least squares of the samples that are there
        inside = np.isfinite(lost[row])
        x = design[inside]
        if np.linalg.matrix_rank(x) < 3 or inside.sum() <= 3:
            assert np.isnan(found.t[row])
            continue
        beta, residual = np.linalg.lstsq(x, lost[row, inside], rcond=None)[:2]
        d, prior = inside.sum() - 3, found.prior
        s2 = (prior.degrees_of_freedom * prior.variance + residual[0]) / (prior.degrees_of_freedom + d)
        assert found.effect[row] == pytest.approx(beta[1])
        assert found.t[row] == pytest.approx(beta[1] / np.sqrt(s2 * np.linalg.inv(x.T @ x)[1, 1]))


def test_the_prior_of_simulated_variances_comes_back():
    random = np.random.default_rng(2)
    d0, s0, d = 6.0, 0.7, 9
    variances = d0 * s0 / random.chisquare(d0, 20_000) * random.chisquare(d, 20_000) / d
    found = prior_variance(variances, np.full(20_000, d))
    assert found.degrees_of_freedom == pytest.approx(d0, rel=0.08)
    assert found.variance == pytest.approx(s0, rel=0.03)
    alike = prior_variance(random.chisquare(d, 2000) / d * 0.9, np.full(2000, d))
    assert alike.degrees_of_freedom > 60


def test_trigamma_inverse():
    for value in (1e-8, 1e-4, 0.3, 1.0, 50.0, 1e5, 1e9):
        assert polygamma(1, trigamma_inverse(value)) == pytest.approx(value, rel=1e-4)


def _table(random, features=400, samples=24):
    return pd.DataFrame(
        random.normal(size=(features, samples)),
        index=[f"g{k}" for k in range(features)],
        columns=[f"s{k}" for k in range(samples)],
    )


def test_planted_differences_are_found_and_adjusted_for():
    random = np.random.default_rng(3)
    values = _table(random)
    group = pd.Series(np.where(np.arange(24) % 2, "case", "control"), index=values.columns)
    values.loc["g0":"g9", group == "case"] += 3.0
    age = pd.DataFrame({"age": random.normal(size=24)}, index=values.columns)
    values.loc["g10"] += 5 * age["age"]
    found = group_tests(values, group, age, reference="control").set_index("feature")
    assert set(found.index[found["q_value"] < 0.05]) >= {f"g{k}" for k in range(10)}
    assert (found.loc["g10":, "q_value"] > 0.05).mean() > 0.99
    assert found.loc[:"g9", "effect"].mean() == pytest.approx(3.0, abs=0.4)
    assert ((found["lower"] < 0) & (found["upper"] > 0))["g10":].mean() == pytest.approx(0.95, abs=0.03)
    assert (found[["group", "reference"]] == ["case", "control"]).all().all()
    assert found["samples"].eq(12).all()


def test_level_under_the_null():
    random = np.random.default_rng(4)
    values = _table(random, 3000, 10)
    group = pd.Series(list("aabbbaabba"), index=values.columns)
    found = group_tests(values, group)
    assert stats.kstest(found["p_value"], "uniform").pvalue > 0.001
    assert (found["q_value"] < 0.05).sum() <= 1


def test_three_groups_are_each_compared_with_the_others():
    random = np.random.default_rng(5)
    values = _table(random, 50, 15)
    group = pd.Series(list("aaaaabbbbbccccc"), index=values.columns)
    values.loc["g0", group == "c"] += 6
    found = group_tests(values, group)
    assert found["group"].value_counts().to_dict() == {"a": 50, "b": 50, "c": 50}
    assert found.loc[found["t"].idxmax(), ["feature", "group", "reference"]].tolist() == ["g0", "c", "others"]


def test_edges():
    random = np.random.default_rng(6)
    values = _table(random, 20, 9)
    values.iloc[0, :2] = np.nan  # two of four are left on this side
    values.iloc[1] = 1.0
    group = pd.Series(["a"] * 4 + ["b"] * 4 + [None], index=values.columns)
    found = group_tests(values, group)
    assert found.loc[0, ["effect", "t", "p_value", "q_value"]].isna().all()
    assert found["missing"][0] == pytest.approx(0.25)
    assert found["p_value"][1] == pytest.approx(1.0)
    assert group_tests(values.iloc[:0], group).empty
    with pytest.raises(CohortError, match=r"b \(2\)"):
        group_tests(values, group.iloc[:6])
    with pytest.raises(CohortError, match="no sample in c"):
        group_tests(values, group, reference="c")
    with pytest.raises(CohortError, match="two groups"):
        group_tests(values, group.iloc[:4])


def test_blocks_of_features_have_priors_of_their_own():
    random = np.random.default_rng(5)
    spread = np.r_[0.1 * random.chisquare(8, 40), 25 * random.chisquare(3, 60)]
    values = random.normal(size=(100, 16)) * np.sqrt(spread)[:, None]
    blocks = np.repeat(["rna", "protein"], (40, 60))
    design = np.column_stack([np.ones(16), np.arange(16) < 8]).astype(float)
    found, pooled = moderated_fit(values, design, [0, 1], blocks), moderated_fit(values, design, [0, 1])
    for block in ("rna", "protein"):
        own = blocks == block
        alone = moderated_fit(values[own], design, [0, 1])
        for name in ("effect", "lower", "upper", "t", "p_value", "variance", "degrees_of_freedom"):
            np.testing.assert_array_equal(getattr(found, name)[own], getattr(alone, name))
    assert np.abs(found.t - pooled.t).max() > 0.1, "one prior for both would be another test"
