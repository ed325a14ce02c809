"""Eq. 2, its signed and ranked companions, missing values, constants."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.methods.features import normalized_features as method
from groprog_assets.study.parameters import NormalizationParameters
from tests.printed_equations import equation_2

PARAMETERS = NormalizationParameters()


def features(n=200, seed=0, **changes):
    rng = np.random.default_rng(seed)
    columns = {
        "tss_density": rng.lognormal(2, 2, n),
        "body_density": rng.lognormal(1, 1, n),
        "upstream_density": rng.lognormal(0, 1, n),
        "pausing_index": rng.lognormal(1, 1, n),
        "five_prime_fraction": rng.uniform(0, 1, n),
        "body_fraction": rng.uniform(0, 1, n),
        "post_fraction": rng.uniform(0, 1, n),
        "tua": rng.uniform(-1, 1, n),
        "log2_fold_change": rng.normal(0, 2, n),
        "significance": rng.normal(0, 5, n),
        "expression_level": rng.normal(5, 2, n),
        "apoptosis_regulation": rng.integers(0, 2, n).astype(float),
        "cell_junction": rng.integers(0, 2, n).astype(float),
        "receptor_inhibition": rng.integers(0, 2, n).astype(float),
        "key_locus": (np.arange(n) == 3).astype(float),
    }
    return pd.DataFrame({"gene": [f"g{i}" for i in range(n)], **columns, **changes})


def test_ranges_signs_and_blocks():
    result = method.normalize(features(), PARAMETERS)
    table, constants = result.table.drop(columns="gene"), result.constants.set_index("feature")
    rules = constants["rule"]
    for name in table:
        low, high = {"quantile_log": (0, 1), "signed_log": (-1, 1), "label": (0, 1), "log_rank": (-3, 3)}[rules[name]]
        assert table[name].between(low, high).all(), name
    assert (np.sign(table["log2_fold_change"]) == np.sign(features()["log2_fold_change"])).all()
    assert constants.groupby("block").groups.keys() == {"density", "pausing", "differential"}
    assert constants.loc[["tss_density", "pausing_index_rank", "key_locus"], "block"].tolist() == [
        "density",
        "pausing",
        "differential",
    ]
    assert not constants["dropped"].any()


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=5, max_size=40))
def test_clipped_form_is_eq_2_inside_the_quantiles(values):
    x = np.array(values)
    lower, upper = np.quantile(x, (0.01, 0.99))
    if upper - lower < 1e-3:
        return
    clipped, literal = method.quantile_log(x, lower, upper), equation_2(x, lower, upper, 1e-12)
    inside = x <= upper
    assert np.allclose(clipped[inside], literal[inside], atol=1e-6)
    assert clipped.min() >= 0
    assert clipped.max() <= 1


def test_the_printed_equation_2_has_no_upper_bound():
    """A7: a heavy tail drives eq. 2 past 1."""
    x = np.r_[np.linspace(0, 1, 999), 1e3]
    lower, upper = np.quantile(x, (0.01, 0.99))
    assert equation_2(x, lower, upper, 1e-8).max() > 2.65
    assert method.quantile_log(x, lower, upper).max() == 1.0


def test_missing_values_become_neutral_and_nothing_else():
    frame = features()
    for name in ("tss_density", "pausing_index", "log2_fold_change", "apoptosis_regulation"):
        frame.loc[:9, name] = np.nan
    table = method.normalize(frame, PARAMETERS).table
    assert not table.isna().any().any()
    assert set(table["log2_fold_change"][:10]) == {0.0}
    assert set(table["pausing_index"][:10]) == {0.0}
    assert set(table["pausing_index_rank"][:10]) == {0.5}
    assert set(table["tss_density"][:10]) == {table["tss_density"][10:].median()}
    assert list(table)[1:] == [*method.normalize(features(), PARAMETERS).table][1:]


@pytest.mark.parametrize("value", [0.0, 3.0, np.nan])
@pytest.mark.parametrize("name", ["tss_density", "pausing_index", "log2_fold_change", "cell_junction"])
def test_a_feature_without_spread_is_dropped_with_a_warning(name, value):
    with pytest.warns(UserWarning, match=name):
        result = method.normalize(features(**{name: value}), PARAMETERS)
    assert name not in result.table
    row = result.constants.set_index("feature").loc[name]
    assert row["dropped"]


def test_a_study_without_key_loci_says_nothing_of_them():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = method.normalize(features(key_locus=0.0), PARAMETERS)
    assert result.constants.set_index("feature").loc["key_locus", "dropped"]
    assert "key_locus" not in result.table


def test_a_zero_index_is_finite_and_lowest():
    index = np.r_[0.0, np.linspace(1, 10, 199)]
    table = method.normalize(features(pausing_index=index), PARAMETERS).table
    assert table["pausing_index"].idxmin() == 0
    assert table["pausing_index_rank"].idxmin() == 0


def test_marks_join_the_density_block():
    frame = features().assign(mark_H3K27ac_promoter=np.linspace(0, 9, 200))
    constants = method.normalize(frame, PARAMETERS).constants.set_index("feature")
    assert constants.loc["mark_H3K27ac_promoter", ["rule", "block"]].tolist() == ["quantile_log", "density"]


def test_order_of_genes_does_not_matter():
    frame = features()
    order = np.random.default_rng(0).permutation(len(frame))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        straight = method.normalize(frame, PARAMETERS).table
        mixed = method.normalize(frame.iloc[order].reset_index(drop=True), PARAMETERS).table
    pd.testing.assert_frame_equal(straight.iloc[order].reset_index(drop=True), mixed)


def test_ranks_share_ties():
    assert method.fractional_rank([1, 1, 5, np.nan]).tolist() == pytest.approx([1 / 3, 1 / 3, 2.5 / 3, 0.5])
