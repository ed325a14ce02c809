"""Removal of batch effects from expression by ComBat, with constants from the training patients alone.

Arrays in, arrays out; the numerics are `groprog_kernels.combat`. `fit_harmonization` sees training patients, `harmonize` applies
the constants to any patient; `fit_new_batch` adds a batch that was not in training, without using any outcome.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_assets.errors import CohortError, Problem
from groprog_assets.wording import count_of
from groprog_kernels.combat import Combat, apply_combat, batch_effect, fit_combat

MINIMUM_PATIENTS = 3
"""Fewest patients from which the spread of a batch is estimated."""
TOLERANCE = 1e-6
"""Relative change of a shift or factor below which the iteration ends; stricter than sva, which ends at 1e-4."""


class Harmonization(NamedTuple):
    """Constants of a fit. g = genes, b = batches.

    batch (b,) names, sorted; mean (g,) and spread (g,) of the pooled training data; shift (b, g) and factor (b, g): the
    shrunken additive and multiplicative batch effects of the standardised data. Genes without spread have factor 1, shift 0.
    """

    batch: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    shift: np.ndarray
    factor: np.ndarray


def fit_harmonization(values: np.ndarray, batch: np.ndarray, ddof: int = 1) -> Harmonization:
    """Constants of training patients: `values` (n, g), NaN = missing; `batch` (n,) names.

    Missing values are left out gene by gene.

    Parametric empirical Bayes of ComBat without covariates: genes are standardised to the mean of the batch means weighted by
    batch size and the pooled within-batch variance; batch means get a normal prior, batch variances an inverse-gamma prior,
    fitted over genes by moments; the two posterior modes are iterated to 1e-6. `ddof` is subtracted from the number of values
    in batch variances and in the priors' variances: 1 as the authors' R program, 0 as its Python port (inmoose); the pooled
    variance divides by n in both. One batch: shift 0, factor 1. Raises CohortError for a batch of fewer than three patients.
    Source: Johnson, Li and Rabinovic 2007, doi:10.1093/biostatistics/kxj037.
    """
    values, batch = np.asarray(values, np.float64), np.asarray(batch).astype(np.str_)
    names, code = np.unique(batch, return_inverse=True)
    sizes = np.bincount(code, minlength=len(names))
    problems = [
        Problem(
            f"batch {name}",
            count_of(size, "patient"),
            f"A batch effect needs at least {MINIMUM_PATIENTS} patients.",
            "Join the batch with another, or declare no batches.",
        )
        for name, size in zip(names, sizes)
        if size < MINIMUM_PATIENTS
    ]
    if problems:
        raise CohortError(problems)
    found = fit_combat(values, code, len(names), ddof=ddof, tolerance=TOLERANCE, every_shift=True)
    return Harmonization(names, found.mean, found.spread, found.shift, found.factor)


def harmonize(values: np.ndarray, batch: np.ndarray, constants: Harmonization) -> np.ndarray:
    """`values` (n, g) of patients of known batches, batch effects removed, on the scale of the training data; NaN stays.

    Raises CohortError for a batch that the constants do not know: add it with `fit_new_batch` first.
    """
    values, batch = np.asarray(values, np.float64), np.asarray(batch).astype(np.str_)
    strangers = sorted(set(batch.tolist()) - set(constants.batch.tolist()))
    if strangers:
        raise CohortError(
            Problem(
                "batch",
                ", ".join(strangers),
                f"Batches seen in training are {', '.join(constants.batch.tolist())}.",
                "Estimate its shift from its own patients (fit_new_batch), or score without harmonisation.",
            )
        )
    code = np.searchsorted(constants.batch, batch)
    return apply_combat(values, code, _combat(constants))


def harmonize_known(values: np.ndarray, batch: np.ndarray, constants: Harmonization) -> np.ndarray:
    """`harmonize` for the patients whose batch the constants know; the values (n, g) of the others unchanged, float64."""
    values, batch = np.asarray(values, np.float64), np.asarray(batch).astype(np.str_)
    known = np.isin(batch, constants.batch)
    result = values.copy()
    result[known] = harmonize(values[known], batch[known], constants)
    return result


def fit_new_batch(values: np.ndarray, name: str, constants: Harmonization) -> Harmonization:
    """The constants with one more batch, estimated from its own patients `values` (n, g) against the frozen training mean and
    spread. The constants of training do not change, and no outcome is used. The score of a patient then depends on the
    other patients of the batch, and the caller must say so. Raises CohortError for fewer than three patients or a known name."""
    values = np.asarray(values, np.float64)
    if name in constants.batch.tolist() or len(values) < MINIMUM_PATIENTS:
        what = "known already" if name in constants.batch.tolist() else count_of(len(values), "patient")
        rule = f"A new batch has a new name and at least {MINIMUM_PATIENTS} patients."
        raise CohortError(
            Problem(f"batch {name}", what, rule, "Score without harmonisation, or wait for more patients.")
        )
    usable = np.ones(values.shape[1], bool)
    standard = (values - constants.mean) / constants.spread
    shift, factor = batch_effect(standard, usable, tolerance=TOLERANCE, every_shift=True)
    names = np.append(constants.batch, name)
    order = np.argsort(names, kind="stable")
    return constants._replace(
        batch=names[order],
        shift=np.vstack([constants.shift, shift])[order],
        factor=np.vstack([constants.factor, factor])[order],
    )


def _combat(constants: Harmonization) -> Combat:
    slopes = np.empty((0, constants.mean.size))
    return Combat(constants.mean, slopes, constants.spread, constants.shift, constants.factor)
