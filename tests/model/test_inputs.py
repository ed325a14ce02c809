"""Inputs refuse what they cannot honestly hold, and keep what they are given in order."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.errors import ModelError
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes, folds_from_columns
from tests.model.cohorts import cohort


def test_columns_of_tables_become_inputs():
    records = {
        "patient_id": ["A", "B", "C"],
        "age": [61.0, None, np.inf],
        "stage": [1.0, 2.0, np.nan],
        "unused": [0, 0, 0],
    }
    fields = {
        "field": ["age", "stage", "unused"],
        "kind": ["continuous", "ordinal", "continuous"],
        "unit": ["years", "", ""],
        "levels": ["[]", "[1, 2, 3]", "[]"],
        "known_at_days": [0.0, 0.0, 0.0],
        "block": ["state", "state", "state"],
        "used": [True, True, False],
    }
    expression = {"values": np.array([[1.0, 2.0], [3.0, np.inf]]), "patient_id": ["C", "A"], "gene": ["g1", "g2"]}
    features = {"gene": ["g2", "g9"], "tss_density": [0.5, 0.1], "mark": [0.2, 0.3]}
    constants = {"feature": ["tss_density", "mark"], "block": ["density", "differential"]}
    inputs = ModelInputs.from_columns(records, fields, expression, features, constants)
    assert inputs.mode == "signature"
    assert [spec.name for spec in inputs.fields] == ["age", "stage"]
    np.testing.assert_array_equal(inputs.covariates["age"], [61.0, np.nan, np.nan])
    assert inputs.covariates["stage"].tolist() == ["1", "2", ""]
    np.testing.assert_array_equal(inputs.expression, np.array([[3, np.nan], [np.nan, np.nan], [1, 2]], np.float32))
    np.testing.assert_array_equal(inputs.descriptors, [[np.nan, np.nan], [0.5, 0.2]])
    assert inputs.blocks == {"density": ("tss_density",), "pausing": (), "differential": ("mark",)}
    assert ModelInputs.from_columns(records, fields, expression, features, constants, "clinical").mode == "clinical"


@pytest.mark.parametrize("missing", [None, float("nan"), np.float32("nan"), np.nan])
def test_a_level_may_be_called_none(missing: object):
    """Which words of a file mean a missing value is decided where the file is read, not again by the model."""
    records = {"patient_id": ["A", "B", "C"], "invasion": np.array(["none", missing, "NA"], dtype=object)}
    fields = {"field": ["invasion"], "kind": ["categorical"], "levels": ['["none", "micro", "NA"]']}
    inputs = ModelInputs.from_columns(records, fields)
    assert inputs.covariates["invasion"].tolist() == ["none", "", "NA"]
    assert inputs.fields[0].levels == ("none", "micro", "NA")


def test_every_problem_is_told_at_once():
    with pytest.raises(ModelError) as raised:
        ModelInputs(
            np.array(["A", "A"]),
            (FieldSpec("age"), FieldSpec("grade", "ordinal")),
            {"grade": np.array(["1", "2"])},
            np.zeros((3, 2), np.float32),
            ("g1", "g1"),
        )
    text = str(raised.value)
    for said in ("A stands twice", "age: absent", "no levels", "transposed", "a gene stands twice"):
        assert said in text


def test_outcomes_refuse_negative_missing_and_coded_values():
    for time, event in (([1.0, -1.0], [0, 1]), ([1.0, np.nan], [0, 1]), ([1.0, 2.0], [1, 2]), ([1.0], [0, 1])):
        with pytest.raises(ModelError):
            Outcomes(np.array(time), np.array(event))


def test_folds_keep_patients_apart():
    columns = {"repeat": [0, 0, 0, 0], "fold": [0, 1, 0, 1], "patient_id": ["A", "B", "C", "D"]}
    folds = folds_from_columns(columns, ["D", "C", "B", "A"])
    assert [(fold.train.tolist(), fold.test.tolist()) for fold in folds] == [([0, 2], [1, 3]), ([1, 3], [0, 2])]
    with pytest.raises(ModelError, match="twice"):
        folds_from_columns({**columns, "patient_id": ["A", "A", "C", "D"]}, ["D", "C", "B", "A"])
    with pytest.raises(ModelError, match="unknown"):
        folds_from_columns(columns, ["D", "C", "B"])
    with pytest.raises(ModelError, match="both trained on and held out"):
        Fold(0, 0, np.array([0, 1]), np.array([1]))


def test_taking_patients_keeps_their_rows_together():
    inputs, outcomes = cohort(20)
    order = np.array([7, 3, 19])
    taken = inputs.take(order)
    assert taken.patient_id.tolist() == ["P007", "P003", "P019"]
    np.testing.assert_array_equal(taken.expression, inputs.expression[order])
    np.testing.assert_array_equal(taken.covariates["stage"], inputs.covariates["stage"][order])
    np.testing.assert_array_equal(outcomes.take(order).time, outcomes.time[order])


def test_other_gene_vocabularies_are_aligned_by_name():
    inputs, _ = cohort(5, genes=3)
    aligned = inputs.with_genes(("G2", "absent", "G0"))
    np.testing.assert_array_equal(aligned.expression[:, 0], inputs.expression[:, 2])
    assert np.isnan(aligned.expression[:, 1]).all()


def test_variance_between_patients():
    inputs, _ = cohort(10, genes=4)
    assert inputs.between_patient_variance() > 0
    assert inputs.clinical_only().between_patient_variance() is None
    same = ModelInputs(inputs.patient_id, inputs.fields, inputs.covariates, np.ones((10, 4), np.float32), inputs.genes)
    assert same.between_patient_variance() == 0


def test_stopped_follow_up_keeps_the_early_events():
    outcomes = Outcomes(np.arange(1.0, 21.0), np.arange(20) % 2 == 0)
    stopped = outcomes.stopped(0.5)
    assert stopped.time.max() == np.median(outcomes.time[outcomes.event])
    kept = outcomes.time <= stopped.time.max()
    np.testing.assert_array_equal(stopped.event, outcomes.event & kept)
    np.testing.assert_array_equal(stopped.time[kept], outcomes.time[kept])
    assert outcomes.stopped(1.0) is outcomes
    nobody = Outcomes(np.ones(3), np.zeros(3, bool))
    assert nobody.stopped(0.5) is nobody
