"""Calibration: right models pass, overconfident and biased ones are told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.evaluation.calibration import (
    calibration_error,
    calibration_groups,
    calibration_slope,
    d_calibration,
    survival_at_own_time,
)


def _patients(n: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    risk = random.normal(size=n)
    death, lost = random.exponential(np.exp(-risk)), random.exponential(2.0, n)
    return risk, np.minimum(death, lost), death <= lost


def test_slope_finds_the_scale_and_equals_lifelines() -> None:
    from lifelines import CoxPHFitter

    risk, time, event = _patients(500)
    found = calibration_slope(2 * risk, time, event)
    fitted = CoxPHFitter().fit(pd.DataFrame({"x": 2 * risk, "time": time, "event": event}), "time", "event")
    assert found.slope == pytest.approx(0.5, abs=0.08)
    assert found.slope == pytest.approx(float(fitted.params_["x"]), rel=1e-5)
    assert found.standard_error == pytest.approx(float(fitted.standard_errors_["x"]), rel=1e-2)
    assert np.isnan(calibration_slope(np.zeros(500), time, event).slope)
    assert np.isnan(calibration_slope(risk, time, np.zeros(500)).slope)


def test_groups_of_a_right_model_lie_on_the_diagonal() -> None:
    risk, time, event = _patients()
    right = np.exp(-0.7 * np.exp(risk))
    groups = calibration_groups(right, time, event, 0.7)
    assert groups["patients"].sum() == 4000
    assert calibration_error(groups) < 0.03
    assert calibration_error(calibration_groups(right**0.3, time, event, 0.7)) > 0.1
    unseen = calibration_groups(right[:20], np.full(20, 0.1), np.zeros(20), 0.7, 2)
    assert unseen["observed"].isna().all()
    assert np.isnan(calibration_error(unseen))


def test_groups_rise_with_the_predicted_risk() -> None:
    risk, time, event = _patients()
    groups = calibration_groups(np.exp(-0.7 * np.exp(risk)), time, event, 0.7)
    assert groups["group"].tolist() == list(range(10))
    assert (np.diff(groups["predicted"]) > 0).all()
    assert groups["observed"].iloc[-1] > groups["observed"].iloc[0] + 0.5


def test_d_calibration_tells_right_from_wrong() -> None:
    risk, time, event = _patients()
    own = np.exp(-time * np.exp(risk))
    right = d_calibration(own, event)
    assert sum(right.counts) == pytest.approx(4000)
    assert right.p_value > 0.01
    assert d_calibration(own**0.5, event).p_value < 1e-6


def test_own_survival_is_read_from_the_predicted_times() -> None:
    times = np.array([1.0, 2.0, 4.0])
    survival = np.exp(-0.5 * np.tile(times, (3, 1)))
    own = survival_at_own_time(survival, times, np.array([0.5, 3.0, 9.0]))
    np.testing.assert_allclose(own, np.exp(-0.5 * np.array([0.5, 3.0, 4.0])))
