"""The promotion rule: margin on the same patients, failed checks, first model, a champion that may no longer stand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.evaluation.promotion import METRIC, compare, decide, held_out_risks
from groprog_assets.study.parameters import EvaluationParameters

PARAMETERS = EvaluationParameters(bootstrap_samples=20, tau_months=None)


def evaluation(estimate: float | None) -> dict:
    return {"models": {"groprog": {METRIC: {"estimate": estimate, "lower": 0.5, "upper": 0.7}}}}


def test_the_first_model_is_champion_unless_a_check_failed():
    assert decide("a", evaluation(0.6), [], None, 0.01)["model_version"] == "a"
    refused = decide("a", evaluation(0.6), ["cohort.enough_events"], None, 0.01)
    assert refused["model_version"] is None
    assert "enough_events" in refused["reason"]


@pytest.mark.parametrize(
    ("difference", "promoted"), [(0.01, True), (0.0, True), (-0.005, True), (-0.02, False), (None, False)]
)
def test_a_challenger_may_lose_by_the_margin_and_no_more(difference, promoted):
    champion = decide("a", evaluation(0.9), [], None, 0.01)
    found = decide("b", evaluation(0.1), [], champion, 0.01, {"difference": difference})
    assert found["promoted"] is promoted, "estimates of two cohorts decide nothing"
    assert found["model_version"] == ("b" if promoted else "a")
    assert found["previous"]["model_version"] == "a"
    assert found["comparison"] == {"difference": difference}


def test_a_champion_that_may_not_stand_is_replaced_unless_a_check_failed():
    champion = decide("a", evaluation(0.9), [], None, 0.01)
    found = decide("b", evaluation(0.1), [], champion, 0.01, {"difference": -0.5}, "somebody withdrew")
    assert (found["model_version"], found["reason"]) == ("b", "somebody withdrew")
    nobody = decide("b", evaluation(0.1), ["a.check"], champion, 0.01, None, "somebody withdrew")
    assert nobody["model_version"] is None
    assert nobody["previous"]["model_version"] == "a"


def test_a_decision_about_a_model_is_taken_once():
    first = decide("a", evaluation(0.6), [], None, 0.01)
    assert decide("a", evaluation(0.1), ["later.check"], first, 0.01) == first


def world(seed: int = 0, n: int = 120) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Outcomes without censoring, folds, and the log hazard that made them; times in whole months, so that some tie."""
    random = np.random.default_rng(seed)
    risk = random.normal(0, 1, n)
    patients = [f"p{k:03d}" for k in range(n)]
    time = np.ceil(random.exponential(20 / np.exp(risk)))
    outcomes = pd.DataFrame({"patient_id": patients, "time": time, "event": 1})
    folds = pd.DataFrame({"repeat": 0, "fold": np.arange(n) % 3, "patient_id": patients})
    return outcomes, folds, risk


def out_of_fold(folds: pd.DataFrame, risk: np.ndarray) -> pd.DataFrame:
    return folds.assign(risk=risk, model="groprog")


def test_a_model_against_itself_differs_by_nothing_whatever_the_zero_of_its_fits():
    outcomes, folds, risk = world()
    shifted = out_of_fold(folds, risk + 5.0 * folds["fold"].to_numpy())
    final = pd.Series(risk * 1.1 + 3, index=folds["patient_id"])
    other = shifted.assign(fold=(np.arange(len(risk)) // 7) % 4)
    other["risk"] = risk + 5.0 * other["fold"] - pd.Series(risk).groupby(other["fold"].to_numpy()).transform("mean")
    assert held_out_risks(other, final)[folds["patient_id"]].std() == pytest.approx(risk.std(), rel=0.1)
    found = compare(shifted, held_out_risks(shifted, final), outcomes, folds, PARAMETERS, 1)
    assert found["difference"] == pytest.approx(0, abs=1e-12)
    assert found["challenger"] == pytest.approx(found["champion"])


def test_each_fold_is_the_share_of_right_ordered_pairs():
    outcomes, folds, risk = world()
    reverse = pd.Series(-risk, index=folds["patient_id"])
    parameters = PARAMETERS.model_copy(update={"tau_months": 20.0})
    found = compare(out_of_fold(folds, risk), reverse, outcomes, folds, parameters, 1)
    shares = []
    for fold in range(3):
        rows = (folds["fold"] == fold).to_numpy()
        time, score = outcomes["time"].to_numpy()[rows], risk[rows]
        earlier = (time[:, None] < time[None, :]) & (time < 20)[:, None]
        shares.append((earlier & (score[:, None] > score[None, :])).sum() / earlier.sum())
    assert found["challenger"] == pytest.approx(np.mean(shares)), "nobody is censored: every weight is one"
    assert found["difference"] == pytest.approx(2 * np.mean(shares) - 1)
    assert found["lower"] < found["difference"] < found["upper"]


def test_patients_the_champion_never_saw_are_scored_by_its_final_fit():
    _, folds, risk = world(n=12)
    seen = out_of_fold(folds.iloc[:9], risk[:9])
    final = pd.Series(risk + 7, index=folds["patient_id"])
    held = held_out_risks(seen, final)
    assert set(held.index) == set(folds["patient_id"])
    new = folds["patient_id"].iloc[9:]
    assert held[new].to_numpy() == pytest.approx(risk[9:] - risk[:9].mean())
    with pytest.raises(ValueError, match="3 patients without a risk"):
        compare(out_of_fold(folds, risk), held.iloc[:9], world(n=12)[0], folds, PARAMETERS, 1)
