"""What each base adds to the output of a net, against references: DeepLIFT by its rescale rule. Arrays in and out.

Shrikumar et al. 2017, arXiv:1704.02685. The difference between the output of a window and that of a reference is shared among
the bases layer by layer: an activation passes on the slope of the line through both of its points, the maximum of several
positions passes the change to those that made it. So the contributions sum to the difference.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from groprog_assets.model.device import single_threaded
from groprog_assets.model.sequence.encoders import KmerVectors
from groprog_assets.model.sequence.inputs import one_hot_tensor
from groprog_assets.model.sequence.motif_net import MotifNetwork
from groprog_assets.model.sequence.networks import CnnNetwork

WINDOWS = 256
"""References that are put through the net at a time."""
NEAR = 1e-6
"""Below this difference the slope of a line through two points is that of the curve there."""
STEP = 1e-2


def deep_lift(
    network: nn.Module,
    codes: NDArray[np.uint8],
    references: NDArray[np.uint8],
    task: int,
    side: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """((n, 4, L) contribution of each base, were it there and the multipliers unchanged; (n,) mean output of the references).

    network: a `CnnNetwork` or `MotifNetwork` in evaluation mode; codes (n, L); references (n, s, L), s at least 1; side: what the
    network reads beside the bases of each window, which its references have too. Contributions are means over the references;
    those of the bases that are there sum to the output less the mean output of the references. ValueError for another network:
    its attention, LSTM, norms or k-mer vectors are not covered by the rule.
    """
    if not isinstance(network, CnnNetwork | MotifNetwork) or any(
        isinstance(m, nn.BatchNorm1d | KmerVectors) for m in network.modules()
    ):
        raise ValueError(f"the rescale rule does not cover {type(network).__name__}")
    count, shuffles, length = references.shape
    out = np.empty((count, 4, length), np.float32)
    background = np.empty(count)
    made = _ruled(network)
    block = max(WINDOWS // shuffles, 1)
    with single_threaded():
        for first in range(0, count, block):
            rows = slice(first, first + block)
            with torch.no_grad():
                _look(made, 0)
                made(one_hot_tensor(codes[rows]), _repeated(side, rows, 1))
            _look(made, shuffles)
            base = one_hot_tensor(references[rows].reshape(-1, length)).requires_grad_()
            found = made(base, _repeated(side, rows, shuffles))[:, task]
            (slope,) = torch.autograd.grad(found.sum(), base)
            base = base.detach()
            each = slope - (slope * base).sum(dim=1, keepdim=True)
            out[rows] = each.view(-1, shuffles, 4, length).mean(dim=1).numpy()
            background[rows] = found.detach().view(-1, shuffles).mean(dim=1).numpy()
    return out, background


def _repeated(side: NDArray[np.float64] | None, rows: slice, times: int) -> torch.Tensor | None:
    if side is None or not side.shape[1]:
        return None
    return torch.from_numpy(side[rows]).to(torch.float32).repeat_interleave(times, dim=0)


class _Ruled(nn.Module):
    """An activation or maximum. With `shuffles` 0 it remembers what it is given, the windows (n, ...); else it is given
    references (n * shuffles, ...) and passes gradients by the rule."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module, self.shuffles = module, 0
        self.seen = torch.empty(0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.shuffles:
            self.seen = x
            return self.module(x)
        rule = _Maximum if isinstance(self.module, nn.MaxPool1d) else _Rescale
        return rule.apply(x, self.seen.repeat_interleave(self.shuffles, dim=0), self.module)


def _ruled(network: nn.Module) -> nn.Module:
    """A copy whose activations and maxima follow the rules."""
    made = copy.deepcopy(network).eval()
    for parent in list(made.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.GELU | nn.Softplus | nn.MaxPool1d):
                setattr(parent, name, _Ruled(child))
    return made


def _look(network: nn.Module, shuffles: int) -> None:
    for module in network.modules():
        if isinstance(module, _Ruled):
            module.shuffles = shuffles


class _Rescale(torch.autograd.Function):
    """An activation, element by element."""

    @staticmethod
    def forward(ctx: Any, reference: torch.Tensor, own: torch.Tensor, act: nn.Module) -> torch.Tensor:
        out = act(reference)
        step = own - reference
        near = step.abs() < NEAR
        slope = (act(own) - out) / torch.where(near, 1.0, step)
        at = reference[near]
        slope[near] = (act(at + STEP) - act(at - STEP)) / (2 * STEP)
        ctx.save_for_backward(slope)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradients[0] * slope, None, None


class _Maximum(torch.autograd.Function):
    """The maximum of neighbouring positions. What it rises by is due to the position that is the highest of the window, what
    it falls by to that which was the highest of the reference; without a change both pass the gradient as it is."""

    @staticmethod
    def forward(ctx: Any, reference: torch.Tensor, own: torch.Tensor, pool: nn.MaxPool1d) -> torch.Tensor:
        out, place = _pooled(reference, pool)
        other, own_place = _pooled(own, pool)
        step = own - reference
        most = torch.maximum(out, other)
        rise = _share(most - out, step.gather(2, own_place))
        fall = _share(other - most, step.gather(2, place))
        still = (place == own_place) & (step.gather(2, place).abs() < NEAR)
        ctx.save_for_backward(place, own_place, torch.where(still, 1.0, fall), torch.where(still, 0.0, rise))
        ctx.shape = reference.shape
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        place, own_place, fall, rise = ctx.saved_tensors
        found = torch.zeros(ctx.shape)
        found.scatter_add_(2, place, gradients[0] * fall)
        found.scatter_add_(2, own_place, gradients[0] * rise)
        return found, None, None


def _pooled(x: torch.Tensor, pool: nn.MaxPool1d) -> tuple[torch.Tensor, torch.Tensor]:
    """(highest value, its position) of each stretch, without padding or dilation."""
    size, stride = pool.kernel_size, pool.stride
    assert isinstance(size, int)
    assert isinstance(stride, int)
    return functional.max_pool1d_with_indices(x, (size,), (stride,), ceil_mode=pool.ceil_mode)


def _share(change: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    """change / step, 0 where there is no change."""
    return torch.where(change == 0, 0.0, change / torch.where(change == 0, 1.0, step))
