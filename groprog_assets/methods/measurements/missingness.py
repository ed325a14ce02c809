"""Missing values of an assay: why they are missing, which features are left out, and what may stand in their place.

Arrays in, arrays out: values are (features, samples), logarithms where an order is needed, NaN = missing. Filled values serve
methods that need a whole matrix; tests are made on the values that were measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, truncnorm

from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_kernels.factor_model import fit_factor_model

Floats = NDArray[np.floating]
FEWEST = 3
"""Features from which a correlation over them is computed."""


class Filled(NamedTuple):
    """values (f, n) with what could be filled; low, predicted: how many were drawn below the limit, and predicted."""

    values: Floats
    low: int
    predicted: int


def missing_correlation(values: Floats) -> float:
    """Spearman correlation, over features with a value, of the share missing with the mean of what is there.

    Far below 0: low values are missing, not any. 0 where every feature misses the same share, or there are fewer than three.
    """
    known = np.isfinite(values)
    seen = known.any(axis=1)
    share = 1 - known[seen].mean(axis=1)
    if seen.sum() < FEWEST or share.min() == share.max():
        return 0.0
    mean = np.where(known[seen], values[seen], 0.0).sum(axis=1) / known[seen].sum(axis=1)
    ranks = np.stack([rankdata(share), rankdata(mean)])
    return 0.0 if np.ptp(ranks[1]) == 0 else float(np.corrcoef(ranks)[0, 1])


def kept_features(values: Floats, groups: Sequence[str | None], largest_share: float) -> NDArray[np.bool_]:
    """(f,) whether a feature misses no more than `largest_share` in some group of `groups` (n,); None is no group.

    Without a group all samples are one. A feature that would be tested between groups may be missing in one of them, and that is
    what the test is about.
    """
    names = sorted({name for name in groups if name is not None})
    members = [np.array([group == name for group in groups]) for name in names] or [np.ones(values.shape[1], bool)]
    missing = np.isnan(values)
    kept = np.zeros(len(values), bool)
    for own in members:
        kept |= missing[:, own].mean(axis=1) <= largest_share
    return kept


def filled(values: Floats, missing_kind: str, parameters: MeasurementParameters, name: str) -> Filled:
    """`values` (f, n) with its missing values filled as `missing_kind` says.

    mnar: drawn below the limit of detection (`below_limit`). mar: predicted by factors (`by_factors`). mixed: drawn for features
    whose mean is below the median of the features' means, predicted for the others. structural: left missing, for nothing was
    there to be measured. name: of the assay, part of the seed. A feature without a value stays missing.
    """
    known = np.isfinite(values)
    if missing_kind == "structural" or known.all() or not known.any():
        return Filled(values, 0, 0)
    some: NDArray[np.bool_] = np.asarray(known.any(axis=1))
    mean = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    low = some.copy() if missing_kind == "mnar" else np.zeros(len(some), bool)
    if missing_kind == "mixed":
        low = np.asarray(some & (mean < np.median(mean[some])))
    predicted = by_factors(values, parameters.fill_factors) if (some & ~low).any() else values
    rng = np.random.default_rng([parameters.seed, *name.encode()])
    drawn = below_limit(values, parameters, rng) if low.any() else values
    result = np.where(low[:, None], drawn, predicted)
    holes = ~known & np.isfinite(result)
    return Filled(result, int(holes[low].sum()), int(holes[~low].sum()))


def below_limit(values: Floats, parameters: MeasurementParameters, rng: np.random.Generator) -> Floats:
    """`values` (f, n), each missing one drawn below the limit of its feature.

    The limit is the quantile `low_quantile` of the feature's known values; drawn is a normal of that mean, cut there, with a
    spread of `low_spread` standard deviations of the feature. A feature with one known value has the median spread.
    """
    result = values.copy()
    known = np.isfinite(values)
    spread = np.full(len(values), np.nan)
    for f in np.flatnonzero(known.sum(axis=1) >= 2):
        spread[f] = values[f, known[f]].std(ddof=1)
    usual = float(np.nanmedian(spread)) if np.isfinite(spread).any() else 0.0
    for f in np.flatnonzero(known.any(axis=1) & ~known.all(axis=1)):
        limit = float(np.quantile(values[f, known[f]], parameters.low_quantile))
        scale = parameters.low_spread * (spread[f] if np.isfinite(spread[f]) else usual)
        count = int((~known[f]).sum())
        result[f, ~known[f]] = limit + (
            truncnorm.rvs(-np.inf, 0, scale=scale, size=count, random_state=rng) if scale else 0
        )
    return result


def by_factors(values: Floats, factors: int) -> Floats:
    """`values` (f, n), each missing one as the factor model of the whole assay predicts it, a feature with a value at least.

    Features are centred first. Where no factor explains enough, that is the feature's mean.
    """
    known = np.isfinite(values)
    some = known.any(axis=1)
    mean = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    view = (values - mean[:, None])[some].T
    model = fit_factor_model([view], max(1, min(factors, *view.shape)))
    fitted = model.scores @ model.weights[0].T
    result = values.copy()
    result[some] = np.where(known[some], values[some], fitted.T + mean[some][:, None])
    return result
