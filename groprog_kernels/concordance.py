"""Concordance indices: eq. 15 with inverse-censoring weights, Uno's and Harrell's, chosen by arguments."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from groprog_kernels.censoring import Side, censoring_distribution, censoring_probability
from groprog_kernels.censoring_cython import uncensored
from groprog_kernels.concordance_cython import count_pairs, risk_places
from groprog_kernels.concordance_numba import all_pairs
from groprog_kernels.pairs import Ties, first_comparable
from groprog_kernels.risk_sets import RiskSets, risk_array, risk_sets
from groprog_kernels.risk_sets_cython import ascending

Unsupported = Literal["error", "drop"]


class Concordance(NamedTuple):
    """A concordance index, the number of pairs and events behind it, and the conventions used."""

    cindex: float
    """Weighted share of concordant pairs, 0 to 1; nan without comparable pairs."""
    comparable: int
    """Comparable pairs."""
    concordant: int
    """Pairs whose earlier event has the higher risk."""
    tied: int
    """Pairs of equal risk; each counts one half."""
    effective_sample_size: float
    """(sum w)^2 / sum w^2 over the events that have a comparable patient."""
    unsupported: int
    """Events left out because no weight exists at their time (`unsupported="drop"`)."""
    tau: float | None
    """Events at or after tau do not count; None for no truncation."""
    censoring_at: str
    """G is read at "t" or at "t-"."""
    ties: str
    """"strict": t_i < t_j; "comparable": also j censored at t_i."""
    weight_power: float
    """Pairs weigh 1/G^power: 2 is eq. 15, 0 Harrell."""


def concordance(
    risk: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    *,
    train_time: np.ndarray | None = None,
    train_event: np.ndarray | None = None,
    tau: float | None = None,
    censoring_at: Side = "t",
    ties: Ties = "strict",
    weight_power: float = 2,
    unsupported: Unsupported = "error",
    method: Literal["sorted", "pairs"] = "sorted",
    sets: RiskSets | None = None,
) -> Concordance:
    """C-index of `risk` (n,), higher is worse, for `time` (n,) in any unit and `event` (n,) 1 = event.

    The defaults are eq. 15 as printed: weights 1/G(t_i)^2, pairs t_i < t_j, one half for equal risks (compared exactly), no
    truncation. G is the Kaplan-Meier of censoring, events leaving first, on `train_time`, `train_event` or, without
    them, on these
    patients. `ties="comparable"` is scikit-survival's rule, with `censoring_at="t-"` R survival's `timewt="n/G2"`.
    `tau` keeps events with t < tau. An event where G is 0, or after the last training time, has no weight:
    `unsupported` raises or drops it.
    `method="sorted"` is O(n log n) and what the program runs; `"pairs"` visits all pairs, O(n^2), and is what the sorted form is
    tested against. No comparable pair: nan. All-equal risks: 0.5.
    Raises ValueError on NaN, infinite or negative input. Source: paper 3.6 eq. 15; doi:10.1002/sim.4154.

    >>> concordance([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1, 1, 0]).cindex
    1.0
    """
    if censoring_at not in ("t", "t-"):
        raise ValueError(f"censoring_at is {censoring_at!r}; it is 't' or 't-'.")
    if (train_time is None) != (train_event is None):
        raise ValueError("train_time and train_event belong together: pass both or neither.")
    own = risk_sets(time, event) if sets is None else sets
    values = risk_array(risk, own.order.size)
    first = first_comparable(own, ties)
    weight = inverse_censoring_weights(own, train_time, train_event, censoring_at, weight_power)
    if tau is not None:
        weight[np.searchsorted(own.time, tau, side="left") :] = 0.0
    if method == "sorted":
        place = risk_places(*ascending(values))
        *sums, concordant, tied, comparable, missing = count_pairs(
            place, own.order, own.event.view(np.uint8), first, weight
        )
        numerator, denominator, weights, squares = sums
    else:
        (numerator, denominator, weights, squares), counts = all_pairs(values[own.order], own.event, first, weight)
        concordant, tied, comparable, missing = (int(count) for count in counts)
    if missing and unsupported == "error":
        raise ValueError(
            f"{missing} events lie where the probability of being uncensored is 0 or unknown (training times end at "
            f"{own.time.max() if train_time is None else np.max(train_time):g}). Set tau below that, or unsupported='drop'."
        )
    return Concordance(
        cindex=float(numerator / denominator) if denominator else float("nan"),
        comparable=comparable,
        concordant=concordant,
        tied=tied,
        effective_sample_size=float(weights * weights / squares) if squares else 0.0,
        unsupported=missing,
        tau=tau,
        censoring_at=censoring_at,
        ties=ties,
        weight_power=weight_power,
    )


def harrell(
    risk: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    *,
    tau: float | None = None,
    ties: Ties = "comparable",
    sets: RiskSets | None = None,
) -> Concordance:
    """Harrell's C: `concordance` with unit weights, where a patient censored at t_i is comparable, as is usual for this index.

    Two events at one time are not comparable. Arguments, edges and errors as `concordance`. Source:
    doi:10.1001/jama.1982.03320430047030.

    >>> result = harrell([3.0, 1.0, 2.0], [1.0, 2.0, 2.0], [1, 1, 0])
    >>> result.cindex, result.comparable  # 3 before 1, 3 before 2, and 1 before 2, who is censored at the same time
    (0.6666666666666666, 3)
    """
    return concordance(risk, time, event, tau=tau, ties=ties, weight_power=0, sets=sets)


def inverse_censoring_weights(
    sets: RiskSets, train_time: np.ndarray | None, train_event: np.ndarray | None, side: Side, power: float
) -> np.ndarray:
    """1/G^power (n,) by position in `sets`, G from the training patients or, without them, from `sets`.

    -1 where no weight exists: G is 0, or the time lies after the last training time. Source: paper 3.6 eq. 15.

    >>> inverse_censoring_weights(risk_sets([1.0, 2.0], [0, 1]), None, None, "t", 2).tolist()
    [4.0, 4.0]
    """
    if power == 0:
        return np.ones(sets.order.size)
    if train_time is None or train_event is None:
        probability = uncensored(sets.later, sets.comparable, side == "t-")
    else:
        probability = censoring_probability(censoring_distribution(train_time, train_event), sets.time, side)
    with np.errstate(divide="ignore"):
        inverse: np.ndarray = 1.0 / (np.square(probability) if power == 2 else probability**power)
    # Probabilities fall with time, so those without a weight stand last.
    inverse[np.count_nonzero(probability > 0) :] = -1.0
    return inverse
