"""Bootstrap intervals over patients: out-of-fold statistics of each resample, paired across models.

Arrays in, arrays out; no Dagster, no torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Folds of more patients than this are linearised, as their pairs would not fit a cache.
EXACT_FOLD = 1500


class Interval(NamedTuple):
    """A percentile interval of resamples; nan where fewer than half of them had a value."""

    lower: float
    upper: float


class PairRows(NamedTuple):
    """The pairs of one fold's statistic. m = patients who are first in a pair, n = patients of the fold, by time.

    at (m,): row of the first patient in the fold. start (m,): pairs run from this row to the end. weight (m,).
    """

    at: np.ndarray
    start: np.ndarray
    weight: np.ndarray


def multiplicities(patients: int, samples: int, seed: int) -> np.ndarray:
    """(samples, patients) float32: how often each patient was drawn in each resample with replacement; rows sum to `patients`."""
    random = np.random.default_rng(seed)
    drawn = np.empty((samples, patients), dtype=np.float32)
    for sample in range(samples):
        drawn[sample] = np.bincount(random.integers(0, patients, patients), minlength=patients)
    return drawn


def resampled_ratio(rows: PairRows, risks: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Weighted share of right-ordered pairs in each resample, for each model -> (models, samples); nan without pairs.

    `risks` (models, n) and `drawn` (samples, n) are of one fold, by time. Equal risks count one half. A resample
    weighs a pair by the product
    of both patients' multiplicities: exact up to EXACT_FOLD patients, first-order (the statistic's influence) above.
    """
    models, n = risks.shape
    exact = n <= EXACT_FOLD
    numerator = np.zeros((models, len(drawn)))
    denominator = np.zeros(len(drawn))
    influence = np.zeros((models + 1, n))
    after = np.arange(n)[None, :]
    # Blocks of rows keep memory at O(n) for any cohort.
    size = max(1, 2_000_000 // n)
    for first in range(0, len(rows.at), size):
        block = slice(first, first + size)
        at, weight = rows.at[block], rows.weight[block].astype(np.float32)
        pair = np.where(after >= rows.start[block, None], weight[:, None], np.float32(0))
        for model in range(models + 1):
            if model == models:
                right = pair
            else:
                risk = risks[model]
                right = pair * ((risk[at, None] > risk[None, :]) + np.float32(0.5) * (risk[at, None] == risk[None, :]))
            if exact:
                total = np.einsum("bm,bm->b", drawn[:, at], drawn @ right.T, dtype=np.float64)
                if model == models:
                    denominator += total
                else:
                    numerator[model] += total
            else:
                influence[model, at] += right.sum(axis=1, dtype=np.float64)
                influence[model] += right.sum(axis=0, dtype=np.float64)
    if not exact:
        # A quadratic form's first-order term: its value plus each patient's rows and columns times (multiplicity - 1).
        value = influence.sum(axis=1) / 2
        moved = value[:, None] + influence @ (drawn.T.astype(np.float64) - 1)
        numerator, denominator = moved[:-1], moved[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def percentile_interval(values: np.ndarray, level: float = 0.95) -> Interval:
    """The central `level` of resampled `values` (samples,), nan left out."""
    known = values[np.isfinite(values)]
    if known.size < max(2, values.size / 2):
        return Interval(float("nan"), float("nan"))
    lower, upper = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(lower), float(upper))


def corrected_interval(
    differences: np.ndarray, test_share: float, level: float = 0.95
) -> tuple[float, Interval, float]:
    """Nadeau and Bengio's corrected resampled t test of per-fold `differences` (k,) -> (standard error, interval, two-sided p).

    The variance is (1/k + test/train) s^2, as folds share training patients; `test_share` = patients tested / trained
    on. nan for fewer than
    two folds; p = 1 where every difference is 0. Source: doi:10.1023/A:1024068626366.
    """
    from scipy.stats import t as student

    known = differences[np.isfinite(differences)]
    if known.size < 2:
        nan = float("nan")
        return nan, Interval(nan, nan), nan
    mean, error = float(known.mean()), float(np.sqrt((1 / known.size + test_share) * known.var(ddof=1)))
    half = float(student.ppf((1 + level) / 2, known.size - 1)) * error
    p = float(2 * student.sf(abs(mean) / error, known.size - 1)) if error > 0 else float(mean == 0)
    return error, Interval(mean - half, mean + half), p
