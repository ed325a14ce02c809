"""Another centre's patients: metrics by hand, groups at the training's cuts, losses weighed."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.evaluation.external_validation import (
    clinical_cox_elsewhere,
    evaluate_external,
    survival_frame,
    what_was_lost,
)
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import concordance, harrell
from groprog_kernels.cox import breslow_baseline

PARAMETERS = Parameters.model_validate({"evaluation": {"bootstrap_samples": 100}})


def centre(n: int = 240, seed: int = 0, shift: float = 0.0) -> tuple[np.ndarray, pd.DataFrame]:
    """(log hazard, outcomes) of n patients."""
    random = np.random.default_rng(seed)
    risk = random.normal(shift, 1, n)
    death, lost = random.exponential(30 * np.exp(-risk)), random.uniform(10, 90, n)
    outcomes = pd.DataFrame(
        {"patient_id": [f"e{k:03d}" for k in range(n)], "time": np.minimum(death, lost), "event": death <= lost}
    )
    return risk, outcomes


@pytest.fixture(scope="module")
def document() -> dict:
    training_risk, training = centre(400, 1)
    baseline = breslow_baseline(training_risk, training["time"].to_numpy(), training["event"].to_numpy())
    risk, outcomes = centre(240, 2, shift=0.5)
    patients = outcomes["patient_id"].to_numpy()
    scores = {
        "groprog": survival_frame(patients, risk, baseline, PARAMETERS),
        "clinical_cox": survival_frame(patients, np.random.default_rng(0).normal(size=240), baseline, PARAMETERS),
    }
    return evaluate_external(scores, outcomes, training_risk, PARAMETERS)


def test_metrics_are_those_of_the_kernels_with_this_cohorts_censoring(document: dict) -> None:
    risk, outcomes = centre(240, 2, shift=0.5)
    time, event = outcomes["time"].to_numpy(), outcomes["event"].to_numpy()
    found = document["models"]["groprog"]
    assert found["harrell"]["estimate"] == pytest.approx(harrell(risk, time, event).cindex)
    expected = concordance(
        risk, time, event, train_time=time, train_event=event, tau=60.0, weight_power=2, unsupported="drop"
    ).cindex
    assert found["c_ipcw"]["estimate"] == pytest.approx(expected)
    assert found["c_ipcw"]["lower"] < expected < found["c_ipcw"]["upper"]
    json.dumps(document, allow_nan=False)


def test_a_right_model_is_calibrated_and_better_than_chance(document: dict) -> None:
    assert document["calibration"]["groprog"]["slope"] == pytest.approx(1, abs=0.2)
    assert document["observed_expected"]["36"] == pytest.approx(1, abs=0.12)
    (row,) = [row for row in document["differences"] if row["metric"] == "c_ipcw"]
    assert row["lower"] > 0
    assert row["p_value"] is None
    assert "headline" not in document


def test_groups_are_cut_where_training_cuts_them(document: dict) -> None:
    training_risk, _ = centre(400, 1)
    risk, _ = centre(240, 2, shift=0.5)
    strata = document["strata"]["groprog"]
    np.testing.assert_allclose(strata["cuts"], np.quantile(training_risk, [1 / 3, 2 / 3]))
    high = int((risk > strata["cuts"][1]).sum())
    assert strata["at_risk"]["counts"]["2"][0] == high > 240 / 3


def test_losses_are_shares_of_contributions() -> None:
    found = what_was_lost(
        {"age": 3.0, "albumin": 1.0}, {"A": 1.0, "B": 2.0, "C": 1.0}, {"albumin": "not there"}, {"A", "C"}
    )
    assert found["fields"] == [{"field": "albumin", "why": "not there", "share": 0.25}]
    assert found["genes"] == {"model": 3, "present": 2, "share": 0.5, "strongest_missing": ["B"]}
    assert what_was_lost({"age": 0.0}, {}, {"age": "x"}, set())["genes"]["share"] is None


def test_the_baseline_is_fitted_at_home_and_absent_values_are_its_median() -> None:
    risk, outcomes = centre(300, 5)
    fields = pd.DataFrame({"field": ["age", "dose"], "kind": "continuous", "levels": "[]", "used": True})
    ids = outcomes["patient_id"]
    home = pd.DataFrame({"patient_id": ids, "age": 60 + 10 * risk, "dose": np.random.default_rng(3).normal(size=300)})
    elsewhere = pd.DataFrame({"patient_id": ["x", "y", "z"], "age": [80.0, 40.0, np.nan], "dose": np.nan})
    found = clinical_cox_elsewhere((home, fields, outcomes), elsewhere, PARAMETERS)
    assert found["risk"].is_monotonic_decreasing is False
    assert found["risk"][0] > found["risk"][2] > found["risk"][1]
    alone = clinical_cox_elsewhere((home, fields, outcomes), elsewhere.iloc[[1]].reset_index(drop=True), PARAMETERS)
    assert alone["risk"][0] == pytest.approx(found["risk"][1])
