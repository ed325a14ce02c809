"""With few events the score falls back towards clinical Cox: a mixture of the model and the baseline clinical_cox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from groprog_assets.fitting.clinical_cox import ClinicalCox, fit_clinical_cox
from groprog_assets.fitting.dummy_coding import DummyCoding
from groprog_assets.fitting.ridge_cox import fit_blocks, held_out_log_likelihood
from groprog_assets.model.cox_columns import CoxColumns
from groprog_assets.model.encoders import Encoded, Encoders
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.linear import Branch, LinearPath
from groprog_assets.study.parameters import Parameters
from groprog_kernels.risk_sets import risk_sets

FALLBACK = "clinical_cox"
"""Name of the branch that a fit with few events falls back to."""


class Mixture(NamedTuple):
    """encoders and encoded (n patients) with the columns of clinical Cox in the design; path: with clinical Cox as a further
    branch; risk (n,): out of fold, NaN where no member left the patient out; weights of path and network; share of clinical
    Cox in the score, 0 where nothing is mixed."""

    encoders: Encoders
    encoded: Encoded
    path: LinearPath | None
    risk: np.ndarray
    weights: np.ndarray
    share: float = 0.0


def share_of_model(events: int, limits: Sequence[float]) -> float:
    """The share of the model in a score from `events` training events: 0 at the first limit or fewer, 1 at the second or more.

    >>> [share_of_model(events, (12, 30)) for events in (5, 21, 30)]
    [0.0, 0.5, 1.0]
    """
    least, enough = limits
    if events >= enough:
        return 1.0
    return (events - least) / (enough - least) if events > least else 0.0


def limits_of(encoders: Encoders, parameters: Parameters) -> list[float]:
    """The limits of `share_of_model` for what the model reads: `linear_path.fallback_events` with omics, else those of fields."""
    chosen = parameters.linear_path
    omics = encoders.mode != "clinical" or bool(encoders.matrices)
    return chosen.fallback_events if omics else chosen.fallback_events_of_fields


def toward_clinical_cox(
    fitted: Mixture,
    inputs: ModelInputs,
    outcomes: Outcomes,
    inner: np.ndarray,
    parameters: Parameters,
    fold: tuple[int, int] | None = None,
) -> Mixture:
    """The fitted model, mixed with clinical Cox by the number of events.

    inputs, outcomes, inner (n,): the training patients and their inner folds. Clinical Cox is the baseline of that name: the same
    fit to the same patients, on the inner folds that the baseline draws in the outer fold (repeat, fold); `fold` is None for the
    final model. The mixture is of log hazards, so it is a linear path again, with clinical Cox as one more branch. With enough
    events (`limits_of`), without a linear path, with other cohorts or without a clinical column, `fitted` comes back as it is.
    """
    encoders, path = fitted.encoders, fitted.path
    share = share_of_model(int(outcomes.event.sum()), limits_of(encoders, parameters))
    if share == 1.0 or path is None or encoders.sources is not None:
        return fitted
    coding = DummyCoding.fit(inputs, parameters.cohort.maximum_missing_flag, parameters.cohort.landmark_days)
    if not coding.names:
        return fitted
    random = np.random.default_rng([parameters.training.seed, *(fold or ())])
    cox = fit_clinical_cox(inputs, outcomes.time, outcomes.event, coding, random)
    columns = CoxColumns.of(coding, cox.columns)
    start = fitted.encoded.design.shape[1]
    path = _widened(path, start, len(columns.means))
    branch = _as_branch(cox, outcomes, inner, path.whole.size, start)
    own = share * float(fitted.weights[0])
    mixed = path._replace(
        out_of_fold=own * path.out_of_fold + (1.0 - share) * branch.out_of_fold,
        members=[own * ours + (1.0 - share) * theirs for ours, theirs in zip(path.members, branch.members)],
        whole=own * path.whole + (1.0 - share) * branch.whole,
        branches=[*path.branches, branch],
        weights=np.append(own * path.weights, 1.0 - share),
    )
    return Mixture(
        replace(encoders, clinical_cox=columns),
        with_cox_columns(fitted.encoded, columns, inputs),
        mixed,
        share * fitted.risk + (1.0 - share) * branch.out_of_fold,
        np.array([1.0, share * float(fitted.weights[1])]),
        1.0 - share,
    )


def with_cox_columns(encoded: Encoded, columns: CoxColumns | None, inputs: ModelInputs) -> Encoded:
    """encoded (n patients, of `inputs`) with the columns of clinical Cox at the end of the design, if there are any."""
    if columns is None:
        return encoded
    return encoded._replace(design=np.hstack([encoded.design, columns.transform(inputs)]))


def _as_branch(cox: ClinicalCox, outcomes: Outcomes, inner: np.ndarray, width: int, start: int) -> Branch:
    # Clinical Cox as a branch of a path of `width` columns, its own from `start`; its fits on inner folds have its penalty.
    events = max(int(outcomes.event.sum()), 1)
    everyone = risk_sets(outcomes.time, outcomes.event)
    held, gain = np.zeros(len(outcomes)), 0.0
    found = [cox.coefficients]
    for fold in np.unique(inner):
        fit = inner != fold
        time, event = outcomes.time[fit], outcomes.event[fit]
        beta = fit_blocks([cox.columns[fit]], time, event, (cox.penalty,), cox.coefficients)
        sets, risk = risk_sets(time, event), cox.columns @ beta
        gain += held_out_log_likelihood(risk, everyone, fit, sets)
        gain -= held_out_log_likelihood(np.zeros(risk.size), everyone, fit, sets)
        held[~fit] = (cox.columns[~fit] - cox.columns.mean(axis=0)) @ beta
        found.append(beta)
    whole, *members = [np.zeros(width) for _ in found]
    for vector, beta in zip([whole, *members], found):
        vector[start : start + beta.size] = beta
    penalty = cox.penalty / events
    return Branch(FALLBACK, penalty, gain / events, held, members, whole, [(penalty, gain / events)])


def _widened(path: LinearPath, start: int, width: int) -> LinearPath:
    # The path with `width` more columns at `start`, which it does not use.
    def wide(vector: np.ndarray) -> np.ndarray:
        return np.insert(vector, start, np.zeros(width))

    branches = [
        branch._replace(members=[wide(vector) for vector in branch.members], whole=wide(branch.whole))
        for branch in path.branches
    ]
    members = [wide(vector) for vector in path.members]
    return path._replace(members=members, whole=wide(path.whole), branches=branches)
