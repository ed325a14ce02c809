"""The variance-stabilising transform: R's values, the closed forms as integrals, a variance that stays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from groprog_assets.methods.features.dispersion_trend import (
    LocalTrend,
    MeanTrend,
    ParametricTrend,
    dispersion_trend,
)
from groprog_assets.methods.features.local_regression import LocalCurve
from groprog_assets.methods.features.variance_stabilizing import variance_stabilized
from tests.oracles import deseq2


@pytest.mark.parametrize("name", ["parametric", "mean", "local"])
def test_equals_r(name):
    """Closed forms to the digits stored; R's quadrature is coarse where counts are few: 0.1 off at zero."""
    found = deseq2.analysis(name)
    trend = dispersion_trend(
        found["base_mean"], found["dispersion_estimate"], "mean" if name == "mean" else "parametric"
    )
    apart = np.abs(variance_stabilized(found["counts"], found["size_factors"], trend) - found["stabilized"])
    if name != "local":
        assert apart.max() < 1e-4
    else:
        few = found["counts"] / found["size_factors"] < 10
        assert apart[few].max() < 0.15
        assert apart[~few].max() < 0.02


@pytest.mark.parametrize("tag", ["groseq_tx_nb_sim", "sultan2008_real"])
def test_equals_r_on_the_shared_tables(shared, tag):
    folder = shared / "data" / "oracle" / "deseq2"
    counts, expected, genewise = (
        pd.read_csv(folder / f"{tag}.{name}.tsv", sep="\t", index_col=0)
        for name in ("counts", "vst_notblind", "genewise")
    )
    factors = pd.read_csv(folder / f"{tag}.sizefactors.tsv", sep="\t").iloc[:, -1].to_numpy(float)
    trend = dispersion_trend(genewise["baseMean"], genewise["dispGeneEst"])
    apart = np.abs(variance_stabilized(counts.to_numpy(), factors, trend) - expected.reindex(counts.index).to_numpy())
    assert apart.max() < 1e-9


@pytest.mark.parametrize("trend", [ParametricTrend(0.1, 2.0), MeanTrend(0.2)])
def test_the_closed_forms_are_the_integral(trend):
    counts = np.array([[0, 3, 40, 900]])
    found = variance_stabilized(counts, np.ones(4), trend)[0]
    for one, other in ((0, 1), (1, 2), (2, 3)):
        low, high = counts[0, [one, other]]
        area, _ = quad(lambda x: 1 / np.sqrt(x + trend.at(max(x, 1e-12)) * x**2), low, high, limit=200)
        root = np.sqrt(trend.at(1e12))
        assert (found[other] - found[one]) == pytest.approx(area * root / np.log(2), rel=1e-5)


def test_a_flat_local_trend_is_the_mean_trend():
    level = LocalTrend(LocalCurve(np.array([0.0, 10.0]), np.full(2, np.log(0.2)), np.zeros(2), 0.0))
    counts = np.random.default_rng(0).negative_binomial(5, 5 / (5 + 10 ** np.linspace(0, 4, 300))[:, None], (300, 4))
    local, closed = (variance_stabilized(counts, np.ones(4), trend) for trend in (level, MeanTrend(0.2)))
    # the closed form approaches log2, the quadrature meets it at two high means
    assert local == pytest.approx(closed, abs=0.02)


def test_the_variance_stays():
    generator = np.random.default_rng(0)
    mean = np.array([20.0, 200.0, 2_000.0])[:, None]
    counts = generator.negative_binomial(10, 10 / (10 + mean), (3, 4_000))
    spread = variance_stabilized(counts, np.ones(4_000), MeanTrend(0.1)).std(axis=1)
    assert spread.max() / spread.min() < 1.1
