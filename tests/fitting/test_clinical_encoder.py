"""Covariates are encoded with constants of the training patients alone, for the model and for its baselines."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
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


FIELDS = pd.DataFrame(
    {
        "field": ["age", "stage", "site"],
        "kind": ["continuous", "ordinal", "categorical"],
        "levels": ["", json.dumps(["I", "II", "III"]), ""],
        "used": True,
    }
)


def patients(n: int) -> pd.DataFrame:
    """Age, missing in every tenth; stage; a site of two common and one rare level, unknown in every eighth."""
    random = np.random.default_rng(0)
    records = pd.DataFrame({"patient_id": np.arange(n).astype(str), "age": random.normal(60, 10, n)})
    records["stage"] = random.choice(["I", "II", "III"], n)
    records["site"] = random.choice(["a", "b", "rare"], n, p=[0.6, 0.38, 0.02])
    records.loc[::10, "age"] = np.nan
    records.loc[::8, "site"] = None
    return records


def dummy_by_definition(train: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """The dummy-coded design in pandas, field by field."""
    design = {}
    for field, values in (("age", train["age"]), ("stage", train["stage"].map({"I": 0.0, "II": 1.0, "III": 2.0}))):
        own = records[field] if field == "age" else records[field].map({"I": 0.0, "II": 1.0, "III": 2.0})
        filled = values.fillna(values.median())
        design[field] = ((own.fillna(values.median()) - filled.mean()) / filled.std(ddof=0)).clip(-5, 5)
    levels = train["site"].dropna().value_counts().index[1:]
    design |= {f"site={level}": (records["site"] == level).astype(float) for level in levels}
    design |= {f"{field} missing": records[field].isna().astype(float) for field in ("age", "site")}
    return pd.DataFrame(design)


def test_dummy_coding_is_the_one_of_its_definition() -> None:
    records = patients(150)
    given, train = Covariates.from_columns(records, FIELDS), records.iloc[:100]
    encoder = ClinicalEncoder.fit(given.take(np.arange(100)), 0.05)
    expected = dummy_by_definition(train, records)
    assert sorted(encoder.dummy_names()) == sorted(expected.columns)
    np.testing.assert_allclose(encoder.dummy_coded(given), expected[encoder.dummy_names()], rtol=1e-12, atol=1e-12)


def test_values_unseen_in_training_stay_within_the_limit() -> None:
    records = patients(150)
    encoder = ClinicalEncoder.fit(Covariates.from_columns(records, FIELDS), 0.05)
    new = records.iloc[[1]].assign(site="never seen", age=1e9, stage="unknown")
    row = encoder.dummy_coded(Covariates.from_columns(new, FIELDS))
    at = encoder.dummy_names()
    assert row[0, at.index("age")] == 5
    assert np.isfinite(row).all()
    assert not row[0, [place for place, name in enumerate(at) if name.startswith("site")]].any()


def test_a_field_without_spread_has_no_dummy_column() -> None:
    records = patients(20).assign(age=1.0, stage="I", site="a")
    encoder = ClinicalEncoder.fit(Covariates.from_columns(records, FIELDS), 0.05)
    assert encoder.dummy_names() == []
    assert encoder.dummy_coded(Covariates.from_columns(records, FIELDS)).shape == (20, 0)


def test_an_unused_field_is_left_out_and_a_late_one_without_a_landmark() -> None:
    fields = FIELDS.assign(used=[True, True, False], known_at_days=[0.0, 30.0, 0.0])
    given = Covariates.from_columns(patients(50), fields)
    assert set(ClinicalEncoder.fit(given, 0.5).dummy_names()) == {"age"}
    assert set(ClinicalEncoder.fit(given, 0.5, known_by_days=30).dummy_names()) == {"age", "stage"}
