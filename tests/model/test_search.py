"""Settings are searched on inner folds alone; a search repeats itself and survives a kill."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from groprog_assets.model.cross_validation import cross_validate
from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.search import grid_of, inner_score, search_settings
from groprog_assets.study.parameters import Parameters
from tests.model.cohorts import cohort, parameters, split

GRID = {"network.dropout": [0.0, 0.2, 0.4], "training.learning_rate": [1e-3, 2e-3, 4e-3]}


def asked(trials: int = 12) -> Parameters:
    return Parameters.model_validate({"search": {"trials": trials, "grid": GRID}})


def hill(tried: Parameters, trial: int) -> float:
    """Best at dropout 0.4 and rate 4e-3."""
    return -((tried.network.dropout - 0.4) ** 2) - (100 * (tried.training.learning_rate - 4e-3)) ** 2


def test_the_best_setting_is_chosen_and_the_first_is_the_present_one():
    given = asked(20)
    found = search_settings(given, hill, seed=3)
    assert json.loads(found.log[0]["setting"]) == {"network.dropout": 0.3, "training.learning_rate": 3e-3}
    assert [row["trial"] for row in found.log] == list(range(20))
    assert sum(row["chosen"] for row in found.log) == 1
    best = max(found.log, key=lambda row: row["score"])
    assert best["chosen"]
    assert best["score"] == hill(found.parameters, 0)
    assert (found.parameters.network.dropout, found.parameters.training.learning_rate) == (0.4, 4e-3)
    assert grid_of(given)["network.dropout"] == [0.3, 0.0, 0.2, 0.4]


def test_nothing_worse_than_the_present_setting_is_chosen():
    found = search_settings(asked(), lambda tried, trial: 1.0 if trial == 0 else float("nan"), seed=1)
    assert found.log[0]["chosen"]
    assert found.parameters.network.dropout == Parameters().network.dropout


@pytest.mark.parametrize("killed_at", [1, 3, 6])
def test_a_killed_search_ends_as_one_that_was_not(tmp_path: Path, killed_at: int):
    def dies(tried: Parameters, trial: int) -> float:
        if trial >= killed_at:
            raise KeyboardInterrupt
        return hill(tried, trial)

    whole = search_settings(asked(), hill, 7)
    with pytest.raises(KeyboardInterrupt):
        search_settings(asked(), dies, 7, tmp_path)
    assert search_settings(asked(), hill, 7, tmp_path) == whole
    assert search_settings(asked(), dies, 7, tmp_path) == whole  # all trials are on record


def test_the_score_is_a_likelihood_of_held_out_risks():
    outcomes = Outcomes(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, True, False]))
    by_hand = sum(-np.log(k) for k in (4, 3, 2)) / 3
    assert inner_score(np.zeros(4), outcomes) == pytest.approx(by_hand)
    assert inner_score(np.array([3.0, 2.0, 1.0, 0.0]), outcomes) > inner_score(np.array([0.0, 1.0, 2.0, 3.0]), outcomes)
    assert inner_score(np.full(4, np.nan), outcomes) == float("-inf")


def test_the_search_sees_no_held_out_patient():
    inputs, outcomes = cohort(90, genes=10)
    folds = split(90, 3)[:1]
    given = parameters(
        training={"joint_epochs": 3, "ensemble_seeds": 2},
        search={"trials": 3, "grid": {"network.dropout": [0.0, 0.3]}},
    )
    plain = cross_validate(inputs, outcomes, folds, given)
    turned = outcomes.time.copy()
    turned[folds[0].test] = turned[folds[0].test][::-1] + 5
    assert inputs.expression is not None
    noise = inputs.expression.copy()
    noise[folds[0].test] *= -3
    other = cross_validate(replace(inputs, expression=noise), Outcomes(turned, outcomes.event), folds, given)
    for name in ("setting", "score", "chosen"):
        assert plain.trials[name].tolist() == other.trials[name].tolist()
    assert plain.trials["trial"].tolist() == [0, 1, 2]
    assert plain.models[0].parameters.network.dropout in (0.0, 0.3, 0.5)


@pytest.mark.parametrize(
    "grid",
    [{"network.dropuot": [0.1]}, {"cohort.minimum_events": [3]}, {"network.dropout": [1.5]}],
    ids=["misspelt", "not of the model", "out of bounds"],
)
def test_a_wrong_grid_is_refused_when_the_study_is_read(grid: dict):
    with pytest.raises(ValidationError):
        Parameters.model_validate({"search": {"grid": grid}})
