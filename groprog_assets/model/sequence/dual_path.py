"""A net of two paths: the window around a gene's start, and the distal fragments in contact with it. One-hot in, (n, T) out.

The two paths are those of DeepCBA (convolutions and a bidirectional LSTM). There, the attention returns a mix of the distal path
alone, so that the promoter reaches the output only as weights; `compat="deepcba"` keeps that form for comparison.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from groprog_assets.model.sequence.encoders import ENCODERS
from groprog_assets.model.sequence.networks import Head

LSTM = 128
WIDTH = 2 * LSTM
Compat = Literal["", "deepcba"]


class Path(nn.Module):
    """(n, s, 256) of windows (n, 4, L): three times two convolutions of 8 with GELU and the maximum of 8 positions, then a
    bidirectional LSTM of 128."""

    def __init__(self, dropout: float, encoder: str = "one_hot"):
        super().__init__()
        self.encoder = ENCODERS[encoder]()
        parts: list[nn.Module] = []
        before = self.encoder.width
        for width in (64, 128, 64):
            for _ in range(2):
                conv = nn.Conv1d(before, width, 8, padding="same")
                # Six layers without norms: with torch's own start differences between windows would fade to a millionth.
                nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
                parts += [conv, nn.GELU()]
                before = width
            parts.append(nn.MaxPool1d(8, ceil_mode=True))
        self.convolutions = nn.Sequential(*parts)
        self.drop = nn.Dropout(dropout)
        self.lstm = nn.LSTM(before, LSTM, batch_first=True, bidirectional=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(self.drop(self.convolutions(self.encoder(x))).transpose(1, 2))[0]


class DualPathNetwork(nn.Module):
    """`forward(x, weights)`: x (n, 4, window + k * fragment), the gene's window and k fragments behind it; weights (n, k),
    0 where a gene has fewer. Without fragments x is the window alone, weights None.

    Positions of all fragments share one softmax of P D' / 16 + beta * weight. The head reads the mean of P, the mean of the
    attended D, and their product. A gene without fragments has a learned vector in place of the attended D.
    """

    def __init__(
        self,
        window: int,
        fragment: int,
        tasks: int,
        dropout: float,
        head_dropout: float,
        compat: Compat = "",
        encoder: str = "one_hot",
    ):
        super().__init__()
        self.window, self.fragment, self.compat = window, fragment, compat
        self.promoter, self.distal = Path(dropout, encoder), Path(dropout, encoder)
        self.beta = nn.Parameter(torch.ones(()))
        self.alone = nn.Parameter(torch.zeros(WIDTH))
        self.softmax = nn.Softmax(dim=2)
        self.flat = nn.Flatten()
        positions = -(-window // 512)
        self.head = Head(WIDTH * positions if compat else 3 * WIDTH, 0, tasks, head_dropout)

    def forward(self, x: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
        promoter = self.promoter(x[:, :, : self.window])
        if weights is None or weights.shape[1] == 0:
            attended = self.alone.expand_as(promoter)
        else:
            distal, attention = self._attention(x, promoter, weights)
            present = (weights > 0).any(dim=1)[:, None, None]
            attended = torch.where(present, attention @ distal, self.alone)
        if self.compat:
            return self.head(self.flat(attended))
        first, second = promoter.mean(dim=1), attended.mean(dim=1)
        return self.head(torch.cat([first, second, first * second], dim=1))

    def links(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """(n, k) share of the attention on each fragment, mean over the promoter's positions; 0 for a gene without fragments."""
        attention = self._attention(x, self.promoter(x[:, :, : self.window]), weights)[1]
        shares = attention.mean(dim=1).view(len(x), weights.shape[1], -1).sum(dim=2)
        return torch.where((weights > 0).any(dim=1)[:, None], shares, torch.zeros_like(shares))

    def _attention(
        self, x: torch.Tensor, promoter: torch.Tensor, weights: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(positions of all fragments (n, k * s, 256), attention (n, promoter positions, k * s))."""
        n, k = weights.shape
        fragments = x[:, :, self.window :].reshape(n, 4, k, self.fragment).transpose(1, 2)
        held = self.distal(fragments.reshape(n * k, 4, self.fragment))
        distal = held.reshape(n, -1, WIDTH)
        weight = weights.repeat_interleave(held.shape[1], dim=1)[:, None, :]
        scores = promoter @ distal.transpose(1, 2)
        if not self.compat:
            scores = scores * WIDTH**-0.5 + self.beta * weight
        # A gene without any keeps finite scores; what is made of them is not used.
        absent = (weight <= 0) & (weights > 0).any(dim=1)[:, None, None]
        return distal, self.softmax(scores.masked_fill(absent, float("-inf")))
