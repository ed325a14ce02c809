"""Encoded patients as files: an auditor finds a patient's row, the model reads them, and what it reads decides the score."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load

from groprog_assets.errors import ModelError
from groprog_assets.model.cross_validation import CrossValidation, cross_validate, train_final
from groprog_assets.model.encoded_files import (
    EncodedFold,
    EncodedPatients,
    encoded_for_model,
    header,
    name_of,
    patient_row,
    read_encoded,
    write_encoded,
)
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.store.artifacts import canonical_json, decode_arrays, encode_arrays
from groprog_assets.study.parameters import Parameters
from tests.model.cohorts import PERCEPTRON, cohort, matched, parameters, split

LITTLE = parameters(linear_path={"partitions": 1}, training={"joint_epochs": 5, "ensemble_seeds": 2}, **PERCEPTRON)


def encoded(inputs: ModelInputs, fold: Fold, chosen: Parameters) -> EncodedFold:
    encoders = Encoders.fit(inputs.take(fold.train), chosen)
    parts = [
        EncodedPatients(held.patient_id, encoded_for_model(encoders, held, chosen))
        for held in (inputs.take(fold.train), inputs.take(fold.test))
    ]
    return EncodedFold(encoders, *parts)


def through_files(fold: EncodedFold) -> EncodedFold:
    """The fold as the store gives it back."""
    document = json.loads(canonical_json(fold.encoders.document()))
    encoders = Encoders.restore(document, decode_arrays(encode_arrays(fold.encoders.arrays())))
    return read_encoded(write_encoded(fold), encoders)


def crossed(inputs: ModelInputs, outcomes: Outcomes, held: EncodedFold | None, chosen: Parameters) -> CrossValidation:
    fold = split(len(inputs), 2)[0]
    given = None if held is None else {name_of(fold.repeat, fold.fold): held}
    return cross_validate(inputs, outcomes, [fold], chosen, encoded=given)


@pytest.mark.parametrize("chosen", [LITTLE, parameters(linear_path={"partitions": 1})], ids=["columns", "tokens"])
def test_results_are_those_of_encoding_anew(chosen: Parameters):
    inputs, outcomes = cohort(100)
    held = through_files(encoded(inputs, split(100, 2)[0], chosen))
    plain, read = (crossed(inputs, outcomes, given, chosen) for given in (None, held))
    for name, values in plain.out_of_fold.items():
        np.testing.assert_array_equal(values, read.out_of_fold[name], err_msg=name)


def test_results_of_the_clinical_fields_alone_are_those_of_encoding_anew():
    inputs, outcomes = cohort(100)
    held = through_files(encoded(inputs, split(100, 2)[0], LITTLE)).clinical_only()
    plain, read = (crossed(inputs.clinical_only(), outcomes, given, LITTLE) for given in (None, held))
    np.testing.assert_array_equal(plain.out_of_fold["risk"], read.out_of_fold["risk"])


def test_own_libraries_come_back():
    inputs, _ = matched(30)
    held = encoded(inputs, split(30, 2)[0], LITTLE)
    for name, values in through_files(held).train.encoded._asdict().items():
        np.testing.assert_array_equal(values, getattr(held.train.encoded, name))


def test_the_final_model_is_that_of_encoding_anew():
    inputs, outcomes = cohort(80)
    encoders = Encoders.fit(inputs, LITTLE)
    everyone = EncodedPatients(inputs.patient_id, encoded_for_model(encoders, inputs, LITTLE))
    read = train_final(inputs, outcomes, LITTLE, encoded=through_files(EncodedFold(encoders, everyone, None)))
    plain = train_final(inputs, outcomes, LITTLE)
    np.testing.assert_array_equal(predict(plain.model, inputs).risk, predict(read.model, inputs).risk)


@pytest.mark.parametrize("block", ["design", "components", "signature"])
def test_an_altered_tensor_alters_the_score_of_its_patient_and_of_nobody_else(block: str):
    inputs, outcomes = cohort(100)
    held = encoded(inputs, split(100, 2)[0], LITTLE)
    assert held.test is not None
    values = getattr(held.test.encoded, block).copy()
    values[3] += 1.0
    altered = held._replace(test=held.test._replace(encoded=held.test.encoded._replace(**{block: values})))
    plain, changed = (crossed(inputs, outcomes, through_files(one), LITTLE) for one in (held, altered))
    moved = np.abs(plain.out_of_fold["risk"] - changed.out_of_fold["risk"])
    assert moved[3] > 1e-3
    assert np.delete(moved, 3).max() == 0.0


def test_an_altered_training_tensor_alters_the_model():
    inputs, outcomes = cohort(100)
    held = encoded(inputs, split(100, 2)[0], LITTLE)
    values = held.train.encoded.design.copy()
    values[:10] += 2.0
    altered = held._replace(train=held.train._replace(encoded=held.train.encoded._replace(design=values)))
    plain, changed = (crossed(inputs, outcomes, through_files(one), LITTLE) for one in (held, altered))
    assert np.abs(plain.out_of_fold["risk"] - changed.out_of_fold["risk"]).min() > 0.0


def test_an_auditor_finds_the_row_of_a_patient():
    inputs, _ = cohort(40)
    fold = split(40, 2)[0]
    held = encoded(inputs, fold, LITTLE)
    content = write_encoded(held)
    told = header(content)
    assert told["train.design"]["shape"] == list(held.train.encoded.design.shape)
    assert "test.components" in told
    patient = inputs.patient_id[fold.test[4]]
    alone = held.encoders.transform(inputs.take(fold.test[4:5]))
    np.testing.assert_allclose(patient_row(content, patient, "design"), alone.design[0], rtol=1e-10)
    np.testing.assert_allclose(patient_row(content, patient, "components"), alone.components[0], rtol=1e-5)
    with pytest.raises(KeyError):
        patient_row(content, "nobody", "design")


def test_arrays_that_lie_otherwise_in_memory_are_written_as_they_read():
    inputs, _ = cohort(30)
    held = encoded(inputs, split(30, 2)[0], LITTLE)
    turned = np.asfortranarray(held.train.encoded.components)[::-1]
    odd = held._replace(train=held.train._replace(encoded=held.train.encoded._replace(components=turned)))
    np.testing.assert_array_equal(load(write_encoded(odd))["train.components"], turned)


def test_other_patients_and_damaged_files_are_refused():
    inputs, outcomes = cohort(60)
    held = encoded(inputs, split(60, 2)[0], LITTLE)
    other = replace(inputs, patient_id=np.char.add("Q", inputs.patient_id))
    with pytest.raises(ModelError, match="another cohort or order"):
        crossed(other, outcomes, held, LITTLE)
    with pytest.raises(ModelError, match="encoded tensors"):
        read_encoded(write_encoded(held)[:-20], held.encoders)
    fewer = held._replace(train=held.train._replace(patient_id=held.train.patient_id[:-1]))
    with pytest.raises(ModelError, match="a row for each"):
        read_encoded(write_encoded(fewer), held.encoders)


def test_the_bytes_are_those_of_every_process():
    program = (
        "import hashlib, numpy as np\n"
        "from groprog_assets.model.encoded_files import EncodedFold, EncodedPatients, write_encoded\n"
        "from groprog_assets.model.encoders import Encoded\n"
        "rows = {name: None if name == 'matched' else np.ones((2, 3), np.float32) for name in Encoded._fields}\n"
        "part = EncodedPatients(np.array(['a', 'b']), Encoded(**rows))\n"
        "print(hashlib.sha256(write_encoded(EncodedFold(None, part, part))).hexdigest())\n"
    )
    seen = {subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout for _ in range(6)}
    assert len(seen) == 1
    assert len(seen.pop().strip()) == 64
