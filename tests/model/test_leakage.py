"""The leak guard fires on eq. 3 as printed and is silent on honest columns."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.leakage import (
    column_concordance,
    find_leaks,
    names_outcome,
    nearest_rates,
)
from tests.model.cohorts import cohort, split
from tests.printed_equations import equation_3_history


def test_the_printed_equation_3_is_the_label():
    inputs, outcomes = cohort(300, seed=4)
    fields = (*inputs.fields, FieldSpec("history"))
    covariates = {**inputs.covariates, "history": equation_3_history(outcomes.time, outcomes.event)}
    leaking = ModelInputs(inputs.patient_id, fields, covariates)
    folds = split(300, 5)
    found = find_leaks(leaking, outcomes, folds, threshold=0.95)
    assert [(leak.field, leak.rule) for leak in found] == [("history", "concordance")]
    assert found[0].value > 0.97
    assert "history" in str(found[0].problem())


def test_honest_columns_pass():
    inputs, outcomes = cohort(150)
    assert find_leaks(inputs, outcomes, split(150, 5), threshold=0.95) == []
    values = [column_concordance(inputs, outcomes, split(150, 5), spec) for spec in inputs.fields]
    assert all(0.4 < value < 0.8 for value in values)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_follow_up_itself_is_found_either_way_round(sign: float):
    inputs, outcomes = cohort(80)
    held = ModelInputs(inputs.patient_id, (FieldSpec("x"),), {"x": sign * outcomes.time})
    assert column_concordance(held, outcomes, split(80, 4), held.fields[0]) > 0.99


def test_late_columns_are_named():
    inputs, outcomes = cohort(60)
    fields = (FieldSpec("age"), FieldSpec("dose", known_at_days=90))
    held = ModelInputs(inputs.patient_id, fields, inputs.covariates)
    assert [(leak.field, leak.rule) for leak in find_leaks(held, outcomes, split(60, 3), 0.95)] == [("dose", "date")]
    assert find_leaks(held, outcomes, split(60, 3), 0.95, known_by_days=90) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("OS_MONTHS", True),
        ("daysToDeath", True),
        ("vital_status", True),
        ("Days to last follow-up", True),
        ("PFS", True),
        ("AGE", False),
        ("dose", False),
        ("POSITION", False),
        ("ECOG", False),
        ("Vascular invasion", False),
    ],
)
def test_names_of_outcomes(name: str, expected: bool):
    assert names_outcome(name) is expected


def test_rates_are_events_over_time_of_the_nearest():
    from groprog_assets.model.inputs import Outcomes

    outcomes = Outcomes(np.array([1.0, 1, 1, 1, 1, 10, 10, 10, 10, 10]), np.ones(10, bool))
    rates = nearest_rates(np.repeat([0.0, 1.0], 5), outcomes, np.array([-1.0, 0.0, 0.5, 1.0]))
    np.testing.assert_allclose(rates, [1.0, 1.0, 0.55, 0.1])
