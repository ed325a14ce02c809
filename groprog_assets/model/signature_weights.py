"""The weight of a gene as a function of its descriptor: what the signature branch of a finished model says. NumPy only."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from groprog_assets.fitting.ridge_cox import ridge_covariance
from groprog_assets.model.encoders import Encoded, Encoders
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.linear import SIGNATURE, LinearPath, branch_columns
from groprog_assets.model.signature import (
    COORDINATION,
    DENSITY,
    ENHANCER_RESPONSE,
    RANK,
    RESPONSE,
    SIGNIFICANCE,
    SignatureEncoder,
)
from groprog_assets.study.parameters import Parameters
from groprog_kernels.risk_sets import risk_sets

POINTS = 41
NORMAL = 1.959963984540054
CURVES = (RESPONSE, SIGNIFICANCE, DENSITY, ENHANCER_RESPONSE, COORDINATION)
RESPONDING = 0.75


class Curve(TypedDict):
    """Weight against one descriptor: at `value`, less the weight at the value `origin`, with its 95 % interval."""

    descriptor: str
    origin: float
    value: list[float]
    weight: list[float]
    lower: list[float]
    upper: list[float]


class Coefficient(TypedDict):
    """A function of the descriptor with its coefficient: log relative hazard per SD of the patients' column."""

    function: str
    descriptor: str
    coefficient: float
    lower: float
    upper: float


class SignatureWeights(TypedDict):
    """weight: of the branch among the path's, log hazard ratio per SD of its out-of-fold score; share: of the sum of those.

    functions: every coefficient. curves: of the fold change, its significance, the density and the response of the enhancers
    near; steps: of what a gene has or has not (pausing class, label, key locus) or of the range of a mark or of the number of
    enhancers near: weight with less weight without.
    """

    weight: float
    share: float
    functions: list[Coefficient]
    curves: list[Curve]
    steps: list[Coefficient]


def signature_weights(
    encoder: SignatureEncoder,
    descriptors: np.ndarray,
    names: tuple[str, ...],
    coefficients: np.ndarray,
    covariance: np.ndarray,
    weight: float,
    share: float,
) -> SignatureWeights:
    """The document above, from coefficients (J,) and their covariance (J, J), both as the score weighs them.

    descriptors (..., F): normalised, of the described genes. Along a curve the gene responds: fold change, significance and
    density of those it is not a curve of are the medians of the quarter of genes with the largest fold changes. Intervals are
    those of the ridge fit, given its penalty and the weights of the branches.
    """
    table = np.asarray(descriptors, dtype=np.float64).reshape(-1, len(names))
    table = table[np.isfinite(table).any(axis=1)]
    at = {name: place for place, name in enumerate(names)}
    typical = _typical(table, at)
    spread = NORMAL * np.sqrt(np.maximum(np.diag(covariance), 0.0))
    rows: list[Coefficient] = [
        {"function": name, "descriptor": of, "coefficient": float(c), "lower": float(c - s), "upper": float(c + s)}
        for name, of, c, s in zip(encoder.names, encoder.of, coefficients, spread)
    ]
    curves: list[Curve] = []
    for name in CURVES:
        if name not in at or name not in [*encoder.of, RESPONSE]:
            continue
        seen = table[:, at[name]]
        seen = seen[np.isfinite(seen)]
        if not seen.size:  # described for no gene, as where the ablation leaves its block out
            continue
        low, high = float(seen.min()), float(seen.max())
        if name == SIGNIFICANCE:
            low, high = 0.0, float(np.abs(seen).max())
        origin = min(max(0.0, low), high)
        values = np.unique(np.r_[np.linspace(low, high, POINTS), origin])
        change = _change(encoder, typical, names, at[name], values, origin)
        if np.abs(change).max(initial=0.0) == 0:
            continue
        found = change @ coefficients
        band = NORMAL * np.sqrt(np.maximum(np.einsum("pj,jk,pk->p", change, covariance, change), 0.0))
        curves.append(
            {
                "descriptor": name,
                "origin": origin,
                "value": values.tolist(),
                "weight": found.tolist(),
                "lower": (found - band).tolist(),
                "upper": (found + band).tolist(),
            }
        )
    steps: list[Coefficient] = []
    for row, scale in zip(rows, encoder.scale):
        if row["descriptor"] in CURVES:
            continue
        height = 1.0 if row["descriptor"] == RANK else float(np.ptp(table[:, at[row["descriptor"]]]))
        factor = height / float(scale)
        ends = (row["coefficient"] * factor, row["lower"] * factor, row["upper"] * factor)
        steps.append({**row, "coefficient": ends[0], "lower": ends[1], "upper": ends[2]})
    return {"weight": weight, "share": share, "functions": rows, "curves": curves, "steps": steps}


def _typical(table: np.ndarray, at: dict[str, int]) -> np.ndarray:
    # (F,): a gene that responds, with 0 for everything that is no curve.
    typical = np.zeros(table.shape[1])
    if RESPONSE not in at:
        return typical
    size = np.nan_to_num(np.abs(table[:, at[RESPONSE]]))
    responding = table[size >= np.quantile(size, RESPONDING)]
    for name in CURVES:
        if name in at and np.isfinite(responding[:, at[name]]).any():
            typical[at[name]] = np.nanmedian(np.abs(responding[:, at[name]]))
    return typical


def _change(
    encoder: SignatureEncoder,
    typical: np.ndarray,
    names: tuple[str, ...],
    column: int,
    values: np.ndarray,
    origin: float,
) -> np.ndarray:
    # (points, J): phi at each value less phi at the origin, over the training SD of each function's column.
    rows = np.repeat(typical[None], values.size + 1, axis=0)
    rows[:, column] = np.r_[values, origin]
    phi = encoder.phi(rows, names)
    return (phi[:-1] - phi[-1]) / encoder.scale


def signature_of_path(
    encoders: Encoders,
    encoded: Encoded,
    inputs: ModelInputs,
    outcomes: Outcomes,
    path: LinearPath,
    factor: float,
    parameters: Parameters,
) -> SignatureWeights | None:
    """What the signature branch of a fitted path says, as the score weighs it; None without one.

    inputs, outcomes: the training patients, encoded as `encoded`; factor: weight of the whole path.
    """
    place = next((place for place, branch in enumerate(path.branches) if branch.name == SIGNATURE), None)
    if place is None or encoders.signature is None or inputs.descriptors is None:
        return None
    branch, weight = path.branches[place], float(path.weights[place] * factor)
    stopped = outcomes.stopped(parameters.linear_path.stop_after_events)
    sets = risk_sets(stopped.time, stopped.event)
    columns = encoded.signature.astype(np.float64)
    own = branch.whole[branch_columns(encoded, encoders.further)[SIGNATURE]]
    penalty = np.full(own.size, max(int(stopped.event.sum()), 1) * branch.penalty)
    seen = branch.out_of_fold.size / len(outcomes)  # less than one beyond linear_path.most_patients
    covariance = weight**2 / seen * ridge_covariance(columns, sets, penalty / seen, own)
    spread = np.array([each.out_of_fold.std() for each in path.branches]) * path.weights
    share = float(spread[place] / spread.sum()) if spread.sum() > 0 else 0.0
    names, table = inputs.descriptor_names, inputs.descriptors
    return signature_weights(
        encoders.signature, table, names, weight * own, covariance, float(spread[place] * factor), share
    )
