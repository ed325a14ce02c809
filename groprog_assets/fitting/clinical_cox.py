"""Clinical Cox: a ridge Cox model of dummy-coded covariates alone. The baseline, and what a model with few events falls back to.

Arrays in, arrays out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_assets.fitting.covariates import HasCovariates
from groprog_assets.fitting.dummy_coding import DummyCoding
from groprog_assets.fitting.ridge_cox import choose_penalties, fit_blocks
from groprog_assets.fitting.stratified_folds import stratified_folds

# From half a dozen patients' worth of information a column to next to none: the weakest only keeps rare levels finite.
RIDGE_PENALTIES = (100.0, 50.0, 20.0, 10.0, 5.0, 1.0, 0.1)
INNER_FOLDS = 5


class ClinicalCox(NamedTuple):
    """coding, its `columns` (n, p) of the training patients; coefficients (p,), log hazard ratios; penalty: the chosen one; inner
    (n,): the inner folds that it was chosen on."""

    coding: DummyCoding
    columns: np.ndarray
    coefficients: np.ndarray
    penalty: float
    inner: np.ndarray


def fit_clinical_cox(
    training: HasCovariates, time: np.ndarray, event: np.ndarray, coding: DummyCoding, random: np.random.Generator
) -> ClinicalCox:
    """Clinical Cox of n training patients, time (n,) and event (n,) bool, with a coding that was fitted to them.

    The penalty is chosen by cross-validated partial likelihood on at most five inner folds, which `random` draws.
    """
    columns = coding.transform(training)
    inner = stratified_folds(event, min(INNER_FOLDS, max(2, int(event.sum()))), random)
    chosen = choose_penalties([columns], time, event, [(penalty,) for penalty in RIDGE_PENALTIES], inner)
    coefficients = fit_blocks([columns], time, event, chosen.penalties)
    return ClinicalCox(coding, columns, coefficients, chosen.penalties[0], inner)
