"""Covariates are encoded with constants of the training patients alone, for the model and for its baselines."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.fitting.clinical_encoder import Z_LIMIT, ClinicalEncoder
from groprog_assets.fitting.covariates import Covariates, FieldSpec, covariate_values


def clinical(fields: list[FieldSpec], **columns: list) -> Covariates:
    arrays = {spec.name: covariate_values(spec, np.array(columns[spec.name], object)) for spec in fields}
    return Covariates(tuple(fields), arrays, len(next(iter(columns.values()))))


def test_continuous_is_median_filled_standardised_and_flagged():
    train = clinical([FieldSpec("x")], x=[1.0, 2.0, 3.0, 6.0, None])
    encoder = ClinicalEncoder.fit(train, flag_above=0.05)
    design = encoder.transform(train).design
    filled = np.array([1.0, 2.0, 3.0, 6.0, 2.5])
    np.testing.assert_allclose(design[:, 0], (filled - filled.mean()) / filled.std(), rtol=1e-12)
    np.testing.assert_allclose(design[:, 1], np.array([0, 0, 0, 0, 1]) - 0.2)
    held_out = encoder.transform(clinical([FieldSpec("x")], x=[1e9, None])).design
    assert held_out[0, 0] == Z_LIMIT
    assert held_out[1, 0] == pytest.approx((2.5 - filled.mean()) / filled.std())


def test_few_missing_values_get_no_flag():
    train = clinical([FieldSpec("x")], x=[*range(39), None])
    encoder = ClinicalEncoder.fit(train, flag_above=0.05)
    assert not encoder.fields[0].flag
    assert set(encoder.design_fields()) == {"x"}
    assert encoder.transform(train).state.shape == (40, 1)


def test_curves_stand_last_and_only_where_values_vary():
    train = clinical(
        [FieldSpec("x"), FieldSpec("few")], x=[float(k) for k in range(31)], few=[0.0, 1.0, 2.0] * 10 + [0.0]
    )
    encoder = ClinicalEncoder.fit(train, flag_above=0.05)
    assert encoder.fields[0].spline is not None
    assert encoder.fields[1].spline is None
    design = encoder.transform(train).design
    assert encoder.design_fields() == ["x", "few", *["x"] * (design.shape[1] - 2)]
    np.testing.assert_allclose(design.mean(axis=0), 0, atol=1e-10)
    assert design[:, 2].std() == pytest.approx(0.5)
    bowl = (np.arange(31) - 15.0) ** 2
    assert abs(np.corrcoef(design[:, 2], bowl)[0, 1]) > 0.95


def test_ordinal_is_a_number_and_a_level():
    spec = FieldSpec("stage", "ordinal", levels=("I", "II", "III"))
    train = clinical([spec], stage=["I", "II", "III", "", "bad"])
    encoded = ClinicalEncoder.fit(train, flag_above=0.05).transform(train)
    assert encoded.state_codes[:, 0].tolist() == [1, 2, 3, 0, 0]
    assert encoded.state[0, 0] < encoded.state[1, 0] < encoded.state[2, 0]
    assert encoded.state[3, 0] == encoded.state[1, 0]


def test_category_unseen_in_training_is_the_unknown_level():
    spec = FieldSpec("sex", "categorical")
    encoder = ClinicalEncoder.fit(clinical([spec], sex=["f", "m", "m", ""]), flag_above=0.05)
    encoded = encoder.transform(clinical([spec], sex=["m", "other", ""]))
    assert encoded.state_codes[:, 0].tolist() == [2, 0, 0]
    np.testing.assert_array_equal(encoded.design[1], encoded.design[2])
    assert encoder.level_counts("state") == [3]


def test_missing_category_counts_as_the_most_frequent_level_as_a_number_counts_as_its_median():
    spec = FieldSpec("race", "categorical")
    train = clinical([spec], race=["a", "b", "b", "c", "", ""])
    encoder = ClinicalEncoder.fit(train, flag_above=0.05)
    filled = np.array(["a", "b", "b", "c", "b", "b"])
    expected = np.column_stack([filled == level for level in "abc"])
    np.testing.assert_allclose(encoder.transform(train).design, expected - expected.mean(axis=0), atol=1e-12)
    new = encoder.transform(clinical([spec], race=["b", "", "unseen"]))
    np.testing.assert_array_equal(new.design, np.tile(new.design[0], (3, 1)))
    assert new.state_codes[:, 0].tolist() == [2, 0, 0]


def test_a_field_of_one_level_keeps_its_contrast_to_missing():
    spec = FieldSpec("cirrhosis", "categorical")
    train = clinical([spec], cirrhosis=["yes", "yes", "yes", ""])
    design = ClinicalEncoder.fit(train, flag_above=0.05).transform(train).design
    np.testing.assert_allclose(design[:, 0], [0.25, 0.25, 0.25, -0.75])


def test_constant_and_late_columns_are_dropped_with_a_reason():
    fields = [FieldSpec("same"), FieldSpec("late", known_at_days=30), FieldSpec("empty"), FieldSpec("x")]
    train = clinical(fields, same=[1, 1, 1], late=[1, 2, 3], empty=[None, None, None], x=[1, 2, 3])
    reasons = {held.name: held.dropped for held in ClinicalEncoder.fit(train, 0.05).fields}
    assert reasons == {
        "same": "constant in training",
        "late": "known 30 days after baseline",
        "empty": "no value in training",
        "x": "",
    }
    assert ClinicalEncoder.fit(train, 0.05, known_by_days=30).fields[1].dropped == ""
