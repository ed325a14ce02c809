"""Scores of patients from a trained model. The score of a patient does not depend on other patients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch

from groprog_assets.errors import ModelError, Problem
from groprog_assets.model.device import single_threaded
from groprog_assets.model.encoders import Encoded
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.representation import Batch
from groprog_assets.model.risk_model import RiskModel
from groprog_kernels.cox import survival_probability

PATIENTS_AT_ONCE = 2048
TIE = 1e-9


class Prediction(NamedTuple):
    """For n patients and t horizons: risk, lower, upper (n,) log relative hazard; percentile (n,) 0-100 in the training
    cohort; survival, survival_lower, survival_upper (n, t); horizons (t,) in the cohort's unit; genes_used (n,);
    member_risk (n, members); eta (n,) mean genomic share of eq. 6; h (n, G) of the first member; linear, network (n,): the two
    parts of the risk before they are weighed, means over the members."""

    patient_id: np.ndarray
    risk: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    percentile: np.ndarray
    horizons: np.ndarray
    survival: np.ndarray
    survival_lower: np.ndarray
    survival_upper: np.ndarray
    genes_used: np.ndarray
    member_risk: np.ndarray
    eta: np.ndarray
    h: np.ndarray
    linear: np.ndarray
    network: np.ndarray


def predict(model: RiskModel, inputs: ModelInputs) -> Prediction:
    """Score patients; nothing is refitted.

    risk is the mean over the members; lower and upper are 2.5 % and 97.5 % of a normal spread with the members' standard
    deviation (equal to risk with one member). Patients without omics are scored by the clinical branch alone. Raises
    ModelError when a covariate the model needs is not a column of the inputs.
    """
    check_inputs(model, inputs)
    chunks = ((rows, model.encoders.transform(inputs.take(rows))) for rows in _chunks(len(inputs)))
    return _predicted(model, inputs.patient_id, chunks)


def predict_encoded(model: RiskModel, patient_id: np.ndarray, encoded: Encoded) -> Prediction:
    """`predict` of patients that the model's encoders have encoded already; patient_id (n,) in the order of the rows."""
    return _predicted(model, patient_id, ((rows, encoded.take(rows)) for rows in _chunks(len(patient_id))))


def _chunks(n: int) -> Iterator[np.ndarray]:
    for start in range(0, n, PATIENTS_AT_ONCE):
        yield np.arange(start, min(start + PATIENTS_AT_ONCE, n))


def _predicted(model: RiskModel, patient_id: np.ndarray, chunks: Iterable[tuple[np.ndarray, Encoded]]) -> Prediction:
    n = len(patient_id)
    member_risk = np.empty((n, len(model.members)))
    eta = np.empty((n, len(model.members)))
    parts = np.empty((2, n, len(model.members)))
    genes_used = np.empty(n, np.int32)
    h = np.zeros((n, model.members[0].hidden_width))
    with single_threaded(), torch.no_grad():
        for rows, encoded in chunks:
            genes_used[rows] = encoded.genes_used
            batch = Batch.of(encoded, "cpu", torch.float64)
            for place, network in enumerate(model.members):
                output = network(batch)
                member_risk[rows, place] = output.risk.numpy()
                eta[rows, place] = output.eta.numpy()
                parts[0, rows, place], parts[1, rows, place] = output.linear.numpy(), output.network.numpy()
                if place == 0:
                    h[rows] = output.h.numpy()
    risk = member_risk.mean(axis=1)
    spread = member_risk.std(axis=1, ddof=1) if len(model.members) > 1 else np.zeros(n)
    lower, upper = risk - 1.959963984540054 * spread, risk + 1.959963984540054 * spread
    horizons = np.asarray(model.parameters.evaluation.horizons_months, dtype=float)
    return Prediction(
        patient_id,
        risk,
        lower,
        upper,
        percentiles(risk, model.training_risk),
        horizons,
        survival_probability(model.baseline, risk, horizons),
        survival_probability(model.baseline, upper, horizons),
        survival_probability(model.baseline, lower, horizons),
        genes_used,
        member_risk,
        eta.mean(axis=1),
        h,
        *parts.mean(axis=2),
    )


def percentiles(risk: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Percent of the training risks (ascending) below each risk (n,), ties counted half; 0-100.

    Risks within TIE of each other count as tied, because rounding depends on how many patients are scored together.
    """
    below = np.searchsorted(training, risk - TIE, side="left")
    upto = np.searchsorted(training, risk + TIE, side="right")
    return 50.0 * (below + upto) / max(training.size, 1)


def check_inputs(model: RiskModel, inputs: ModelInputs) -> None:
    """Raise ModelError with every covariate the model needs and the inputs lack."""
    present = set(inputs.covariates)
    problems = [
        Problem(
            f"covariate {encoding.name}",
            "absent",
            "The model was trained with it.",
            "Add the column; its cells may be empty.",
        )
        for encoding in model.encoders.clinical.fields
        if not encoding.dropped and encoding.name not in present
    ]
    if problems:
        raise ModelError(problems)
