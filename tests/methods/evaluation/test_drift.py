"""Shares of patients by covariate, and how far new patients are from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.checks.drift import calibration, calibration_drift, inputs_drift
from groprog_assets.methods.evaluation.drift import (
    DRIFT_BOUND,
    arrivals,
    describe_inputs,
    drift_bounds,
    new_follow_up,
    observed_and_expected,
    stability,
)
from groprog_kernels.cox import breslow_baseline

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
    bounds = {"age": 0.25, "stage": 0.3}
    found = inputs_drift({"age": 0.4, "stage": 0.28}, bounds, 50)
    assert not found.passed
    assert not found.blocking
    assert "age 0.40" in found.description
    assert "stage" not in found.description
    assert found.values == {"new_patients": 50, "largest": 0.4, "age": 0.4, "stage": 0.28}
    assert inputs_drift(None, {}, 0).passed
    assert inputs_drift({}, {}, 0).values == {"new_patients": 0}
    document = {"calibration": {"groprog": {"d_calibration": {"p_value": 0.01}, "horizons": {"12": {"error": 0.2}}}}}
    found = calibration(document)
    assert not found.passed
    assert found.values == {"d_calibration_p": 0.01, "error_12_months": 0.2}
    assert not calibration({}).passed


@pytest.mark.parametrize("few", [3, 10, 25])
def test_few_patients_are_not_called_moved_by_chance(few: int):
    reference = describe_inputs(patients(), FIELDS)
    bounds = drift_bounds(reference, few, 400)
    called = {"age": 0, "stage": 0}
    for seed in range(300):
        drawn = patients(400, seed=seed + 1).sample(few, random_state=seed)
        found = stability(reference, drawn)
        for name in called:
            called[name] += found[name] >= bounds[name]
    assert max(called.values()) <= 9, "one of a hundred is expected, three of three hundred"
    assert drift_bounds(reference, 100_000, 100_000)["age"] == DRIFT_BOUND
    assert bounds == drift_bounds(reference, few, 400)


def test_a_shift_of_few_patients_still_shows():
    reference = describe_inputs(patients(), FIELDS)
    assert stability(reference, patients(25, shift=25))["age"] > drift_bounds(reference, 25, 400)["age"]


def test_new_and_corrected_patients_arrive_and_others_do_not():
    before = pd.DataFrame({"patient_id": ["A", "B", "C"], "age": [50.0, 60.0, np.nan], "stage": ["I", None, "II"]})
    now = pd.DataFrame(
        {"patient_id": ["C", "B", "A", "D"], "age": [np.nan, 61.0, 50.0, 40.0], "stage": ["II", None, "I", "I"]}
    )
    assert arrivals(before, now)["patient_id"].tolist() == ["B", "D"]
    assert arrivals(now, now).empty


def outcomes(**rows: tuple[float, int]) -> pd.DataFrame:
    return pd.DataFrame([(name, *row) for name, row in rows.items()], columns=["patient_id", "time", "event"])


def test_only_follow_up_that_was_added_counts():
    before = outcomes(A=(5.0, 0), B=(5.0, 1), C=(5.0, 0), D=(5.0, 0))
    now = outcomes(A=(9.0, 1), B=(9.0, 1), C=(5.0, 0), D=(4.0, 0), E=(3.0, 1), F=(50.0, 1))
    found = new_follow_up(before, now, 20.0).set_index("patient_id")
    assert found.loc["A"].tolist() == [5.0, 9.0, True]
    assert found.loc["E"].tolist() == [0.0, 3.0, True]
    assert found.loc["F"].tolist() == [0.0, 20.0, False], "after the last month the model knows nothing"
    assert set(found.index) == {"A", "E", "F"}


def test_a_right_model_expects_what_happens_and_a_wrong_one_does_not():
    random = np.random.default_rng(3)
    n = 3000
    risk = random.normal(0, 0.7, n)
    time = random.exponential(20 / np.exp(risk))
    end = random.uniform(5, 30, n)
    table = pd.DataFrame(
        {"patient_id": [f"p{k}" for k in range(n)], "time": np.minimum(time, end), "event": (time <= end) * 1}
    )
    first, rest = table.iloc[:1500], table.iloc[1500:]
    baseline = breslow_baseline(risk[:1500], first["time"].to_numpy(), first["event"].to_numpy())
    scores = pd.Series(risk, index=table["patient_id"])
    follow_up = new_follow_up(first, rest, float(baseline.time[-1]))
    right = observed_and_expected(follow_up, scores, baseline)
    assert right["lower"] < 1 < right["upper"]
    assert right["ratio"] == pytest.approx(1, abs=0.1)
    assert calibration_drift(right, 0.01).passed
    worse = observed_and_expected(follow_up, scores - 0.4, baseline)
    assert worse["ratio"] == pytest.approx(np.exp(0.4) * right["ratio"]), "all hazards lower by that factor"
    found = calibration_drift(worse, 0.01)
    assert not found.passed
    assert found.values["observed"] == right["observed"]
    assert calibration_drift(observed_and_expected(follow_up.iloc[:3], scores, baseline), 0.01).passed, (
        "too few to tell"
    )
    assert calibration_drift(None, 0.01).passed
