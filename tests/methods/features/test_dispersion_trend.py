"""The dispersion trend: a planted one comes back, R's trends of three fit types are met, what holds nothing has one level."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.features.dispersion_trend import FLOOR, MeanTrend, dispersion_trend, trend_of
from tests.oracles import deseq2

TRENDS = deseq2.stored()["trends"]


def planted(units=4_000, seed=0):
    generator = np.random.default_rng(seed)
    mean = 10 ** generator.uniform(0, 4, units)
    return mean, (0.05 + 3.0 / mean) * generator.gamma(4, 0.25, units)


def test_a_planted_trend_comes_back():
    trend = dispersion_trend(*planted())
    assert trend.asymptotic == pytest.approx(0.05, rel=0.05)
    assert trend.extra == pytest.approx(3.0, rel=0.05)


def test_a_rise_with_the_mean_has_a_local_trend():
    mean, _ = planted()
    truth = 0.01 * mean**0.4
    noisy = truth * np.random.default_rng(1).gamma(8, 1 / 8, len(mean))
    trend = dispersion_trend(mean, noisy)
    assert trend.document()["fit"] == "local"
    assert np.median(np.abs(np.log(trend.at(mean) / truth))) < 0.15


def test_dispersions_at_the_floor_and_outliers_do_not_count():
    mean, dispersion = planted()
    plain = dispersion_trend(mean, dispersion)
    mixed = dispersion_trend(
        np.concatenate([mean, mean[:2_000], [100.0, 0.0, np.nan]]),
        np.concatenate([dispersion, np.full(2_000, 1e-8), [1e6, 0.1, 0.1]]),
    )
    assert mixed == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize("place", range(len(TRENDS)))
def test_fit_type_and_values_are_those_of_r(place):
    one = TRENDS[place]
    trend = dispersion_trend(one["mean"], one["dispersion"])
    assert trend.document()["fit"] == one["fit"]
    assert np.abs(np.log(trend.at(one["mean"]) / one["fitted"])).max() < 1e-5


@pytest.mark.parametrize("name", ["local", "parametric", "mean"])
def test_trends_of_whole_analyses_are_those_of_r(name):
    found = deseq2.analysis(name)
    asked = "mean" if name == "mean" else "parametric"
    trend = dispersion_trend(found["base_mean"], found["dispersion_estimate"], asked)
    assert trend.document()["fit"] == found["fit"] == name
    assert np.abs(np.log(trend.at(found["base_mean"]) / found["trend"])).max() < 1e-5


@pytest.mark.parametrize("tag", ["groseq_tx_nb_sim", "sultan2008_real"])
def test_coefficients_are_those_of_r(shared, tag):
    folder = shared / "data" / "oracle" / "deseq2"
    table = pd.read_csv(folder / f"{tag}.genewise.tsv", sep="\t")
    stated = json.loads((folder / f"{tag}.meta.json").read_text())
    trend = dispersion_trend(table["baseMean"], table["dispGeneEst"])
    assert trend == pytest.approx((stated["asymptDisp"], stated["extraPois"]), rel=1e-9)


@pytest.mark.parametrize("fit_type", ["parametric", "local", "mean"])
def test_a_document_makes_the_trend_again(fit_type):
    mean, dispersion = planted(200)
    trend = dispersion_trend(mean, dispersion, fit_type)
    document = json.loads(json.dumps(trend.document(), allow_nan=False))
    assert document["fit"] == fit_type
    assert np.array_equal(trend_of(document).at(mean), trend.at(mean))


def test_nothing_to_fit_has_one_level():
    assert dispersion_trend([], []) == MeanTrend(FLOOR)
    assert dispersion_trend([5.0, 6.0, 7.0], [1e-8] * 3) == MeanTrend(FLOOR)
    assert dispersion_trend([5.0] * 9, [0.1] * 9) == MeanTrend(pytest.approx(0.1))
