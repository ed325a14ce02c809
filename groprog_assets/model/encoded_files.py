"""What the model reads of each patient, as files: the fitted encoders of a training fold and the encoded patients.

One safetensors file a fold. Tensors are named part.block ("train.design", "test.components"); names and shapes stand in the
header, and beside them the identifiers of the patients in the order of the rows. Loading executes no code. NumPy only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from groprog_assets.errors import ModelError, Problem
from groprog_assets.model.encoders import Encoded, Encoders
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.text_tables import count_of

TRAIN, TEST = "train", "test"
PATIENTS = "patients"
"""The entry of the header's `__metadata__` that holds {part: identifiers of the rows} as JSON."""
EVERYONE = "everyone"
"""The name of the encoders that the final model is fitted with; all patients are its part TRAIN."""


class EncodedPatients(NamedTuple):
    """patient_id (n,) of the rows, and what the model reads of them."""

    patient_id: np.ndarray
    encoded: Encoded

    def of(self, patient_id: np.ndarray) -> Encoded:
        """The encoded patients, if they are these in this order; else ModelError."""
        if not np.array_equal(self.patient_id, patient_id):
            rule = "They are those of the cohort, in its order."
            value = f"{count_of(self.patient_id.size, 'patient')} of another cohort or order"
            raise ModelError(Problem("encoded tensors", value, rule, "Run the study again."))
        return self.encoded


class EncodedFold(NamedTuple):
    """The encoders of a training fold with its training and held-out patients; of the final model, without any held out."""

    encoders: Encoders
    train: EncodedPatients
    test: EncodedPatients | None

    def clinical_only(self) -> EncodedFold:
        """The same patients without omics, as encoders fitted without omics read them."""
        test = None if self.test is None else self.test._replace(encoded=self.test.encoded.clinical_only())
        train = self.train._replace(encoded=self.train.encoded.clinical_only())
        return EncodedFold(self.encoders.clinical_only(), train, test)


def encoded_for_model(encoders: Encoders, inputs: ModelInputs, parameters: Parameters) -> Encoded:
    """The patients encoded, without the standardised genes where no part of the model reads them (it reads their directions)."""
    directions = 0 if encoders.expression is None else encoders.expression.loadings.shape[1]
    return encoders.transform(inputs, genes=parameters.representation.pooling == "tokens" or not directions)


def write_encoded(fold: EncodedFold) -> bytes:
    """The safetensors file of a fold's patients; equal values give equal bytes. The encoders are stored beside it."""
    tensors: dict[str, np.ndarray] = {}
    patients: dict[str, list[str]] = {}
    for part, held in ((TRAIN, fold.train), (TEST, fold.test)):
        if held is None:
            continue
        patients[part] = held.patient_id.tolist()
        for block, values in held.encoded._asdict().items():
            if values is not None:
                # safetensors writes the memory of an array as it lies, whatever its strides.
                tensors[f"{part}.{block}"] = np.ascontiguousarray(values)
    # One entry: safetensors writes several in an order that changes from process to process.
    return bytes(save_arrays(tensors, metadata={PATIENTS: json.dumps(patients, sort_keys=True)}))


def read_encoded(content: bytes, encoders: Encoders) -> EncodedFold:
    """The fold that `write_encoded` wrote. ModelError for a file that lacks a part or whose rows do not match its patients."""
    try:
        tensors, named = load_arrays(content), patients_of(content)
    except (SafetensorError, ValueError, KeyError) as error:
        rule = "It is what encoded_tensors wrote."
        raise ModelError(Problem("encoded tensors", str(error), rule, "Run the study again.")) from None
    found: dict[str, EncodedPatients] = {}
    for part, listed in named.items():
        patients = np.array(listed, dtype=str)
        blocks = {name: tensors.get(f"{part}.{name}") for name in Encoded._fields}
        wrong = [name for name, values in blocks.items() if values is not None and len(values) != patients.size]
        wrong += [name for name, values in blocks.items() if values is None and name != "matched"]
        if wrong:
            rule = f"Every block has a row for each of {patients.size} patients."
            raise ModelError(Problem("encoded tensors", f"{part}: {', '.join(wrong)}", rule, "Run the study again."))
        found[part] = EncodedPatients(patients, Encoded(**blocks))  # type: ignore[arg-type] # only `matched` may be None
    if TRAIN not in found:
        rule = "A fold has training patients."
        raise ModelError(Problem("encoded tensors", "no training patients", rule, "Run the study again."))
    return EncodedFold(encoders, found[TRAIN], found.get(TEST))


def header(content: bytes) -> dict[str, dict[str, str]]:
    """The header of a safetensors file: dtype, shape and place of each tensor by name, and `__metadata__`."""
    size = int.from_bytes(content[:8], "little")
    found: dict[str, dict[str, str]] = json.loads(content[8 : 8 + size])
    return found


def patients_of(content: bytes) -> dict[str, list[str]]:
    """{part: identifiers of its rows} of an encoded file. KeyError for a file without them."""
    found: dict[str, list[str]] = json.loads(header(content)["__metadata__"][PATIENTS])
    return found


def patient_row(content: bytes, patient: str, block: str) -> np.ndarray:
    """What the model reads of a patient in a block, such as "design" or "components". KeyError for one who is not there."""
    for part, patients in patients_of(content).items():
        if patient in patients and f"{part}.{block}" in header(content):
            return np.asarray(load_arrays(content)[f"{part}.{block}"][patients.index(patient)])
    raise KeyError(f"{patient}, {block}")


def encoded_fold(value: Mapping[str, Any], name: str) -> EncodedFold:
    """The encoders called `name` of a value of the asset encoded_tensors, with their patients; EVERYONE: the final model's."""
    encoders = Encoders.restore(value["encoders"][name], value["arrays"].get(name, {}))
    return read_encoded(value["tensors"][name].content, encoders)


def name_of(repeat: int, fold: int) -> str:
    """The name of a fold's encoders."""
    return f"repeat_{repeat}_fold_{fold}"
