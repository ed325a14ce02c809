"""Moderated t tests of features between groups of samples, as limma. Arrays and tables in, tables out.

Source: Smyth 2004, doi:10.2202/1544-6115.1027. Tests run on values that were not filled: a missing value leaves its sample out of
that feature's test.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import digamma, polygamma

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg

Floats = NDArray[np.float64]
LEAST_SAMPLES = 3
"""Samples with a value that each side of a comparison needs."""
LEAST_VARIANCE = 1e-5
"""Variances below this share of the median count as it: features of one value alone do not make the prior."""


class PriorVariance(NamedTuple):
    """degrees_of_freedom d0 (inf where features do not differ) and variance s0^2 of the scaled inverse chi-square prior."""

    degrees_of_freedom: float
    variance: float


class ModeratedFit(NamedTuple):
    """Each (f,) float64, NaN where a feature was not tested: effect, its 95 % interval, t, p_value, posterior variance and its
    degrees of freedom; prior of the variances."""

    effect: Floats
    lower: Floats
    upper: Floats
    t: Floats
    p_value: Floats
    variance: Floats
    degrees_of_freedom: Floats
    prior: PriorVariance | None


def moderated_fit(
    values: ArrayLike, design: ArrayLike, contrast: ArrayLike, blocks: ArrayLike | None = None
) -> ModeratedFit:
    """Linear fits of features (f, n), NaN = missing, on a design (n, p), and the moderated t of a contrast (p,) of coefficients.

    The degrees of freedom of a t are those of its feature and of the prior, at most those of all features together. A feature is
    not tested where its values do not determine the coefficients or leave no degree of freedom. No feature: empty columns.
    blocks (f,): features that are alike, such as those of one assay; each block has a prior of its own, and `prior` is None.
    """
    if blocks is not None:
        return _fit_by_block(np.asarray(values, dtype=np.float64), design, contrast, np.asarray(blocks))
    y, x, c = (np.asarray(given, dtype=np.float64) for given in (values, design, contrast))
    (f, n), p = y.shape, x.shape[1]
    effect, scale, residual, left = (np.full(f, np.nan) for _ in range(4))
    seen = np.isfinite(y)
    whole = seen.all(axis=1)
    if np.linalg.matrix_rank(x) == p and n > p and whole.any():
        inverse = np.linalg.pinv(x)
        fitted = y[whole] @ inverse.T
        effect[whole], scale[whole] = fitted @ c, np.sqrt(c @ inverse @ inverse.T @ c)
        residual[whole], left[whole] = ((y[whole] - fitted @ x.T) ** 2).sum(axis=1), n - p
    part = np.flatnonzero(~whole & (seen.sum(axis=1) > p))
    if len(part):
        inside = seen[part].astype(np.float64)
        cross = (inside @ (x[:, :, None] * x[:, None, :]).reshape(n, p * p)).reshape(-1, p, p)
        known = np.linalg.matrix_rank(cross, hermitian=True) == p
        part, inside, cross = part[known], inside[known], cross[known]
        filled = np.where(seen[part], y[part], 0.0)
        fitted = np.linalg.solve(cross, (filled @ x)[:, :, None])[:, :, 0]
        effect[part] = fitted @ c
        scale[part] = np.sqrt(
            np.einsum("p,fp->f", c, np.linalg.solve(cross, np.broadcast_to(c, fitted.shape)[..., None])[..., 0])
        )
        residual[part] = (((filled - fitted @ x.T) * inside) ** 2).sum(axis=1)
        left[part] = inside.sum(axis=1) - p
    variance = residual / left
    prior = prior_variance(variance, left)
    total = np.fmin(left + prior.degrees_of_freedom, np.nansum(left))
    if np.isinf(prior.degrees_of_freedom):
        posterior = np.where(np.isfinite(left), prior.variance, np.nan)
    else:
        shared = prior.degrees_of_freedom * prior.variance
        posterior = (shared + left * variance) / (prior.degrees_of_freedom + left)
    error = scale * np.sqrt(posterior)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = effect / error
    reach = stats.t.ppf(0.975, total) * error
    return ModeratedFit(
        effect, effect - reach, effect + reach, t, 2 * stats.t.sf(np.abs(t), total), posterior, total, prior
    )


def _fit_by_block(values: Floats, design: ArrayLike, contrast: ArrayLike, blocks: NDArray[np.generic]) -> ModeratedFit:
    columns = np.full((len(ModeratedFit._fields) - 1, len(values)), np.nan)
    for block in np.unique(blocks):
        own = blocks == block
        columns[:, own] = moderated_fit(values[own], design, contrast)[:-1]
    return ModeratedFit._make([*columns, None])


def prior_variance(variance: ArrayLike, degrees_of_freedom: ArrayLike) -> PriorVariance:
    """Prior of residual variances (f,) with degrees of freedom (f,), NaN left out, from the moments of their logarithms.

    d0 is infinite, and s0^2 the typical variance, where the variances differ no more than by chance or there are fewer than two.
    Without any: NaN. Source: Smyth 2004, section 6.2.
    """
    s2, d = np.asarray(variance, dtype=np.float64), np.asarray(degrees_of_freedom, dtype=np.float64)
    used = np.isfinite(s2) & (d > 0)
    s2, d = s2[used], d[used]
    if not len(s2) or not s2.any():
        return PriorVariance(np.inf, float("nan") if not len(s2) else 0.0)
    # Where most features do not vary, the median says nothing: then the mean.
    typical = np.median(s2) or s2.mean()
    e = np.log(np.maximum(s2, LEAST_VARIANCE * typical)) - digamma(d / 2) + np.log(d / 2)
    spread = e.var(ddof=1) - polygamma(1, d / 2).mean() if len(e) > 1 else 0.0
    if spread <= 0:
        return PriorVariance(np.inf, float(np.exp(e.mean())))
    half = trigamma_inverse(spread)
    return PriorVariance(2 * half, float(np.exp(e.mean() + digamma(half) - np.log(half))))


def trigamma_inverse(value: float) -> float:
    """The y > 0 with trigamma(y) = `value` > 0, by Newton's method on 1 / trigamma; the source is the appendix of Smyth 2004."""
    if value > 1e7:
        return float(1 / np.sqrt(value))
    if value < 1e-6:
        return 1 / value
    y = 0.5 + 1 / value
    for _ in range(50):
        found = polygamma(1, y)
        step = found * (1 - found / value) / polygamma(2, y)
        y += step
        if -step / y < 1e-10:
            break
    return float(y)


def group_tests(
    values: pd.DataFrame,
    group: pd.Series,
    covariates: pd.DataFrame | None = None,
    reference: str | None = None,
    blocks: ArrayLike | None = None,
) -> pd.DataFrame:
    """Moderated tests of every feature between groups; with more than two, of each group against the others.

    values: features x samples, missing = NaN. group: a sample's group, by sample name; samples without one are left out.
    covariates: numbers by sample (rows), adjusted for; samples with a missing one are left out. One row a feature and comparison:
    feature, group, reference, effect (mean difference, adjusted) with `lower`, `upper`, t, p_value, q_value (Benjamini-Hochberg
    over the comparison's tested features), samples, reference_samples (with a value), missing (share of the compared samples).
    `reference`: of two groups the one compared with, by default the first by name. A feature with fewer than three values on a
    side is not tested: its numbers are missing. CohortError where a group has fewer than three samples, there are no two groups,
    or `reference` is none of them. blocks: as of `moderated_fit`.
    """
    known = group.dropna()
    if covariates is not None:
        known = known[known.index.isin(covariates.dropna().index)]
    known = known[values.columns[values.columns.isin(known.index)]]
    names = sorted(known.unique(), key=lambda name: (name != reference, name))
    sizes = known.value_counts()
    small = [f"{name} ({sizes[name]})" for name in names if sizes[name] < LEAST_SAMPLES]
    if len(names) < 2 or small:
        said = f"too few samples in {', '.join(small)}" if small else f"groups: {', '.join(map(str, names)) or 'none'}"
        rule = f"A comparison needs two groups with at least {LEAST_SAMPLES} samples each."
        raise CohortError(Problem("groups", said, rule, "Join small groups, or leave them out."))
    if reference is not None and names[0] != reference:
        raise CohortError(
            Problem("groups", f"no sample in {reference}", "The reference is one of the groups.", f"One of {names}.")
        )
    y = values[known.index].to_numpy(dtype=np.float64)
    extra = np.empty((len(known), 0)) if covariates is None else covariates.loc[known.index].to_numpy(dtype=np.float64)
    extra = extra - extra.mean(axis=0)
    frames = []
    for name in names[1:] if len(names) == 2 else names:
        own = known.to_numpy() == name
        seen = np.isfinite(y)
        counts = seen[:, own].sum(axis=1), seen[:, ~own].sum(axis=1)
        enough = np.minimum(*counts) >= LEAST_SAMPLES
        design = np.column_stack([np.ones(len(known)), own, extra])
        contrast = np.eye(design.shape[1])[1]
        fit = moderated_fit(np.where(enough[:, None], y, np.nan), design, contrast, blocks)
        frames.append(
            pd.DataFrame(
                {
                    "feature": values.index.astype(str),
                    "group": str(name),
                    "reference": str(names[0]) if len(names) == 2 else "others",
                    "effect": fit.effect,
                    "lower": fit.lower,
                    "upper": fit.upper,
                    "t": fit.t,
                    "p_value": fit.p_value,
                    "q_value": benjamini_hochberg(fit.p_value),
                    "samples": counts[0],
                    "reference_samples": counts[1],
                    "missing": 1 - seen.mean(axis=1),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
