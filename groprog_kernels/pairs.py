"""Comparable pairs and the ranking loss over them: exact over all pairs, or near-linear through separable kernels."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from groprog_kernels.pairs_numba import TILE, pair_terms, pair_tiles
from groprog_kernels.pairs_spectral import separable_basis, spectral_sums, terms_needed
from groprog_kernels.risk_sets import RiskSets, risk_array, risk_sets

Ties = Literal["strict", "comparable"]
Method = Literal["auto", "direct", "spectral"]

# exp(690) is finite; products of fewer than 690 / range factors of at most exp(range) + 1 cannot overflow.
LARGEST_LOG = 690.0
# Above this range of scores 1 + exp(difference) loses the smaller term's digits and pairs are taken one by one.
WIDEST_PRODUCT = 30.0


class PairLoss(NamedTuple):
    """The ranking loss of n patients."""

    loss: float
    """Weighted mean over comparable pairs; 0 without pairs."""
    gradient: np.ndarray
    """(n,) derivative of `loss` by each risk, in the order of the input; sums to 0."""
    pairs: int
    """Comparable pairs."""
    method: str
    """"direct" or "spectral"."""


def comparable_pairs(
    time: np.ndarray, event: np.ndarray, ties: Ties = "strict", sets: RiskSets | None = None
) -> np.ndarray:
    """(n,) int64: comparable pairs in which patient i, in the order of the input, has the earlier event; 0 for the censored.

    `"strict"`: t_i < t_j (eq. 10). `"comparable"`: also j censored at t_i. O(n log n). Raises ValueError on NaN times.

    >>> comparable_pairs([1.0, 2.0, 3.0], [1, 0, 1]).tolist()
    [2, 0, 0]
    """
    sets = risk_sets(time, event) if sets is None else sets
    counts = np.empty(sets.order.size, dtype=np.int64)
    counts[sets.order] = np.where(sets.event, sets.order.size - first_comparable(sets, ties), 0)
    return counts


def first_comparable(sets: RiskSets, ties: Ties) -> np.ndarray:
    """(n,) int64, by position: where the patients comparable with an event there begin. ValueError for an unknown rule."""
    if ties not in ("strict", "comparable"):
        raise ValueError(f"ties is {ties!r}; it is 'strict' (t_i < t_j) or 'comparable' (also censored at t_i).")
    return sets.later if ties == "strict" else sets.comparable


def pair_loss(
    risk: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    sharpness: float = 1.0,
    ties: Ties = "strict",
    method: Method = "auto",
    sets: RiskSets | None = None,
) -> PairLoss:
    """Mean of log(1 + exp(-sharpness (r_i - r_j))) over comparable pairs (i had its event before j), and its gradient.

    `risk`, `time`, `event` (n,); `weights` (n,) >= 0 weigh every pair of patient i (eq. 13, or 1/G for censoring) and the
    mean alike. `"direct"` visits all pairs; `"spectral"` is near-linear in n with an error below 1e-13 of the largest
    softplus of the scores, hence a relative error below 1e-9 unless nearly every pair is ordered by a wide margin;
    `"auto"` takes the cheaper. Memory is O(n). No comparable pair: 0. All-equal risks: log 2. Raises ValueError on NaN,
    infinite or negative values. Source: paper 3.4 eq. 10.

    >>> round(pair_loss([0.0, 0.0], [1.0, 2.0], [1, 0]).loss, 6)
    0.693147
    """
    sets = risk_sets(time, event) if sets is None else sets
    n = sets.order.size
    score = sharpness * risk_array(risk, n)[sets.order]
    held = np.ones(n) if weights is None else risk_array(weights, n, "weights")[sets.order]
    if held.min() < 0:
        raise ValueError(f"weights has {held.min()}: weights must not be negative.")
    if not (np.isfinite(sharpness) and sharpness > 0):
        raise ValueError(f"sharpness is {sharpness}: it must be positive and finite.")
    first = first_comparable(sets, ties)
    event_at = np.flatnonzero(sets.event & (first < n) & (held > 0))
    start, weight = first[event_at], held[event_at]
    pairs = int((n - start).sum())
    total = float((weight * (n - start)).sum())
    if not pairs:
        return PairLoss(0.0, np.zeros(n), 0, "direct")
    chosen = _cheaper(score, n, pairs) if method == "auto" else method
    if chosen == "direct":
        loss, slope = _direct(score, event_at, start, weight)
    elif chosen == "spectral":
        middle, half = _range(score)
        by_position = np.zeros(n)
        by_position[event_at] = weight
        loss, slope = spectral_sums(score - middle, by_position, first, sets.later, separable_basis(half))
    else:
        raise ValueError(f"method is {method!r}; it is 'auto', 'direct' or 'spectral'.")
    gradient = np.empty(n)
    gradient[sets.order] = slope * (sharpness / total)
    return PairLoss(max(loss / total, 0.0), gradient, pairs, chosen)


def _direct(score: np.ndarray, event_at: np.ndarray, start: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
    middle = (score.max() + score.min()) / 2
    span = score.max() - score.min()
    if span > WIDEST_PRODUCT:
        loss, slope = pair_terms(score, event_at, start, weight)
    else:
        factors = min(int(LARGEST_LOG / (span + 1)), TILE)
        loss, slope = pair_tiles(np.exp(score - middle), np.exp(middle - score), event_at, start, weight, factors)
    return loss, slope


def _range(score: np.ndarray) -> tuple[float, float]:
    """Middle of the scores and half their range, at least a half so that a basis exists for equal scores."""
    return float((score.max() + score.min()) / 2), max(float((score.max() - score.min()) / 2), 0.5)


def _cheaper(score: np.ndarray, patients: int, pairs: int) -> str:
    """The method with fewer operations; the factors are nanoseconds measured on one core."""
    terms = terms_needed(_range(score)[1])
    direct = pairs * (2.5 if 2 * _range(score)[1] <= WIDEST_PRODUCT else 30.0)
    # Nodes cost m^3 once; rows cost m (m / 2) twice, at several operations a nanosecond.
    spectral = 2.0 * terms**3 + patients * (100.0 + terms * terms / 4)
    return "direct" if direct <= spectral else "spectral"
