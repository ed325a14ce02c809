"""Encoders: fitted on the training fold alone, blind to outcomes, and the same after a trip through JSON."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace

import numpy as np
import pytest

from groprog_assets.errors import ModelError
from groprog_assets.fitting.clinical_encoder import Z_LIMIT, ClinicalEncoder
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.encoders import Encoders, ExpressionEncoder
from groprog_assets.model.inputs import ModelInputs
from tests.model.cohorts import FIELDS, cohort, matched, parameters


def test_no_encoder_can_receive_an_outcome():
    for function in (Encoders.fit, Encoders.transform, ClinicalEncoder.fit, ExpressionEncoder.fit):
        assert not {"outcomes", "time", "event"} & set(inspect.signature(function).parameters)


def test_expression_is_standardised_in_training_and_masked_where_missing():
    inputs, _ = cohort(60, genes=8)
    values = inputs.expression.copy()
    values[:, 3] = 7.0
    values[:40, 5] = np.nan
    inputs = ModelInputs(inputs.patient_id, FIELDS, inputs.covariates, values, inputs.genes)
    encoder = ExpressionEncoder.fit(inputs, components=4, row_limit=1000)
    assert encoder.dropped == {"G3": "constant in training", "G5": "missing in over half of the training patients"}
    encoded = encoder.transform(inputs)
    column = values[:, 0]
    low, centre, high = np.nanpercentile(column, [25, 50, 75])
    expected = np.clip(np.nan_to_num((column - centre) / ((high - low) / 1.349)), -Z_LIMIT, Z_LIMIT)
    np.testing.assert_allclose(encoded.z[:, 0], expected, atol=1e-5)
    assert encoded.components.shape == (60, 4)
    np.testing.assert_allclose(encoded.components, encoded.z @ encoder.loadings, atol=1e-4)
    spread = encoded.components.std(axis=0)
    assert (np.diff(spread) < 0.05).all()


def test_one_patient_thousands_of_sd_away_moves_nobody_else():
    inputs, _ = cohort(60, genes=8)
    values = np.nan_to_num(np.asarray(inputs.expression))
    wild = values.copy()
    wild[0, 2] = 3965.0
    plain, moved = (
        ExpressionEncoder.fit(ModelInputs(inputs.patient_id, FIELDS, inputs.covariates, array, inputs.genes), 4, 1000)
        for array in (values, wild)
    )
    assert abs(moved.centre[2] - plain.centre[2]) < 0.2
    assert moved.scale[2] == pytest.approx(plain.scale[2], rel=0.15)


def test_a_gene_equal_in_most_patients_keeps_its_mean_and_sd():
    inputs, _ = cohort(60, genes=8)
    values = np.nan_to_num(np.asarray(inputs.expression))
    values[:, 1] = 0.0
    values[:6, 1] = 5.0
    encoder = ExpressionEncoder.fit(
        ModelInputs(inputs.patient_id, FIELDS, inputs.covariates, values, inputs.genes), 4, 1000
    )
    assert encoder.centre[1] == pytest.approx(0.5)
    assert encoder.scale[1] == pytest.approx(values[:, 1].std(ddof=1))


def test_constants_do_not_depend_on_held_out_patients():
    inputs, _ = cohort(60)
    train = inputs.take(np.arange(40))
    alone = Encoders.fit(train, parameters())
    changed = inputs.take(np.arange(60))
    changed.expression[50:] = 99.0
    again = Encoders.fit(changed.take(np.arange(40)), parameters())
    assert json.dumps(alone.document()) == json.dumps(again.document())


@pytest.mark.parametrize("made", [cohort, matched])
def test_encoders_survive_json(made):
    inputs, _ = made(40)
    encoders = Encoders.fit(inputs, parameters())
    document = json.loads(json.dumps(encoders.document(), allow_nan=False))
    restored = Encoders.restore(document, encoders.arrays())
    for one, other in zip(encoders.transform(inputs), restored.transform(inputs)):
        if one is not None:
            np.testing.assert_array_equal(one, other)


def test_a_library_counts_also_where_no_training_patient_had_one():
    inputs, _ = matched(40)
    assert inputs.descriptors is not None
    without = replace(inputs, descriptors=np.full_like(inputs.descriptors, np.nan))
    encoded = Encoders.fit(without, parameters()).transform(inputs)
    assert (encoded.genes_used == len(inputs.genes)).all()
    assert encoded.has_omics.all()
    assert encoded.components.shape == (40, 0)


def test_nothing_usable_is_refused():
    train = ModelInputs(np.array(["a", "b", "c"]), (FieldSpec("same"),), {"same": np.ones(3)})
    with pytest.raises(ModelError, match="no usable covariate"):
        Encoders.fit(train, parameters())


def with_batches(n: int = 120) -> ModelInputs:
    """Two hospitals, of which the second measures every gene 4 higher."""
    inputs, _ = cohort(n)
    assert inputs.expression is not None
    batch = np.where(np.arange(n) % 3 == 0, "north", "south")
    moved = inputs.expression + 4.0 * (batch == "south")[:, None]
    return replace(inputs, expression=moved, batch=batch)


def test_declared_batches_are_taken_out_by_constants_of_the_training_fold():
    inputs = with_batches()
    asked = parameters(representation={"harmonization": "combat"})
    train, test = inputs.take(np.arange(90)), inputs.take(np.arange(90, 120))
    fitted = Encoders.fit(train, asked)
    z = fitted.encoded_expression(test).z
    south = test.batch == "south"
    assert abs(z[south].mean() - z[~south].mean()) < 0.2
    plain = Encoders.fit(train, parameters()).encoded_expression(test).z
    assert abs(plain[south].mean() - plain[~south].mean()) > 1.0
    assert test.expression is not None
    other = replace(test, expression=test.expression + 50)
    again = Encoders.fit(train, asked).encoded_expression(test).z
    np.testing.assert_array_equal(again, z)
    assert not np.array_equal(fitted.encoded_expression(other).z, z)


def test_a_batch_unseen_in_training_is_left_as_it_is_and_patients_do_not_move_each_other():
    inputs = with_batches()
    fitted = Encoders.fit(inputs, parameters(representation={"harmonization": "combat"}))
    strange = replace(inputs, batch=np.where(np.arange(120) < 5, "elsewhere", inputs.batch))
    mixed, known = fitted.encoded_expression(strange).z, fitted.encoded_expression(inputs).z
    np.testing.assert_array_equal(mixed[5:], known[5:])
    alone = fitted.encoded_expression(inputs.take(np.arange(7, 8))).z
    np.testing.assert_array_equal(alone, known[7:8])


def test_batch_constants_survive_json():
    inputs = with_batches()
    fitted = Encoders.fit(inputs, parameters(representation={"harmonization": "combat"}))
    back = Encoders.restore(json.loads(json.dumps(fitted.document())), fitted.arrays())
    np.testing.assert_array_equal(back.encoded_expression(inputs).z, fitted.encoded_expression(inputs).z)


def test_without_genes_expression_is_encoded_in_blocks(monkeypatch):
    inputs, _ = cohort(50)
    encoders = Encoders.fit(inputs, parameters())
    whole = encoders.transform(inputs)
    monkeypatch.setattr("groprog_assets.model.encoders.ROWS_AT_ONCE", 7)
    parts = encoders.transform(inputs, genes=False)
    assert parts.z.shape == (50, 0)
    for name in ("genes_present", "has_omics", "genes_used", "design"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    for name in ("components", "signature"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-5, atol=1e-6)
