"""The folds of a cohort, and what the encoders of each training fold learn from it. Tables in, tables and arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.prognosis.model_columns import model_folds, model_inputs
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.parameters import Parameters

if TYPE_CHECKING:
    import numpy as np

    from groprog_assets.model.inputs import ModelInputs


class FoldEncoders(NamedTuple):
    """value: the table `folds`, `encoders` as documents by training fold, and each fold's arrays; inputs: of all patients."""

    value: Bundle
    inputs: ModelInputs


def fold_encoders(
    cohort: Bundle,
    expression: Mapping[str, np.ndarray],
    features: Bundle,
    splits: Path | None,
    parameters: Parameters,
) -> FoldEncoders:
    """Encoders fitted on each training fold of `splits`, or of folds that are drawn; no held-out patient enters them.

    CohortError when the cohort and the descriptors share too few genes for signature mode.
    """
    from groprog_assets.methods.cohort.folds import make_folds
    from groprog_assets.methods.cohort.patient_expression import shared_genes
    from groprog_assets.model.encoders import Encoders

    folds = make_folds(cohort.outcomes, splits, parameters.evaluation, parameters.training.seed, cohort.index)
    inputs = model_inputs(cohort, expression, features, parameters.representation.mode)
    if inputs.mode == "signature":
        shared_genes(inputs.genes, features.table["gene"], parameters.cohort)
    fitted = {
        f"repeat_{fold.repeat}_fold_{fold.fold}": Encoders.fit(inputs.take(fold.train), parameters)
        for fold in model_folds(folds, cohort)
    }
    documents = {name: encoders.document() for name, encoders in fitted.items()}
    arrays = {name: encoders.arrays() for name, encoders in fitted.items() if encoders.arrays()}
    return FoldEncoders(Bundle(folds=folds, encoders=documents, **arrays), inputs)
