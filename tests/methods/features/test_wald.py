"""The Wald test: the definition unit by unit, R's standard errors, silent conditions, missing fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from groprog_assets.methods.features.wald import LEAST_MEAN, RIDGE, wald_test
from tests.oracles import deseq2

DESIGN = np.array([[1, 0], [1, 0], [1, 1], [1, 1]], dtype=float)
FACTORS = np.array([0.8, 1.1, 1.0, 1.2])
CONTRAST = np.array([0.0, 1.0])


def one(coefficients, dispersion):
    """Standard error of one unit by plain matrix algebra."""
    mean = np.maximum(np.exp(DESIGN @ coefficients) * FACTORS, LEAST_MEAN)
    information = DESIGN.T @ np.diag(mean / (1 + dispersion * mean)) @ DESIGN
    inverse = np.linalg.inv(information + RIDGE * np.eye(2))
    return np.sqrt(CONTRAST @ inverse @ information @ inverse @ CONTRAST)


def test_equals_the_definition():
    generator = np.random.default_rng(0)
    coefficients = np.column_stack([generator.normal(3, 2, 50), generator.normal(0, 2, 50)])
    dispersion = generator.gamma(1, 0.2, 50)
    found = wald_test(DESIGN, coefficients, dispersion, FACTORS, CONTRAST)
    expected = np.array([one(*unit) for unit in zip(coefficients, dispersion, strict=True)])
    assert np.allclose(found.standard_error, expected, rtol=1e-9)
    assert np.allclose(found.p_value, 2 * stats.norm.sf(np.abs(coefficients[:, 1] / expected)))


def test_a_silent_condition_keeps_a_finite_error():
    found = wald_test(DESIGN, [[5.0, -60.0], [5.0, -600.0]], [0.1, 0.1], FACTORS, CONTRAST)
    assert found.standard_error[0] == found.standard_error[1] < 3


def test_a_missing_fit_is_missing():
    found = wald_test(DESIGN, [[np.nan, 1.0], [1.0, 1.0], [1.0, 1.0]], [0.1, np.nan, 0.1], FACTORS, CONTRAST)
    assert np.isnan(found.p_value).tolist() == [True, True, False]
    assert len(wald_test(DESIGN, np.empty((0, 2)), [], FACTORS, CONTRAST).p_value) == 0


@pytest.mark.parametrize("tag", ["groseq_tx_nb_sim", "sultan2008_real"])
def test_errors_and_p_values_are_those_of_r_given_rs_fits(shared, tag):
    folder = shared / "data" / "oracle" / "deseq2"
    read = {name: pd.read_csv(folder / f"{tag}.{name}.tsv", sep="\t", index_col=0) for name in ("results", "genewise")}
    result = read["results"].loc[read["genewise"].index]
    design = pd.read_csv(folder / f"{tag}.coldata.tsv", sep="\t", index_col=0)["condition"]
    factors = pd.read_csv(folder / f"{tag}.sizefactors.tsv", sep="\t").iloc[:, -1].to_numpy(float)
    reference = {"groseq_tx_nb_sim": "S0m", "sultan2008_real": "HEK293T"}[tag]
    matrix = np.column_stack([np.ones(len(design)), (design.str.replace("_", " ") != reference.replace("_", " "))])
    coefficients = np.column_stack([read["genewise"]["Intercept"], result["log2FoldChange"]]) * np.log(2)
    found = wald_test(matrix, coefficients, read["genewise"]["dispersion"], factors, CONTRAST)
    ratio = found.standard_error / np.log(2) / result["lfcSE"]
    assert np.nanmax(np.abs(ratio - 1)) < 1e-3
    known = result["pvalue"].notna() & (result["pvalue"] > 1e-250)
    apart = np.abs(np.log10(found.p_value[known]) - np.log10(result["pvalue"][known]))
    assert apart.max() < 0.1


@pytest.mark.parametrize("name", ["local", "parametric", "mean"])
def test_a_threshold_is_tested_as_in_r(name):
    found = deseq2.analysis(name)
    design = np.column_stack([np.ones(len(found["treated"])), found["treated"]])
    level = np.log((found["counts"] / found["size_factors"])[:, ~found["treated"]].mean(axis=1).clip(min=1e-12))
    coefficients = np.column_stack([level, found["log2_fold_change"] * np.log(2)])
    arguments = (design, coefficients, found["dispersion"], found["size_factors"], CONTRAST)
    beyond = wald_test(*arguments, 0.5 * np.log(2)).p_value
    some = (found["beyond_p_value"] < 1) & (found["base_mean"] > 20)
    assert some.sum() > 20
    assert np.abs(np.log10(beyond[some]) - np.log10(found["beyond_p_value"][some])).max() < 0.05
    assert (beyond[np.abs(found["log2_fold_change"]) < 0.5] == 1).all()
    assert (beyond >= wald_test(*arguments).p_value).all()
