"""The folds of a cohort, and what the encoders of each training fold learn from it. Tables in, tables and arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.prognosis.model_columns import model_folds, model_inputs
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.study.parameters import Parameters

if TYPE_CHECKING:
    import numpy as np

    from groprog_assets.model.encoded_files import EncodedPatients
    from groprog_assets.model.encoders import Encoders
    from groprog_assets.model.inputs import ModelInputs


class FoldEncoders(NamedTuple):
    """value: the table `folds`; by training fold, and for all patients, `encoders` as documents with their `arrays`, and
    `tensors`, a safetensors file of what the model reads of each patient; inputs: of all patients."""

    value: Bundle
    inputs: ModelInputs


def fold_encoders(
    cohort: Bundle,
    expression: Mapping[str, np.ndarray],
    features: Bundle,
    sources: Bundle,
    splits: Path | None,
    parameters: Parameters,
) -> FoldEncoders:
    """Encoders fitted on each training fold of `splits`, or of folds that are drawn, with the encoded patients; no held-out
    patient enters the encoders.

    CohortError when the cohort and the descriptors share too few genes for signature mode.
    """
    import numpy as np

    from groprog_assets.methods.cohort.folds import make_folds
    from groprog_assets.methods.cohort.patient_expression import shared_genes
    from groprog_assets.model.encoded_files import EVERYONE, EncodedFold, name_of, write_encoded
    from groprog_assets.model.encoders import Encoders
    from groprog_assets.model.inputs import Fold

    folds = make_folds(cohort.outcomes, splits, parameters.evaluation, parameters.training.seed, cohort.index)
    inputs = model_inputs(cohort, expression, features, parameters.representation.mode, sources)
    if inputs.mode == "signature":
        shared_genes(inputs.genes, features.table["gene"], parameters.cohort)
    outer = model_folds(folds, cohort)
    everyone = Fold(-1, 0, np.arange(len(inputs)), np.zeros(0, np.int64))
    documents, arrays, tensors = {}, Bundle(), Bundle()
    for fold in [*outer, everyone]:
        name = EVERYONE if fold is everyone else name_of(fold.repeat, fold.fold)
        encoders = Encoders.fit(inputs.take(fold.train), parameters)
        train = _encoded(encoders, inputs.take(fold.train), parameters)
        test = None if fold is everyone else _encoded(encoders, inputs.take(fold.test), parameters)
        documents[name] = encoders.document()
        if encoders.arrays():
            arrays[name] = encoders.arrays()
        tensors[name] = Blob(write_encoded(EncodedFold(encoders, train, test)), ".safetensors")
    return FoldEncoders(Bundle(folds=folds, encoders=documents, arrays=arrays, tensors=tensors), inputs)


def _encoded(encoders: Encoders, inputs: ModelInputs, parameters: Parameters) -> EncodedPatients:
    from groprog_assets.model.encoded_files import EncodedPatients, encoded_for_model

    return EncodedPatients(inputs.patient_id, encoded_for_model(encoders, inputs, parameters))
