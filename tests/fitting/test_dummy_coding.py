"""The baselines' columns by their definition, with constants of the training patients alone."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from groprog_assets.fitting.covariates import Covariates
from groprog_assets.fitting.dummy_coding import DummyCoding

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
    coding = DummyCoding.fit(given.take(np.arange(100)), 0.05)
    expected = dummy_by_definition(train, records)
    assert sorted(coding.names) == sorted(expected.columns)
    np.testing.assert_allclose(coding.transform(given), expected[coding.names], rtol=1e-12, atol=1e-12)


def test_values_unseen_in_training_stay_within_the_limit() -> None:
    records = patients(150)
    coding = DummyCoding.fit(Covariates.from_columns(records, FIELDS), 0.05)
    new = records.iloc[[1]].assign(site="never seen", age=1e9, stage="unknown")
    row = coding.transform(Covariates.from_columns(new, FIELDS))
    at = coding.names
    assert row[0, at.index("age")] == 5
    assert np.isfinite(row).all()
    assert not row[0, [place for place, name in enumerate(at) if name.startswith("site")]].any()


def test_a_field_without_spread_has_no_dummy_column() -> None:
    records = patients(20).assign(age=1.0, stage="I", site="a")
    coding = DummyCoding.fit(Covariates.from_columns(records, FIELDS), 0.05)
    assert coding.names == []
    assert coding.transform(Covariates.from_columns(records, FIELDS)).shape == (20, 0)


def test_a_level_may_be_called_none() -> None:
    fields = FIELDS.assign(levels=["", json.dumps(["none", "micro", "macro"]), ""])
    records = patients(30).assign(stage=["none", "micro", "macro", None, "none"] * 6)
    coding = DummyCoding.fit(Covariates.from_columns(records, fields), 0.05)
    design = coding.transform(Covariates.from_columns(records, fields))
    number, missing = (design[:, coding.names.index(name)] for name in ("stage", "stage missing"))
    assert missing[:5].tolist() == [0, 0, 0, 1, 0]
    assert number[0] < number[1] < number[2]


def test_an_unused_field_is_left_out_and_a_late_one_without_a_landmark() -> None:
    fields = FIELDS.assign(used=[True, True, False], known_at_days=[0.0, 30.0, 0.0])
    given = Covariates.from_columns(patients(50), fields)
    assert set(DummyCoding.fit(given, 0.5).names) == {"age"}
    assert set(DummyCoding.fit(given, 0.5, known_by_days=30).names) == {"age", "stage"}
