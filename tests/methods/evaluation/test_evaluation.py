"""The evaluation document: planted signals found, mixed-up predictions refused, hard cohorts survived."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ModelError
from groprog_assets.methods.cohort.folds import make_folds
from groprog_assets.methods.evaluation.evaluation import evaluate
from groprog_assets.study.parameters import EvaluationParameters

PARAMETERS = EvaluationParameters(folds=5, repeats=2, bootstrap_samples=200)


def _study(n: int = 300, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(out_of_fold, outcomes, folds): groprog knows the hazard, clinical_cox half of it, penalised_cox nothing."""
    random = np.random.default_rng(seed)
    clinic, omics = random.normal(size=n), random.normal(size=n)
    risk = clinic + omics
    death, lost = random.exponential(40 * np.exp(-risk)), random.exponential(60, n)
    outcomes = pd.DataFrame(
        {
            "patient_id": [f"p{k:03d}" for k in range(n)],
            "time": np.minimum(death, lost).round(1),
            "event": death <= lost,
        }
    )
    folds = make_folds(outcomes, None, PARAMETERS, seed)
    frames = []
    for model, score in (("groprog", risk), ("clinical_cox", clinic), ("penalised_cox", random.normal(size=n))):
        frame = folds.assign(model=model, risk=score[folds["patient_id"].str[1:].astype(int)])
        for month in (12.0, 36.0, 60.0):
            frame[f"survival_{month:g}"] = np.exp(-month / 40 * np.exp(frame["risk"]))
        frames.append(frame)
    return pd.concat(frames), outcomes, folds


def test_planted_signal_is_found_and_plain_json() -> None:
    document = evaluate(*_study(), PARAMETERS)
    json.dumps(document, allow_nan=False)
    own, clinic, chance = (document["models"][name]["c_ipcw"] for name in ("groprog", "clinical_cox", "penalised_cox"))
    assert own["lower"] < own["estimate"] < own["upper"]
    assert own["estimate"] > clinic["estimate"] + 0.05
    assert chance["lower"] < 0.5 < chance["upper"]
    assert document["headline"]["verdict"] == "adds"
    assert document["calibration"]["groprog"]["slope"] == pytest.approx(1, abs=0.15)
    assert document["calibration"]["groprog"]["horizons"]["36"]["error"] < 0.12
    assert document["strata"]["groprog"]["log_rank"]["p_value"] < 1e-6
    assert document["strata"]["penalised_cox"]["log_rank"]["p_value"] > 1e-3
    assert document["models"]["groprog"]["integrated_brier"]["estimate"] < 0.2
    assert document["repeats"] == 2


def test_the_group_of_high_risk_fares_worst() -> None:
    document = evaluate(*_study(), PARAMETERS)
    curves = pd.DataFrame(document["strata"]["groprog"]["curves"])
    assert sorted(curves["group"].unique()) == [0, 1, 2]
    after = [part.loc[part["time"] <= 24, "survival"].iloc[-1] for _, part in curves.groupby("group")]
    assert after[0] > after[1] + 0.1 > after[2] + 0.2
    marks = document["strata"]["groprog"]["at_risk"]
    left = [marks["counts"][group][1] for group in ("0", "1", "2")]
    assert left[0] > left[1] > left[2]


def test_the_brier_score_is_integrated_from_time_zero_on_every_models_grid() -> None:
    table, outcomes, folds = _study()
    flat = table.assign(survival_12=0.5, survival_36=0.5, survival_60=0.5)
    document = evaluate(flat, outcomes.assign(event=True), folds, PARAMETERS)
    # without censoring a survival of one half scores 1/4 at every month; from 0 to 12 it rises from 0
    expected = (0.25 * 12 / 2 + 0.25 * 48) / 60
    assert document["models"]["clinical_cox"]["integrated_brier"]["estimate"] == pytest.approx(expected, abs=1e-9)
    finer = table.assign(survival_24=table["survival_12"])
    finer.loc[finer["model"] == "groprog", "survival_24"] = np.nan
    assert evaluate(finer, outcomes, folds, PARAMETERS)["survival_months"] == [12.0, 36.0, 60.0]


def test_a_copy_of_the_baseline_adds_nothing() -> None:
    table, outcomes, folds = _study()
    copy = table[table["model"] == "clinical_cox"].assign(model="groprog")
    document = evaluate(pd.concat([copy, table[table["model"] != "groprog"]]), outcomes, folds, PARAMETERS)
    assert document["headline"]["verdict"] == "does not add"
    assert document["headline"]["difference"] == 0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.assign(fold=(t["fold"] + 1) % 5), "another fold"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "predicted twice"),
        (lambda t: t.iloc[1:], "unpredicted"),
        (lambda t: t.assign(risk=t["risk"].where(t["risk"] < 1, np.inf)), "NaN or infinite"),
    ],
)
def test_only_complete_out_of_fold_predictions_are_evaluated(spoil, message: str) -> None:
    table, outcomes, folds = _study(60)
    with pytest.raises(ModelError, match=message):
        evaluate(spoil(table), outcomes, folds, PARAMETERS)


@pytest.mark.parametrize("case", ["all", "none", "tied", "level", "one a fold"])
def test_hard_cohorts_give_a_document(case: str) -> None:
    table, outcomes, folds = _study(60)
    if case == "all":
        outcomes = outcomes.assign(event=True)
    elif case == "none":
        outcomes = outcomes.assign(event=False)
    elif case == "tied":
        outcomes = outcomes.assign(time=20.0)
    elif case == "level":
        table = table.assign(risk=0.0)
    else:
        first = folds[folds["repeat"] == 0].groupby("fold")["patient_id"].first()
        outcomes = outcomes.assign(event=outcomes["patient_id"].isin(first))
    document = evaluate(table, outcomes, folds, PARAMETERS)
    json.dumps(document, allow_nan=False)
    estimate = document["models"]["groprog"]["c_ipcw"]["estimate"]
    if case in ("none", "tied"):
        assert estimate is None
    if case == "level":
        assert estimate == pytest.approx(0.5)
