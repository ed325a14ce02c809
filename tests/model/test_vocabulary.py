"""What the model says of patients it was not trained on, and whom it refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from groprog_assets.model.cross_validation import train_final
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.predict import predict
from groprog_assets.model.risk_model import RiskModel
from groprog_assets.model.vocabulary import nothing_known, refusals, statements
from tests.model.cohorts import cohort, parameters


@pytest.fixture(scope="module")
def model() -> RiskModel:
    inputs, outcomes = cohort(80)
    quick = {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2}
    return train_final(inputs, outcomes, parameters(training=quick)).model


def changed(**covariates: object) -> ModelInputs:
    inputs, _ = cohort(10, seed=9)
    held = {name: values.copy() for name, values in inputs.covariates.items()}
    held["age"][:] = 60.0
    held["stage"] = np.full(10, "II")
    for name, value in covariates.items():
        held[name] = held[name].astype(object) if isinstance(value, str) else held[name]
        held[name][0] = value
    expression = np.nan_to_num(np.asarray(inputs.expression))
    return dataclasses.replace(inputs, covariates=held, expression=expression)


def test_a_complete_patient_needs_no_words(model: RiskModel):
    assert statements(model, changed()) == [[]] * 10
    assert refusals(model, changed()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"age": np.nan}, "missing: age, counted as average"),
        ({"stage": ""}, "missing: stage, counted as average"),
        ({"sex": ""}, "missing: sex, counted as the most frequent level, male"),
        ({"sex": "other"}, "sex 'other' was not in training: counted as missing"),
        ({"age": 120.0}, "age 120 is beyond 3 SD: counted as 3 SD"),
    ],
)
def test_what_was_missing_or_unknown_is_said_of_that_patient_alone(model: RiskModel, changes: dict, said: str):
    found = statements(model, changed(**changes))
    assert found[0] == [said]
    assert found[1:] == [[]] * 9


def test_missing_genes_are_counted(model: RiskModel):
    inputs = changed()
    holes = np.asarray(inputs.expression).copy()
    holes[0], holes[1, :4] = np.nan, np.nan
    found = statements(model, dataclasses.replace(inputs, expression=holes))
    assert found[0] == ["no expression: scored by the clinical branch alone"]
    assert found[1] == ["4 of 30 genes missing: counted as average"]


def test_another_unit_is_refused_by_name(model: RiskModel):
    (problem,) = refusals(model, changed(age=60 * 365.25))
    assert problem.where == "field age"
    assert "P000: 21915" in problem.value


def test_another_scale_of_expression_is_refused_for_a_patient_alone_as_in_a_batch(model: RiskModel):
    inputs = changed()
    counts = np.asarray(inputs.expression).copy()
    counts[3] = np.exp2(counts[3] + 8)
    batch = dataclasses.replace(inputs, expression=counts)
    assert [problem.where for problem in refusals(model, batch)] == ["expression"]
    assert refusals(model, batch.take(np.array([3])))
    assert refusals(model, batch.take(np.array([2]))) == []


def test_another_naming_of_genes_is_refused_and_not_taken_for_no_expression(model: RiskModel):
    inputs = changed()
    strange = dataclasses.replace(inputs, genes=tuple(f"ENSG{k}" for k in range(30)))
    (problem,) = refusals(model, strange)
    assert "10 patients with values for fewer than 10 of the model's 30 genes" in problem.value
    assert "ENSG0" in problem.rule
    holes = np.asarray(inputs.expression).copy()
    holes[0], holes[1, 9:] = np.nan, np.nan  # the first has no expression, the second has nine genes
    few = dataclasses.replace(inputs, expression=holes)
    (problem,) = refusals(model, few)
    assert "1 patient" in problem.value
    assert "first P001: 9 of its 9" in problem.value
    assert refusals(model, few.take(np.array([0, 2]))) == []
    assert refusals(model, few.take(np.array([1])))


def test_a_patient_of_whom_nothing_is_known_is_refused(model: RiskModel):
    inputs = changed(age=np.nan, stage="", sex="", dose=np.nan)
    assert nothing_known(model, inputs) == []  # the genes are
    (problem,) = nothing_known(model, inputs.clinical_only())
    assert problem.value == "1 of whom no field and no gene is known (P000)"
    assert nothing_known(model, inputs.clinical_only().take(np.arange(1, 10))) == []


def test_scoring_changes_nothing_in_the_model(model: RiskModel):
    before = [tensor.clone() for tensor in model.members[0].state_dict().values()]
    predict(model, changed(sex="other"))
    for old, new in zip(before, model.members[0].state_dict().values()):
        assert (old == new).all()
