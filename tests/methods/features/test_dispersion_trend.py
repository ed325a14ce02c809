"""The dispersion trend: a planted one comes back, R's own coefficients are met, and what cannot be fitted is None."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.features.dispersion_trend import dispersion_trend


def planted(units=4_000, seed=0):
    generator = np.random.default_rng(seed)
    mean = 10 ** generator.uniform(0, 4, units)
    return mean, (0.05 + 3.0 / mean) * generator.gamma(4, 0.25, units)


def test_a_planted_trend_comes_back():
    trend = dispersion_trend(*planted())
    assert trend.asymptotic == pytest.approx(0.05, rel=0.05)
    assert trend.extra == pytest.approx(3.0, rel=0.05)


def test_dispersions_at_the_floor_and_outliers_do_not_count():
    mean, dispersion = planted()
    plain = dispersion_trend(mean, dispersion)
    mixed = dispersion_trend(
        np.concatenate([mean, mean[:2_000], [100.0, 0.0, np.nan]]),
        np.concatenate([dispersion, np.full(2_000, 1e-8), [1e6, 0.1, 0.1]]),
    )
    assert mixed == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize("tag", ["groseq_tx_nb_sim", "sultan2008_real"])
def test_coefficients_are_those_of_r(shared, tag):
    folder = shared / "data" / "oracle" / "deseq2"
    table = pd.read_csv(folder / f"{tag}.genewise.tsv", sep="\t")
    stated = json.loads((folder / f"{tag}.meta.json").read_text())
    trend = dispersion_trend(table["baseMean"], table["dispGeneEst"])
    assert trend == pytest.approx((stated["asymptDisp"], stated["extraPois"]), rel=1e-3)


def test_nothing_to_fit_is_none():
    assert dispersion_trend([], []) is None
    assert dispersion_trend([5.0, 6.0, 7.0], [1e-8] * 3) is None
    assert dispersion_trend([5.0] * 9, [0.1] * 9) is None
