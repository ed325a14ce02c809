"""Shares of patients by covariate, and how far new patients are from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.checks.drift import calibration, inputs_drift
from groprog_assets.methods.drift import DRIFT_BOUND, describe_inputs, stability

FIELDS = pd.DataFrame(
    {"field": ["age", "stage", "late"], "kind": ["continuous", "ordinal", "continuous"], "used": [True, True, False]}
)


def patients(n: int = 400, shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    stage = random.choice(["I", "II", "III"], n).astype(object)
    stage[:20] = None
    return pd.DataFrame({"age": random.normal(60 + shift, 10, n), "stage": stage, "late": 1.0})


def test_the_same_patients_are_stable_and_shares_are_whole():
    reference = describe_inputs(patients(), FIELDS)
    assert set(reference) == {"age", "stage"}
    for kept in reference.values():
        assert sum(kept["shares"]) == pytest.approx(1)
    assert reference["stage"]["shares"][-1] == pytest.approx(0.05)
    assert stability(reference, patients()) == pytest.approx({"age": 0, "stage": 0})
    assert max(stability(reference, patients(seed=1)).values()) < DRIFT_BOUND


def test_a_shift_a_new_level_and_missing_values_show():
    reference = describe_inputs(patients(), FIELDS)
    moved = stability(reference, patients(shift=15))
    assert moved["age"] > DRIFT_BOUND > moved["stage"]
    assert stability(reference, patients().assign(stage="IV"))["stage"] > DRIFT_BOUND
    assert stability(reference, patients().assign(age=np.nan))["age"] > DRIFT_BOUND
    assert set(stability(reference, patients()[["age"]])) == {"age"}


def test_the_index_equals_its_definition():
    reference = {"x": {"edges": [0.0], "levels": [], "shares": [0.5, 0.5, 0.0]}}
    found = stability(reference, pd.DataFrame({"x": [-1.0, 1, 1, 1]}))["x"]
    assert found == pytest.approx((0.25 - 0.5) * np.log(0.25 / 0.5) + (0.75 - 0.5) * np.log(0.75 / 0.5))


def test_ties_at_a_bound_fall_on_one_side():
    table = pd.DataFrame({"age": [0.0, 0, 0, 1, 1, 2], "stage": "I"})
    assert stability(describe_inputs(table, FIELDS), table) == pytest.approx({"age": 0, "stage": 0})


def test_the_verdicts_name_what_moved_and_keep_numbers():
    found = inputs_drift({"age": 0.4, "stage": 0.01}, DRIFT_BOUND)
    assert not found.passed
    assert not found.blocking
    assert "age 0.40" in found.description
    assert found.values == {"largest": 0.4, "age": 0.4, "stage": 0.01}
    assert inputs_drift(None, DRIFT_BOUND).passed
    document = {"calibration": {"groprog": {"d_calibration": {"p_value": 0.01}, "horizons": {"12": {"error": 0.2}}}}}
    found = calibration(document)
    assert not found.passed
    assert found.values == {"d_calibration_p": 0.01, "error_12_months": 0.2}
    assert not calibration({}).passed
