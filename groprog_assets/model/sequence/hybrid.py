"""Convolutions followed by transformer blocks. One-hot windows (n, 4, L) in, (n, T) out."""

from __future__ import annotations

import torch
from torch import nn

from groprog_assets.model.sequence.networks import Head, Stem, Tracks, beside

WIDTH, HEADS, BLOCKS, FARTHEST = 128, 4, 4, 128


class RelativeAttention(nn.Module):
    """Self-attention of (n, s, WIDTH) whose scores add a learned bias of the distance, the same beyond FARTHEST positions."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Linear(WIDTH, 3 * WIDTH)
        self.bias = nn.Parameter(torch.zeros(HEADS, 2 * FARTHEST + 1))
        self.softmax = nn.Softmax(dim=-1)
        self.write = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, s, _ = x.shape
        query, key, value = self.read(x).view(n, s, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        at = torch.arange(s, device=x.device)
        distance = (at[:, None] - at[None, :]).clamp(-FARTHEST, FARTHEST) + FARTHEST
        scores = query @ key.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5 + self.bias[:, distance]
        return self.write((self.softmax(scores) @ value).transpose(1, 2).reshape(n, s, WIDTH))


class Block(nn.Module):
    """Norm, attention, added; norm, two layers, added."""

    def __init__(self, dropout: float):
        super().__init__()
        self.first_norm, self.second_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = RelativeAttention()
        self.up, self.act, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH)
        self.first_drop, self.second_drop = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.first_drop(self.attention(self.first_norm(x)))
        return x + self.second_drop(self.down(self.act(self.up(self.second_norm(x)))))


class AttentionPool(nn.Module):
    """(n, WIDTH): the mean of positions (n, s, WIDTH) by weights that each position's values give."""

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(WIDTH, 1)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.softmax(self.score(x)) * x).sum(dim=1)


class HybridNetwork(nn.Module):
    """The stem of `CnnNetwork` to an eighth of the length, four transformer blocks, attention pooling, head."""

    def __init__(
        self,
        side: int,
        tasks: int,
        width: int,
        blocks: int,
        dropout: float,
        head_dropout: float,
        channels: int = 0,
        encoder: str = "one_hot",
    ):
        super().__init__()
        self.tracks = Tracks(channels) if channels else None
        self.stem = Stem(width, blocks, dropout, channels, encoder)
        self.widen = nn.Conv1d(width, WIDTH, 1)
        self.blocks = nn.Sequential(*(Block(dropout) for _ in range(BLOCKS)))
        self.norm = nn.LayerNorm(WIDTH)
        self.pool = AttentionPool()
        self.head = Head(WIDTH, side, tasks, head_dropout)

    def forward(self, x: torch.Tensor, side: torch.Tensor | None = None) -> torch.Tensor:
        x, side = beside(self.tracks, x, side)
        positions = self.widen(self.stem(x)).transpose(1, 2)
        return self.head(self.pool(self.norm(self.blocks(positions))), side)
