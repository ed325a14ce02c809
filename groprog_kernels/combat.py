"""ComBat: batch effects of many features, shrunken towards what the batch does to all, and their removal.

`fit_combat` sees training samples alone, `apply_combat` uses its constants for any sample of a known batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_kernels.combat_numba import posterior_modes

MOST_ITERATIONS = 500


class Combat(NamedTuple):
    """Constants of a fit. f = features, b = batches, c = covariates.

    mean (f,), slopes (c, f): the level of a feature and what covariates add to it; spread (f,): the pooled standard deviation
    around them; shift (b, f), factor (b, f): the shrunken additive and multiplicative (variance) effect of each batch on the
    standardised values. A feature without spread has spread 1, factor 1 and shift 0. reference: the batch that stays, or -1.
    """

    mean: np.ndarray
    slopes: np.ndarray
    spread: np.ndarray
    shift: np.ndarray
    factor: np.ndarray
    reference: int = -1


class BatchEffect(NamedTuple):
    """The shrunken effect of one batch: shift (f,) and factor (f,), a variance."""

    shift: np.ndarray
    factor: np.ndarray


def fit_combat(
    values: np.ndarray,
    batch: np.ndarray,
    batches: int,
    covariates: np.ndarray | None = None,
    *,
    reference: int = -1,
    mean_only: bool = False,
    ddof: int = 1,
    tolerance: float = 1e-4,
    every_shift: bool = False,
) -> Combat:
    """Constants of `values` (n, f), NaN = missing, in `batches` batches numbered by `batch` (n,), with `covariates` (n, c).

    A feature is modelled as a level a batch plus covariates by least squares over its known values. mean: of the levels, weighted
    by the values of each batch, or that of the `reference`; spread: root mean square of the residuals, of the reference where
    there is one. The means of the standardised values of a batch get a normal prior, their variances an inverse-gamma prior, by
    moments over the features; the modes are iterated until no shift above 0 and no factor moves by more than `tolerance` of its
    size, as sva does; with `every_shift`, no shift below 0 either. `ddof` is subtracted from the number of values in variances: 1
    as sva, 0 as its Python port.
    mean_only: factors stay 1, and a shift is shrunken as if of one value (sva's rule). One batch: shift 0, factor 1.
    A batch in which a feature has fewer than two values (mean_only: one) does not move it.
    Raises ValueError for shapes that do not fit, unknown batch numbers, and covariates that are not finite.
    Source: Johnson, Li and Rabinovic 2007, doi:10.1093/biostatistics/kxj037; sva 3.46.0.
    """
    held, code, design = _checked(values, batch, batches, covariates)
    if not -1 <= reference < batches:
        raise ValueError(f"reference {reference} is no batch of {batches}.")
    known = np.isfinite(held)
    counts = np.stack([known[code == b].sum(axis=0) for b in range(batches)])  # (b, f)
    levels, slopes = _levels(held, known, code, counts, design)
    fitted = levels[code] + design @ slopes if design.shape[1] else levels[code]
    with np.errstate(invalid="ignore", divide="ignore"):
        if reference < 0:
            mean = np.nansum(levels * counts, axis=0) / counts.sum(axis=0)
            squares = np.where(known, (held - fitted) ** 2, 0.0).sum(axis=0) / counts.sum(axis=0)
        else:
            mean = levels[reference]
            own = code == reference
            squares = np.where(known[own], (held[own] - fitted[own]) ** 2, 0.0).sum(axis=0) / counts[reference]
        spread = np.sqrt(squares)
    usable = np.isfinite(mean) & (spread > 0)
    mean = np.where(np.isfinite(mean), mean, 0.0)
    spread = np.where(usable, spread, 1.0)
    shift, factor = np.zeros((batches, held.shape[1])), np.ones((batches, held.shape[1]))
    constants = Combat(mean, slopes, spread, shift, factor, reference)
    if batches > 1:
        standard = _standardised(held, design, constants)
        for b in range(batches):
            if b != reference:
                shift[b], factor[b] = batch_effect(
                    standard[code == b],
                    usable,
                    mean_only=mean_only,
                    ddof=ddof,
                    tolerance=tolerance,
                    every_shift=every_shift,
                )
    return constants


def apply_combat(
    values: np.ndarray, batch: np.ndarray, constants: Combat, covariates: np.ndarray | None = None
) -> np.ndarray:
    """`values` (n, f) of samples of known batches `batch` (n,), batch effects removed; NaN stays.

    Samples of the reference batch keep their values. Raises ValueError as `fit_combat`, and for covariates of another number than
    in the fit.
    """
    held, code, design = _checked(values, batch, len(constants.shift), covariates)
    if design.shape[1] != len(constants.slopes):
        raise ValueError(f"{design.shape[1]} covariates; the fit had {len(constants.slopes)}.")
    standard = _standardised(held, design, constants)
    moved = (standard - constants.shift[code]) / np.sqrt(constants.factor[code]) * constants.spread + constants.mean
    if design.shape[1]:
        moved = moved + design @ constants.slopes
    if constants.reference >= 0:
        own = code == constants.reference
        moved[own] = held[own]
    return np.asarray(moved)


def batch_effect(
    standard: np.ndarray,
    usable: np.ndarray,
    *,
    mean_only: bool = False,
    ddof: int = 1,
    tolerance: float = 1e-4,
    every_shift: bool = False,
) -> BatchEffect:
    """The shrunken effect of one batch on `standard` (n, f), its standardised values, NaN = missing, as `fit_combat` says.

    Features that are not `usable` (f,), or have fewer than two values (mean_only: one), keep shift 0 and factor 1. Where features
    do not differ there is nothing to shrink towards, and the moments stand.
    """
    counts = np.isfinite(standard).sum(axis=0)
    usable = np.asarray(usable, bool) & (counts >= (1 if mean_only else 2))
    shift, factor = np.zeros(standard.shape[1]), np.ones(standard.shape[1])
    if not usable.any():
        return BatchEffect(shift, factor)
    data, n = standard[:, usable], counts[usable].astype(np.float64)
    mean = np.nanmean(data, axis=0)
    prior_mean, prior_variance = mean.mean(), mean.var(ddof=ddof) if len(mean) > 1 else 0.0
    if mean_only:
        shift[usable] = (prior_variance * mean + prior_mean) / (prior_variance + 1)
        return BatchEffect(shift, factor)
    variance = np.nanvar(data, axis=0, ddof=ddof)
    variance_mean, variance_variance = variance.mean(), variance.var(ddof=ddof) if len(variance) > 1 else 0.0
    if variance_variance <= 0 or prior_variance <= 0:  # nothing to shrink towards
        shift[usable], factor[usable] = mean, np.where(variance > 0, variance, 1.0)
        return BatchEffect(shift, factor)
    shape = (2 * variance_variance + variance_mean**2) / variance_variance
    rate = (variance_mean * variance_variance + variance_mean**3) / variance_variance
    gamma, delta = mean.copy(), variance.copy()
    priors = (prior_mean, prior_variance, shape, rate)
    posterior_modes(np.ascontiguousarray(data), n, mean, *priors, tolerance, every_shift, MOST_ITERATIONS, gamma, delta)
    shift[usable], factor[usable] = gamma, delta
    return BatchEffect(shift, factor)


def _checked(
    values: np.ndarray, batch: np.ndarray, batches: int, covariates: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(values float64 (n, f), batch numbers (n,), covariates (n, c))."""
    held, code = np.asarray(values, np.float64), np.asarray(batch)
    design = np.empty((len(held), 0)) if covariates is None else np.asarray(covariates, np.float64)
    if held.ndim != 2 or code.shape != (len(held),) or design.ndim != 2 or len(design) != len(held):
        raise ValueError(f"values {held.shape}, batch {code.shape}, covariates {design.shape}; (n, f), (n,), (n, c).")
    if len(code) and not (code.dtype.kind in "iu" and code.min() >= 0 and code.max() < batches):
        raise ValueError(f"batch numbers lie in 0 to {batches - 1}.")
    if not np.isfinite(design).all():
        raise ValueError("covariates hold NaN or infinity; each sample needs a value of each.")
    return held, code, design


def _standardised(held: np.ndarray, design: np.ndarray, constants: Combat) -> np.ndarray:
    mean = constants.mean + design @ constants.slopes if design.shape[1] else constants.mean
    return np.asarray((held - mean) / constants.spread)


def _levels(
    held: np.ndarray, known: np.ndarray, code: np.ndarray, counts: np.ndarray, design: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of each feature over its known values: (levels (b, f), NaN where a batch has no value; slopes (c, f))."""
    batches, features = counts.shape
    if not design.shape[1]:  # the least squares of levels alone are means
        filled = np.where(known, held, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            levels = np.stack([filled[code == b].sum(axis=0) for b in range(batches)]) / counts
            return np.where(counts > 0, levels, np.nan), np.empty((0, features))
    whole = np.concatenate([np.eye(batches)[code], design], axis=1)
    found = np.full((whole.shape[1], features), np.nan)
    patterns, place = np.unique(known, axis=1, return_inverse=True)
    place = place.reshape(-1)
    for k in range(patterns.shape[1]):
        rows, columns = patterns[:, k], place == k
        there = np.concatenate([np.bincount(code[rows], minlength=batches) > 0, np.ones(design.shape[1], bool)])
        part = whole[np.ix_(rows, there)]
        solved = np.linalg.lstsq(part, held[np.ix_(rows, columns)], rcond=None)[0]
        found[np.ix_(there, columns)] = solved
    return found[:batches], np.where(np.isfinite(found[batches:]), found[batches:], 0.0)
