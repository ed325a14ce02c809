"""A part that carries the signal costs concordance when it goes; a part of noise costs nothing."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.cohort.folds import make_folds
from groprog_assets.methods.evaluation.ablation import compare_parts
from groprog_assets.methods.evaluation.evaluation import evaluate
from groprog_assets.study.parameters import EvaluationParameters

PARAMETERS = EvaluationParameters(folds=5, repeats=2, bootstrap_samples=200)


def study(n: int = 300) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(4)
    clinic, omics, noise = random.normal(size=(3, n))
    death, lost = random.exponential(40 * np.exp(-clinic - omics)), random.exponential(60, n)
    outcomes = pd.DataFrame(
        {
            "patient_id": [f"p{k:03d}" for k in range(n)],
            "time": np.minimum(death, lost).round(1),
            "event": death <= lost,
        }
    )
    folds = make_folds(outcomes, None, PARAMETERS, 1)
    row = folds["patient_id"].str[1:].astype(int)
    whole = clinic + omics
    risks = {"whole": whole, "omics": clinic, "coherence": whole + 0.02 * noise}
    return {name: folds.assign(risk=risk[row]) for name, risk in risks.items()}, outcomes, folds


def test_the_part_with_the_signal_is_missed_and_the_other_is_not() -> None:
    risks, outcomes, folds = study()
    document = compare_parts(risks, outcomes, folds, PARAMETERS, 1)
    json.dumps(document, allow_nan=False)
    omics, coherence = document["parts"]
    assert (omics["part"], coherence["part"]) == ("omics", "coherence")
    assert omics["upper"] < 0
    assert omics["bootstrap_upper"] < 0
    assert coherence["lower"] < 0 < coherence["upper"]
    assert document["whole"] + omics["difference"] == pytest.approx(omics["estimate"])


def test_figures_are_those_of_the_evaluation() -> None:
    risks, outcomes, folds = study()
    document = compare_parts(risks, outcomes, folds, PARAMETERS, 5)
    table = pd.concat([risks["whole"].assign(model="clinical_cox"), risks["omics"].assign(model="groprog")])
    other = evaluate(table, outcomes, folds, PARAMETERS, seed=5)
    assert document["whole"] == pytest.approx(other["models"]["clinical_cox"]["c_ipcw"]["estimate"])
    (row,) = [row for row in other["differences"] if row["metric"] == "c_ipcw"]
    for name in ("difference", "lower", "upper", "p_value", "bootstrap_lower", "bootstrap_upper"):
        assert document["parts"][0][name] == pytest.approx(row[name], abs=1e-12)


def test_nothing_left_out_is_no_part() -> None:
    risks, outcomes, folds = study()
    assert compare_parts({"whole": risks["whole"]}, outcomes, folds, PARAMETERS, 1)["parts"] == []
