"""How much of a new patient the trained model knows: notes for the reader, and refusals where a score would mean nothing."""

from __future__ import annotations

import numpy as np

from groprog_assets.errors import Problem
from groprog_assets.fitting.clinical_encoder import Z_LIMIT, FieldEncoding
from groprog_assets.fitting.dummy_coding import Z_LIMIT as COX_LIMIT
from groprog_assets.model.assay_encoder import AssayEncoder
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.risk_model import RiskModel
from groprog_assets.study.text_tables import count_of

# A value this many training SDs away is another unit, not another patient: ages in days lie above 1000.
UNIT_LIMIT = 20.0
# Of a patient's genes, the share beyond the limit of the encoder that no patient on the training scale reaches.
GENES_AT_LIMIT = 0.25


def refusals(model: RiskModel, inputs: ModelInputs) -> list[Problem]:
    """The reasons why patients cannot be scored, one problem for each field or patient; empty when all can.

    Each value and each patient is judged separately, so a batch is refused exactly when one of its patients alone would be.
    """
    problems = []
    for encoding in model.encoders.clinical.fields:
        if encoding.dropped or encoding.kind != "continuous" or encoding.name not in inputs.covariates:
            continue
        values = inputs.covariates[encoding.name]
        far = np.flatnonzero(np.abs(_deviation(encoding, values)) > UNIT_LIMIT)
        if far.size:
            names = ", ".join(f"{inputs.patient_id[row]}: {values[row]:g}" for row in far[:3])
            problems.append(
                Problem(
                    f"field {encoding.name}",
                    f"{count_of(far.size, 'value')} over {UNIT_LIMIT:g} SD from the training mean ({names})",
                    f"Training patients have {encoding.mean:.4g}, SD {encoding.scale:.3g}.",
                    "Give the unit of the training data; blank when unknown.",
                )
            )
    expression = model.encoders.expression
    if expression is not None and inputs.mode == "signature":
        encoded = model.encoders.encoded_expression(inputs)
        count = encoded.present.sum(axis=1)
        share = (np.abs(encoded.z) >= Z_LIMIT).sum(axis=1) / np.maximum(count, 1)
        far = np.flatnonzero(share > GENES_AT_LIMIT)
        if far.size:
            problems.append(
                Problem(
                    "expression",
                    f"{count_of(far.size, 'patient')} with {share[far].max():.0%} of their genes at {Z_LIMIT:g} SD or beyond "
                    f"(first {inputs.patient_id[far[0]]})",
                    f"A patient on the scale of the training data has fewer than {GENES_AT_LIMIT:.0%}.",
                    "Give expression on the scale the model was trained on.",
                )
            )
        problems += naming_problems(model, inputs)
    return problems + matrix_problems(model, inputs)


def naming_problems(model: RiskModel, inputs: ModelInputs) -> list[Problem]:
    """One problem where a patient's expression shares too few gene names with the model, as with another naming of genes.

    The limit is `cohort.minimum_shared_genes`, or the whole vocabulary where that is smaller. Empty outside signature mode.
    """
    if model.encoders.expression is None or inputs.expression is None:
        return []
    known = np.isfinite(inputs.expression)
    shared = np.isin(np.array(inputs.genes, dtype=str), np.array(model.genes, dtype=str))
    least = min(model.parameters.cohort.minimum_shared_genes, len(model.genes))
    count = known[:, shared].sum(axis=1)
    strange = np.flatnonzero(known.any(axis=1) & (count < least))
    if not strange.size:
        return []
    first = strange[0]
    return [
        Problem(
            "expression",
            f"{count_of(strange.size, 'patient')} with values for fewer than {least} of the model's "
            f"{count_of(len(model.genes), 'gene')} "
            f"(first {inputs.patient_id[first]}: {count[first]} of its {known[first].sum()})",
            f"The model's genes are named {', '.join(model.genes[:3])}; the table's {', '.join(inputs.genes[:3])}.",
            "Give the same gene symbols, or score without expression.",
        )
    ]


def matrix_problems(model: RiskModel, inputs: ModelInputs) -> list[Problem]:
    """One problem for each further matrix that shares no gene name with the model's, or that the model does not read, and for
    each assay with values on another scale."""
    problems = []
    known = {encoder.name: encoder for encoder in model.encoders.matrices}
    for matrix in inputs.matrices:
        if not matrix.measured().any():
            continue
        encoder = known.get(matrix.name)
        if encoder is None:
            rule = f"The model reads {', '.join(known) or 'no further matrix'}."
            problems.append(Problem(f"matrix {matrix.name}", "not read", rule, "Score without it."))
        elif not encoder.reads(matrix):
            rule = f"The model's are named {', '.join(encoder.genes[:3])}; the table's {', '.join(matrix.genes[:3])}."
            problems.append(
                Problem(f"matrix {matrix.name}", "no gene of the model", rule, "Give the same gene symbols.")
            )
        elif isinstance(encoder, AssayEncoder):
            problems += encoder.problems(matrix)
    return problems


def nothing_known(model: RiskModel, inputs: ModelInputs) -> list[Problem]:
    """One problem where no field and no gene of a patient is known; an empty list when there is no such patient."""
    known = model.encoders.transform(inputs).genes_used > 0
    held = {matrix.name: matrix for matrix in inputs.matrices}
    for encoder in model.encoders.matrices:
        known |= encoder.knows(held.get(encoder.name), len(inputs))
    for encoding in model.encoders.clinical.fields:
        if encoding.dropped or encoding.name not in inputs.covariates:
            continue
        values = inputs.covariates[encoding.name]
        known |= np.isfinite(values) if encoding.kind == "continuous" else np.isin(values, encoding.levels)
    empty = np.flatnonzero(~known)
    if not empty.size:
        return []
    names = ", ".join(inputs.patient_id[empty[:5]].tolist())
    rule = "A score of nothing known is the average patient's, not this one's."
    return [
        Problem("patients", f"{empty.size} of whom no field and no gene is known ({names})", rule, "Leave them out.")
    ]


def statements(model: RiskModel, inputs: ModelInputs) -> list[list[str]]:
    """For each patient, notes on what was missing, unknown or beyond the training range, and how it was treated."""
    said: list[list[str]] = [[] for _ in range(len(inputs))]
    missing: list[list[str]] = [[] for _ in range(len(inputs))]
    also = "" if model.encoders.clinical_cox is None else f", by clinical Cox as {COX_LIMIT:g} SD at most"
    for encoding in model.encoders.clinical.fields:
        if encoding.dropped or encoding.name not in inputs.covariates:
            continue
        values = inputs.covariates[encoding.name]
        if encoding.kind == "continuous":
            for row in np.flatnonzero(np.isnan(values)):
                missing[row].append(encoding.name)
            z = np.where(np.isnan(values), 0.0, encoding.z(np.where(np.isnan(values), encoding.median, values)))
            for row in np.flatnonzero(np.abs(z) > Z_LIMIT):
                said[row].append(
                    f"{encoding.name} {values[row]:g} is beyond {Z_LIMIT:g} SD: counted as {Z_LIMIT:g} SD{also}"
                )
            continue
        for row in np.flatnonzero(~np.isin(values, encoding.levels)):
            value = values[row]
            if value == "" and encoding.most_frequent:
                level = encoding.levels[encoding.most_frequent - 1]
                said[row].append(f"missing: {encoding.name}, counted as the most frequent level, {level}")
            elif value == "":
                missing[row].append(encoding.name)
            else:
                said[row].append(f"{encoding.name} {str(value)!r} was not in training: counted as missing")
    if model.encoders.harmonization is not None:
        seen = model.encoders.harmonization.constants.batch
        batches = inputs.batch if inputs.batch is not None else np.full(len(inputs), "")
        for row in np.flatnonzero(~np.isin(batches, seen)):
            given = f"batch {str(batches[row])!r} was not in training" if batches[row] else "no batch given"
            said[row].append(f"{given}: expression not harmonised")
    for words, notes in zip(said, _matrix_statements(model, inputs)):
        words += notes
    omics = _omics_statements(model, inputs)
    return [
        [*([f"missing: {', '.join(names)}, counted as average"] if names else []), *words, *([text] if text else [])]
        for names, words, text in zip(missing, said, omics)
    ]


def _matrix_statements(model: RiskModel, inputs: ModelInputs) -> list[list[str]]:
    notes: list[list[str]] = [[] for _ in range(len(inputs))]
    held = {matrix.name: matrix for matrix in inputs.matrices}
    for encoder in model.encoders.matrices:
        for words, told in zip(notes, encoder.notes(held.get(encoder.name), len(inputs))):
            words += [told] if told else []
    return notes


def _omics_statements(model: RiskModel, inputs: ModelInputs) -> list[str]:
    if model.encoders.mode == "clinical":
        return [""] * len(inputs)
    used = model.encoders.transform(inputs).genes_used
    size = len(model.genes) if model.encoders.mode == "signature" else len(inputs.genes)
    lacking = "nascent library" if model.encoders.mode == "matched" else "expression"
    return [
        f"no {lacking}: scored by the clinical branch alone"
        if count == 0
        else f"{size - count} of {size} genes missing: counted as average"
        if count < size
        else ""
        for count in used
    ]


def _deviation(encoding: FieldEncoding, values: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(values), 0.0, (values - encoding.mean) / encoding.scale)
