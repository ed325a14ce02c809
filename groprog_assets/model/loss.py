"""The terms of the loss as torch functions over the kernels: Cox with Efron's ties, ranking, coherence (paper 3.3-3.4).

Every term is computed in float64 and in O(n) memory; gradients are the kernels' own. On a CUDA device the n risks are copied
to the CPU and n gradients back, whereas a dense form would need an n x n array there. Torch and the kernels; no pandas, no
Dagster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from groprog_kernels.cox import cox_efron
from groprog_kernels.pairs import Method, Ties, pair_loss
from groprog_kernels.risk_sets import RiskSets, risk_sets

Values = torch.Tensor | np.ndarray


def _array(values: Values) -> np.ndarray:
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


class _KernelLoss(torch.autograd.Function):
    """A scalar whose value and gradient (n,) a kernel has already computed.

    The few operations on n numbers use NumPy, because starting torch's threads would cost more than the kernel.
    """

    @staticmethod
    def forward(ctx: Any, risk: torch.Tensor, value: float, gradient: np.ndarray) -> torch.Tensor:
        ctx.gradient, ctx.device, ctx.dtype = gradient, risk.device, risk.dtype
        return torch.tensor(value, device=risk.device, dtype=risk.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        held = np.float64 if ctx.dtype == torch.float64 else np.float32
        scaled = np.multiply(ctx.gradient, float(upstream), dtype=held, casting="same_kind")
        return torch.from_numpy(scaled).to(device=ctx.device, dtype=ctx.dtype), None, None


_kernel_loss = cast(Callable[[torch.Tensor, float, np.ndarray], torch.Tensor], _KernelLoss.apply)


def _risk(risk: torch.Tensor) -> np.ndarray:
    if risk.ndim != 1:
        raise ValueError(
            f"risk has shape {tuple(risk.shape)}; one log-risk a patient is needed. Squeeze the last axis."
        )
    held = risk.detach().cpu()
    return (held if held.dtype in (torch.float32, torch.float64) else held.float()).numpy()


def sorted_outcomes(time: Values, event: Values) -> RiskSets:
    """The risk sets of `time` (n,), `event` (n,), sorted once for all epochs; pass them as `sets` to the losses.

    Raises ValueError on NaN, infinite or negative times and on events other than 0 and 1.

    >>> sorted_outcomes(torch.tensor([2.0, 1.0]), torch.tensor([True, False])).order.tolist()
    [1, 0]
    """
    return risk_sets(_array(time), _array(event))


def cox_efron_loss(
    risk: torch.Tensor, time: Values | None = None, event: Values | None = None, *, sets: RiskSets | None = None
) -> torch.Tensor:
    """Negative log partial likelihood per event with Efron's ties, of log-risks `risk` (n,) -> scalar of its dtype and device.

    Outcomes are `time` (any unit) and `event` (n,), or `sets` from `sorted_outcomes`. No events: 0 with zero gradient.
    Differentiable once, by `risk`. NaN or infinite risks raise ValueError. Source: paper eq. 11.

    >>> float(cox_efron_loss(torch.zeros(2, dtype=torch.float64), np.array([1.0, 2.0]), np.array([1, 0])))
    0.6931471805599453
    """
    sets = _sets(time, event, sets)
    result = cox_efron(_risk(risk), sets.time, sets.event, sets)
    scale, gradient = 1.0 / max(result.events, 1), result.gradient
    gradient *= scale
    return _kernel_loss(risk, result.loss * scale, gradient)


def ranking_loss(
    risk: torch.Tensor,
    time: Values | None = None,
    event: Values | None = None,
    weights: Values | None = None,
    *,
    sharpness: float = 1.0,
    ties: Ties = "strict",
    method: Method = "auto",
    sets: RiskSets | None = None,
) -> torch.Tensor:
    """Weighted mean of softplus(-(r_i - r_j)) over comparable pairs (e_i = 1, t_i < t_j) -> scalar of risk's dtype and device.

    `risk` (n,), outcomes as in `cox_efron_loss`; `weights` (n,) weigh patient i's pairs (eq. 13 or 1/G) and get no gradient.
    No comparable pair: 0 with zero gradient. Differentiable once, by `risk`. Source: paper eq. 10.

    >>> risk = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    >>> ranking_loss(risk, np.array([1.0, 2.0]), np.array([1, 0])).backward()
    >>> risk.grad.tolist()
    [-0.5, 0.5]
    """
    sets = _sets(time, event, sets)
    held = None if weights is None else _array(weights)
    result = pair_loss(
        _risk(risk), sets.time, sets.event, held, sharpness=sharpness, ties=ties, method=method, sets=sets
    )
    return _kernel_loss(risk, result.loss, result.gradient)


class _Coherence(torch.autograd.Function):
    """Mean of weight |h_p - h_q|^2, one neighbour column at a time."""

    @staticmethod
    def forward(ctx: Any, h: torch.Tensor, neighbours: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(h, neighbours, weights)
        total = h.new_zeros(())
        for column in range(neighbours.shape[1]):
            difference = h - h[neighbours[:, column]]  # (n, d)
            total = total + (weights[:, column] * difference.square().sum(dim=1)).sum()
        return total / max(neighbours.numel(), 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        h, neighbours, weights = ctx.saved_tensors
        gradient = torch.zeros_like(h)
        for column in range(neighbours.shape[1]):
            pull = weights[:, column, None] * (h - h[neighbours[:, column]])  # (n, d)
            gradient += pull
            gradient.index_add_(0, neighbours[:, column], -pull)
        return gradient * (2 * upstream / max(neighbours.numel(), 1)), None, None


_coherence = cast(Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor], _Coherence.apply)


def coherence_loss(h: torch.Tensor, neighbours: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Eq. 7: mean over neighbour pairs of w_pq |h_p - h_q|^2, of representations `h` (n, d) -> scalar.

    `neighbours` (n, k) int64 are rows of `h`, `weights` (n, k) their affinities, which get no gradient; a pair of weight 0
    adds nothing to the sum but counts in the number of pairs. k = 0 gives 0. Memory is O(n d). Source: paper 3.3 eq. 7.

    >>> float(coherence_loss(torch.tensor([[0.0], [2.0]]), torch.tensor([[1], [0]]), torch.ones(2, 1)))
    4.0
    """
    if neighbours.shape != weights.shape or neighbours.ndim != 2 or len(neighbours) != len(h):
        raise ValueError(
            f"h {tuple(h.shape)}, neighbours {tuple(neighbours.shape)} and weights {tuple(weights.shape)} do not belong "
            "together: neighbours and weights are (n, k) for h (n, d)."
        )
    return _coherence(h, neighbours, weights.detach().to(h.dtype))


def null_residuals(time: Values, event: Values) -> np.ndarray:
    """Martingale residuals (n,) of the model without covariates: events minus expected events, in the order of the input.

    Their affinity weighs eq. 7's pairs; a censored patient gets minus the cumulative hazard at the end of follow-up.
    They sum to 0.

    >>> null_residuals(np.array([1.0, 2.0]), np.array([1, 0])).tolist()
    [0.5, -0.5]
    """
    sets = sorted_outcomes(time, event)
    return -cox_efron(np.zeros(sets.order.size), sets.time, sets.event, sets).gradient


def event_weights(event: Values, strength: float) -> np.ndarray:
    """Eq. 13 as mean-one weights (n,): events weigh 1 + strength N_censored / N_event before scaling.

    All ones where every or no patient has an event. `strength` is rho >= 0.

    >>> event_weights(np.array([1, 0, 0]), 1.0).round(3).tolist()
    [1.8, 0.6, 0.6]
    """
    events = _array(event).astype(bool)
    count = int(events.sum())
    if count in (0, events.size):
        return np.ones(events.size)
    weights = np.where(events, 1.0 + strength * (events.size - count) / count, 1.0)
    scaled: np.ndarray = weights / weights.mean()
    return scaled


def objective(
    cox: torch.Tensor, ranking: torch.Tensor, coherence: torch.Tensor, ranking_weight: float, coherence_weight: float
) -> torch.Tensor:
    """Eq. 11: J = Cox + alpha ranking + beta coherence, of three scalars -> scalar.

    >>> float(objective(torch.tensor(1.0), torch.tensor(2.0), torch.tensor(4.0), 0.5, 0.25))
    3.0
    """
    return cox + ranking_weight * ranking + coherence_weight * coherence


def _sets(time: Values | None, event: Values | None, sets: RiskSets | None) -> RiskSets:
    if sets is not None:
        return sets
    if time is None or event is None:
        raise ValueError("Outcomes are missing: pass time and event, or sets from sorted_outcomes.")
    return sorted_outcomes(time, event)
