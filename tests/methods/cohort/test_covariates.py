"""Covariates are encoded with constants of the training patients alone."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.cohort.covariates import apply_covariates, fit_covariates

FIELDS = pd.DataFrame(
    {
        "field": ["age", "stage", "site"],
        "kind": ["continuous", "ordinal", "categorical"],
        "levels": ["", json.dumps(["I", "II", "III"]), ""],
        "used": True,
    }
)


def test_covariates_are_fitted_on_training_alone() -> None:
    random = np.random.default_rng(0)
    records = pd.DataFrame({"age": random.normal(60, 10, 150), "stage": random.choice(["I", "II", "III"], 150)})
    records["site"] = random.choice(["a", "b", "rare"], 150, p=[0.6, 0.38, 0.02])
    records.loc[:14, "age"] = np.nan
    fitted = fit_covariates(records.iloc[:100], FIELDS, 0.05)
    assert {"age", "stage", "age missing", "site=b"} <= set(fitted.names)
    design = apply_covariates(fitted, records.iloc[:100])
    at = fitted.names.index("age")
    assert design[:, at].mean() == pytest.approx(0, abs=1e-9)
    new = records.iloc[:1].assign(site="never seen", age=1e9, stage="unknown")
    row = apply_covariates(fitted, new)
    assert np.isfinite(row).all()
    assert row[0, at] == 5
    constant = fit_covariates(records.assign(age=1.0, stage="I", site="a"), FIELDS, 0.05)
    assert constant.names == []
