"""Shrinkage: the maximum found by search, R's values given R's dispersions, ends of the prior."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from groprog_assets.methods.features.shrinkage import prior_variance, shrunken_coefficients
from tests.oracles import deseq2

LOG2 = np.log(2)


def shrunken(found, variance):
    design = np.column_stack([np.ones(len(found["treated"])), found["treated"]])
    fit = shrunken_coefficients(
        found["counts"], design, found["size_factors"], found["dispersion"], np.array([1e6, variance]) * LOG2**2
    )
    return fit.coefficient[:, 1] / LOG2, np.sqrt(fit.covariance[:, 1, 1]) / LOG2


@pytest.mark.parametrize("name", ["local", "parametric", "mean"])
def test_equals_r_given_its_dispersions(name):
    found = deseq2.analysis(name)
    variance = prior_variance(found["log2_fold_change"], found["base_mean"], found["trend"])
    fold, error = shrunken(found, variance)
    assert np.abs(fold - found["shrunken"]).max() < 1e-5
    assert np.abs(error - found["shrunken_error"]).max() < 1e-5


@pytest.mark.parametrize("tag", ["groseq_tx_nb_sim", "sultan2008_real"])
def test_equals_r_on_the_shared_tables(shared, tag):
    folder = shared / "data" / "oracle" / "deseq2"
    read = {
        name: pd.read_csv(folder / f"{tag}.{name}.tsv", sep="\t", index_col=0)
        for name in ("counts", "coldata", "genewise", "results", "lfcShrink_normal")
    }
    genewise = read["genewise"].reindex(read["counts"].index)
    result, expected = (read[name].reindex(read["counts"].index) for name in ("results", "lfcShrink_normal"))
    condition = read["coldata"].loc[read["counts"].columns, "condition"]
    found = {
        "counts": read["counts"].to_numpy(),
        "treated": condition.isin(["S40m", "Ramos_B cell"]).to_numpy(),
        "size_factors": pd.read_csv(folder / f"{tag}.sizefactors.tsv", sep="\t").iloc[:, -1].to_numpy(float),
        "dispersion": genewise["dispersion"].to_numpy(),
    }
    variance = prior_variance(result["log2FoldChange"], genewise["baseMean"], genewise["dispFit"])
    fold, error = shrunken(found, variance)
    assert np.nanmax(np.abs(fold - expected["log2FoldChange"])) < 1e-4
    assert np.nanmax(np.abs(error - expected["lfcSE"])) < 1e-4


def test_is_the_maximum_of_the_posterior():
    found = deseq2.analysis("parametric")
    fold, _ = shrunken(found, 0.3)
    for unit in range(5):
        counts, size = found["counts"][unit], 1 / found["dispersion"][unit]

        def lost(both, counts=counts, size=size):
            mean = np.exp(both[0] + both[1] * found["treated"]) * found["size_factors"]
            seen = stats.nbinom.logpmf(counts, size, size / (size + mean)).sum()
            return -seen + both[0] ** 2 / (2e6 * LOG2**2) + both[1] ** 2 / (0.6 * LOG2**2)

        best = optimize.minimize(lost, [np.log(counts.mean() + 1), 0.0], method="Nelder-Mead", options={"xatol": 1e-9})
        assert fold[unit] == pytest.approx(best.x[1] / LOG2, abs=1e-5)


def test_a_wide_prior_leaves_and_a_narrow_one_takes_the_change():
    found = deseq2.analysis("parametric")
    wide, _ = shrunken(found, 1e6)
    assert wide == pytest.approx(found["log2_fold_change"], abs=2e-4)
    narrow, _ = shrunken(found, 1e-6)
    assert np.abs(narrow).max() < 1e-3


def test_missing_units_and_priors_are_missing():
    found = deseq2.analysis("parametric")
    broken = {**found, "dispersion": np.where(np.arange(len(found["dispersion"])) == 3, np.nan, found["dispersion"])}
    fold, _ = shrunken(broken, 1.0)
    assert np.flatnonzero(np.isnan(fold)).tolist() == [3]
    assert np.isnan(shrunken(found, np.nan)[0]).all()
    assert np.isnan(prior_variance([np.nan, 12.0, 0.0], [10.0, 10.0, 10.0], [0.1, 0.1, 0.1]))
    assert np.isnan(prior_variance([], [], []))
