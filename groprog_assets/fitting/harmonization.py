"""Removal of batch effects from expression by ComBat, with constants from the training patients alone.

Arrays in, arrays out. `fit_harmonization` sees training patients, `harmonize` applies the constants to any patient;
`fit_new_batch` adds a batch that was not in training, without using any outcome.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_assets.errors import CohortError, Problem

MINIMUM_PATIENTS = 3
"""Fewest patients from which the spread of a batch is estimated."""
TOLERANCE = 1e-6
MOST_ITERATIONS = 500


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
            f"{size} patients",
            f"A batch effect needs at least {MINIMUM_PATIENTS} patients.",
            "Join the batch with another, or declare no batches.",
        )
        for name, size in zip(names, sizes)
        if size < MINIMUM_PATIENTS
    ]
    if problems:
        raise CohortError(problems)
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    counts = np.stack([known[code == b].sum(axis=0) for b in range(len(names))])  # (b, g)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = np.stack([filled[code == b].sum(axis=0) for b in range(len(names))]) / counts
        centre = np.where(counts > 0, centre, np.nan)
        mean = np.nansum(centre * counts, axis=0) / counts.sum(axis=0)
        within = np.where(known, (values - centre[code]) ** 2, 0.0).sum(axis=0)
        spread = np.sqrt(within / counts.sum(axis=0))
    usable = np.isfinite(mean) & (spread > 0)
    mean = np.where(np.isfinite(mean), mean, 0.0)
    spread = np.where(usable, spread, 1.0)
    shift, factor = np.zeros((len(names), values.shape[1])), np.ones((len(names), values.shape[1]))
    if len(names) > 1:
        standard = (values - mean) / spread
        for b in range(len(names)):
            shift[b], factor[b] = _shrink(standard[code == b], usable, ddof)
    return Harmonization(names, mean, spread, shift, factor)


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
    standard = (values - constants.mean) / constants.spread
    moved = (standard - constants.shift[code]) / np.sqrt(constants.factor[code]) * constants.spread + constants.mean
    return np.asarray(moved)


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
        what = "known already" if name in constants.batch.tolist() else f"{len(values)} patients"
        rule = f"A new batch has a new name and at least {MINIMUM_PATIENTS} patients."
        raise CohortError(
            Problem(f"batch {name}", what, rule, "Score without harmonisation, or wait for more patients.")
        )
    usable = np.ones(values.shape[1], bool)
    shift, factor = _shrink((values - constants.mean) / constants.spread, usable)
    names = np.append(constants.batch, name)
    order = np.argsort(names, kind="stable")
    return constants._replace(
        batch=names[order],
        shift=np.vstack([constants.shift, shift])[order],
        factor=np.vstack([constants.factor, factor])[order],
    )


def _shrink(standard: np.ndarray, usable: np.ndarray, ddof: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Posterior modes of one batch's shift and factor, (g,) each; genes with fewer than two values keep 0 and 1."""
    n = np.isfinite(standard).sum(axis=0)
    usable = usable & (n >= 2)
    shift, factor = np.zeros(standard.shape[1]), np.ones(standard.shape[1])
    if not usable.any():
        return shift, factor
    data, n = standard[:, usable], n[usable].astype(np.float64)
    mean, variance = np.nanmean(data, axis=0), np.nanvar(data, axis=0, ddof=ddof)
    prior_mean, prior_variance = mean.mean(), mean.var(ddof=ddof) if len(mean) > 1 else 0.0
    variance_mean, variance_variance = variance.mean(), variance.var(ddof=ddof) if len(variance) > 1 else 0.0
    if variance_variance <= 0 or prior_variance <= 0:  # nothing to shrink towards
        shift[usable], factor[usable] = mean, np.where(variance > 0, variance, 1.0)
        return shift, factor
    shape = (2 * variance_variance + variance_mean**2) / variance_variance
    rate = (variance_mean * variance_variance + variance_mean**3) / variance_variance
    gamma, delta = mean.copy(), variance.copy()
    for _ in range(MOST_ITERATIONS):
        new_gamma = (prior_variance * n * mean + delta * prior_mean) / (prior_variance * n + delta)
        squares = np.nansum((data - new_gamma) ** 2, axis=0)
        new_delta = (0.5 * squares + rate) / (n / 2 + shape - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = [np.abs(new - old) / np.abs(old) for new, old in ((new_gamma, gamma), (new_delta, delta))]
        change = max(float(np.nanmax(step)) if np.isfinite(step).any() else 0.0 for step in steps)
        gamma, delta = new_gamma, new_delta
        if change < TOLERANCE:
            break
    shift[usable], factor[usable] = gamma, delta
    return shift, factor
