"""A net whose first layer is the user's motifs. One-hot windows (n, 4, L) in, (n, T) out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

FIRST_OFFSET = 0.6
"""Share of a motif's highest score from which it counts, before training."""


class MotifScan(nn.Module):
    """(n, m, L) evidence for each motif around each position: the sum over both strands of softplus(score - offset).

    One set of weights (m, 4, w) reads both strands, so a window and its reverse complement hold the same evidence. A motif
    stands in the middle of w columns, the others are 0.
    """

    def __init__(self, weights: NDArray[np.float32]):
        super().__init__()
        self.weight = nn.Parameter(torch.from_numpy(np.array(weights, np.float32)))
        self.offset = nn.Parameter(FIRST_OFFSET * self.weight.detach().amax(dim=1).sum(dim=1))
        self.act, self.other_act = nn.Softplus(), nn.Softplus()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        middle = self.weight.shape[2] // 2
        both = [
            functional.conv1d(x, each, -self.offset, padding=middle) for each in (self.weight, self.weight.flip(1, 2))
        ]
        return self.act(both[0]) + self.other_act(both[1])


class Linear(nn.Module):
    """One linear output a task, further columns (n, s) beside the inputs."""

    def __init__(self, inputs: int, side: int, tasks: int):
        super().__init__()
        self.out = nn.Linear(inputs + side, tasks)

    def forward(self, x: torch.Tensor, side: torch.Tensor | None = None) -> torch.Tensor:
        return self.out(x if side is None else torch.cat([x, side], dim=1))


class MotifNetwork(nn.Module):
    """Motif evidence, its maximum in every stretch of `stretch` bp, linear outputs."""

    def __init__(self, length: int, side: int, tasks: int, weights: NDArray[np.float32], stretch: int):
        super().__init__()
        self.scan = MotifScan(weights)
        self.pool = nn.MaxPool1d(stretch, ceil_mode=True)
        self.flat = nn.Flatten()
        self.head = Linear(len(weights) * -(-length // stretch), side, tasks)

    def forward(self, x: torch.Tensor, side: torch.Tensor | None = None) -> torch.Tensor:
        return self.head(self.flat(self.pool(self.scan(x))), side)


def stacked(weights: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """(m, 4, w) of matrices (4, w_i): each in the middle of as many columns as the widest has, an odd number of them."""
    widest = max((matrix.shape[1] for matrix in weights), default=1)
    widest += 1 - widest % 2
    out = np.zeros((len(weights), 4, widest), np.float32)
    for at, matrix in enumerate(weights):
        first = (widest - matrix.shape[1]) // 2
        out[at, :, first : first + matrix.shape[1]] = matrix
    return out
