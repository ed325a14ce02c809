"""The convolutional net of the ladder. One-hot windows (n, 4, L) in, (n, T) out.

Every activation and pooling is a module of its own, used once, so that methods that hook modules (DeepLIFT) see all of them.
"""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from groprog_assets.model.sequence.encoders import ENCODERS

POOL = 8
HIDDEN = 64
STEM_KERNEL = 15


class Residual(nn.Module):
    """Convolution of 5 at a dilation, batch norm, GELU, dropout, added to its input. (n, c, L) in and out."""

    def __init__(self, width: int, dilation: int, dropout: float):
        super().__init__()
        self.conv = nn.Conv1d(width, width, 5, padding=2 * dilation, dilation=dilation)
        self.norm: nn.Module = nn.BatchNorm1d(width)
        self.act = nn.GELU()
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.drop(self.act(self.norm(self.conv(x))))


class Tracks(nn.Module):
    """Tracks along the window as channels behind the bases: x (n, 4, L) and side (n, s + c L) to x (n, 4 + c, L) and side (n, s).

    mean, spread (c,): of each track over the training windows, by which it is standardised.
    """

    mean: torch.Tensor
    spread: torch.Tensor

    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("spread", torch.ones(channels))

    def forward(self, x: torch.Tensor, side: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        channels = len(self.mean)
        first = side.shape[1] - channels * x.shape[2]
        tracks = side[:, first:].reshape(len(x), channels, x.shape[2])
        scaled = (tracks - self.mean[:, None]) / self.spread[:, None]
        return torch.cat([x, scaled], dim=1), side[:, :first]


def beside(
    tracks: Tracks | None, x: torch.Tensor, side: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """(x with the tracks, the side columns) of a net; both as they are without tracks."""
    if tracks is None or side is None:
        return x, side
    return tracks(x, side)


class Stem(nn.Module):
    """Convolution of 15 from encoded bases, and tracks if there are any, to channels, GELU, maximum of each 8, residual blocks of
    rising dilation."""

    def __init__(self, width: int, blocks: int, dropout: float, channels: int = 0, encoder: str = "one_hot"):
        super().__init__()
        self.encoder = ENCODERS[encoder]()
        self.conv = nn.Conv1d(self.encoder.width + channels, width, STEM_KERNEL, padding=STEM_KERNEL // 2)
        self.act = nn.GELU()
        self.pool = nn.MaxPool1d(POOL)
        self.blocks = nn.Sequential(*(Residual(width, 2**block, dropout) for block in range(blocks)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.blocks(self.pool(self.act(self.conv(torch.cat([self.encoder(x[:, :4]), x[:, 4:]], dim=1)))))


class Head(nn.Module):
    """Dropout, a layer of 64 with GELU, and one linear output a task; further columns (n, s) join before the outputs."""

    def __init__(self, inputs: int, side: int, tasks: int, dropout: float):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.hidden = nn.Linear(inputs, HIDDEN)
        self.act = nn.GELU()
        self.out = nn.Linear(HIDDEN + side, tasks)

    def forward(self, x: torch.Tensor, side: torch.Tensor | None = None) -> torch.Tensor:
        hidden = self.act(self.hidden(self.drop(x)))
        return self.out(hidden if side is None else torch.cat([hidden, side], dim=1))


def unscaled(out: nn.Linear, level: torch.Tensor, spread: torch.Tensor) -> None:
    """Let a last layer take its further columns as they are, where it was trained on (column - level) / spread (s,), in place."""
    with torch.no_grad():
        own = out.weight[:, out.in_features - len(level) :]
        own.div_(spread)
        out.bias.sub_(own @ level)


class CnnNetwork(nn.Module):
    """Stem, mean of each 8 positions, head. `forward(x)` with x (n, 4, length) gives (n, tasks); `side` (n, s) if it has any,
    with the tracks of `channels` behind it (n, s + channels * length)."""

    def __init__(
        self,
        length: int,
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
        self.pool = nn.AvgPool1d(POOL)
        self.flat = nn.Flatten()
        self.head = Head(width * (length // POOL // POOL), side, tasks, head_dropout)

    def forward(self, x: torch.Tensor, side: torch.Tensor | None = None) -> torch.Tensor:
        x, side = beside(self.tracks, x, side)
        return self.head(self.flat(self.pool(self.stem(x))), side)


def folded(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose batch norms are part of the convolutions before them."""
    made = copy.deepcopy(network).eval()
    for module in made.modules():
        if isinstance(module, Residual) and isinstance(module.norm, nn.BatchNorm1d):
            module.conv = fuse_conv_bn_eval(module.conv, module.norm)
            module.norm = nn.Identity()
    return made


def without_norms(network: nn.Module) -> nn.Module:
    """The same network in evaluation mode without batch norms, to be given the weights of a folded one."""
    for module in network.modules():
        if isinstance(module, Residual):
            module.norm = nn.Identity()
    return network.eval()


def rescaled(out: nn.Linear, level: torch.Tensor, spread: torch.Tensor) -> None:
    """Give a last layer the unit of the targets: outputs times spread (T,) plus level (T,), in place."""
    with torch.no_grad():
        out.weight.mul_(spread[:, None])
        out.bias.mul_(spread).add_(level)
