"""Encoders: fitted on the training fold alone, blind to outcomes, and the same after a trip through JSON."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace

import numpy as np
import pytest

from groprog_assets.errors import ModelError
from groprog_assets.model.clinical_encoder import Z_LIMIT, ClinicalEncoder
from groprog_assets.model.encoders import Encoders, ExpressionEncoder
from groprog_assets.model.inputs import FieldSpec, ModelInputs
from tests.model.cohorts import FIELDS, cohort, matched, parameters


def clinical(fields: list[FieldSpec], **columns: list) -> ModelInputs:
    n = len(next(iter(columns.values())))
    return ModelInputs(
        np.arange(n).astype(str), tuple(fields), {name: np.array(values, object) for name, values in columns.items()}
    )


def test_no_encoder_can_receive_an_outcome():
    for function in (Encoders.fit, Encoders.transform, ClinicalEncoder.fit, ExpressionEncoder.fit):
        assert not {"outcomes", "time", "event"} & set(inspect.signature(function).parameters)


def test_continuous_is_median_filled_standardised_and_flagged():
    train = clinical([FieldSpec("x")], x=[1.0, 2.0, 3.0, 6.0, None])
    encoder = ClinicalEncoder.fit(train, flag_above=0.05)
    design = encoder.transform(train).design
    filled = np.array([1.0, 2.0, 3.0, 6.0, 2.5])
    np.testing.assert_allclose(design[:, 0], (filled - filled.mean()) / filled.std(), rtol=1e-12)
    np.testing.assert_allclose(design[:, 1], np.array([0, 0, 0, 0, 1]) - 0.2)
    held_out = encoder.transform(clinical([FieldSpec("x")], x=[1e9, None])).design
    assert held_out[0, 0] == Z_LIMIT
    assert held_out[1, 0] == pytest.approx((2.5 - filled.mean()) / filled.std())


def test_few_missing_values_get_no_flag():
    train = clinical([FieldSpec("x")], x=[*range(39), None])
    encoder = ClinicalEncoder.fit(train, flag_above=0.05)
    assert not encoder.fields[0].flag
    assert set(encoder.design_fields()) == {"x"}
    assert encoder.transform(train).state.shape == (40, 1)


def test_curves_stand_last_and_only_where_values_vary():
    train = clinical(
        [FieldSpec("x"), FieldSpec("few")], x=[float(k) for k in range(31)], few=[0.0, 1.0, 2.0] * 10 + [0.0]
    )
    encoder = ClinicalEncoder.fit(train, flag_above=0.05)
    assert encoder.fields[0].spline is not None
    assert encoder.fields[1].spline is None
    design = encoder.transform(train).design
    assert encoder.design_fields() == ["x", "few", *["x"] * (design.shape[1] - 2)]
    np.testing.assert_allclose(design.mean(axis=0), 0, atol=1e-10)
    assert design[:, 2].std() == pytest.approx(0.5)
    bowl = (np.arange(31) - 15.0) ** 2
    assert abs(np.corrcoef(design[:, 2], bowl)[0, 1]) > 0.95


def test_ordinal_is_a_number_and_a_level():
    spec = FieldSpec("stage", "ordinal", levels=("I", "II", "III"))
    train = clinical([spec], stage=["I", "II", "III", "", "bad"])
    encoded = ClinicalEncoder.fit(train, flag_above=0.05).transform(train)
    assert encoded.state_codes[:, 0].tolist() == [1, 2, 3, 0, 0]
    assert encoded.state[0, 0] < encoded.state[1, 0] < encoded.state[2, 0]
    assert encoded.state[3, 0] == encoded.state[1, 0]


def test_category_unseen_in_training_is_the_unknown_level():
    spec = FieldSpec("sex", "categorical")
    encoder = ClinicalEncoder.fit(clinical([spec], sex=["f", "m", "m", ""]), flag_above=0.05)
    encoded = encoder.transform(clinical([spec], sex=["m", "other", ""]))
    assert encoded.state_codes[:, 0].tolist() == [2, 0, 0]
    np.testing.assert_array_equal(encoded.design[1], encoded.design[2])
    assert encoder.level_counts("state") == [3]


def test_missing_category_counts_as_the_most_frequent_level_as_a_number_counts_as_its_median():
    spec = FieldSpec("race", "categorical")
    train = clinical([spec], race=["a", "b", "b", "c", "", ""])
    encoder = ClinicalEncoder.fit(train, flag_above=0.05)
    filled = np.array(["a", "b", "b", "c", "b", "b"])
    expected = np.column_stack([filled == level for level in "abc"])
    np.testing.assert_allclose(encoder.transform(train).design, expected - expected.mean(axis=0), atol=1e-12)
    new = encoder.transform(clinical([spec], race=["b", "", "unseen"]))
    np.testing.assert_array_equal(new.design, np.tile(new.design[0], (3, 1)))
    assert new.state_codes[:, 0].tolist() == [2, 0, 0]


def test_a_field_of_one_level_keeps_its_contrast_to_missing():
    spec = FieldSpec("cirrhosis", "categorical")
    train = clinical([spec], cirrhosis=["yes", "yes", "yes", ""])
    design = ClinicalEncoder.fit(train, flag_above=0.05).transform(train).design
    np.testing.assert_allclose(design[:, 0], [0.25, 0.25, 0.25, -0.75])


def test_constant_and_late_columns_are_dropped_with_a_reason():
    fields = [FieldSpec("same"), FieldSpec("late", known_at_days=30), FieldSpec("empty"), FieldSpec("x")]
    train = clinical(fields, same=[1, 1, 1], late=[1, 2, 3], empty=[None, None, None], x=[1, 2, 3])
    reasons = {held.name: held.dropped for held in ClinicalEncoder.fit(train, 0.05).fields}
    assert reasons == {
        "same": "constant in training",
        "late": "known 30 days after baseline",
        "empty": "no value in training",
        "x": "",
    }
    assert ClinicalEncoder.fit(train, 0.05, known_by_days=30).fields[1].dropped == ""


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
    train = clinical([FieldSpec("same")], same=[1, 1, 1])
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
