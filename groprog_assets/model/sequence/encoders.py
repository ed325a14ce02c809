"""How a net reads the bases: `encode(codes)` gives (n, c, L). One-hot, ordinal numbers, or learned vectors of k-mers.

An encoder is the first module of a network and takes one-hot windows, so that whatever asks a network asks all of them alike.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from groprog_assets.model.sequence.inputs import one_hot_tensor

ORDINAL = (0.25, 0.5, 0.75, 1.0)
"""A, C, G, T as one number (Choong and Lee 2017, doi:10.1101/186965); 0 where the base is unknown."""
TOKEN, DIM = 6, 32
"""Bases of a k-mer token, and numbers of its vector."""


class Encoder(nn.Module):
    """One-hot windows (n, 4, L) to (n, width, L)."""

    width: int

    def encode(self, codes: NDArray[np.uint8]) -> torch.Tensor:
        """(n, width, L) of windows (n, L)."""
        found: torch.Tensor = self(one_hot_tensor(codes))
        return found


class OneHot(Encoder):
    """The windows themselves."""

    width = 4

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class Ordinal(Encoder):
    """One number a base, ORDINAL."""

    width = 1
    numbers: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("numbers", torch.tensor(ORDINAL)[None, :, None], persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.numbers).sum(dim=1, keepdim=True)


class KmerVectors(Encoder):
    """A learned vector of DIM numbers for each of the 4,096 tokens of TOKEN bases; a base has the mean of those over it.

    Tokens begin at every base. One with an unknown base, or past an end, is not counted; a base without any has 0.
    """

    width = DIM
    powers: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.vectors = nn.Embedding(4**TOKEN, DIM)
        powers = torch.arange(4.0)[:, None] * 4.0 ** torch.arange(TOKEN - 1, -1, -1)
        self.register_buffer("powers", powers[None], persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        number = functional.conv1d(x, self.powers).round().long()[:, 0]
        known = functional.conv1d(x, torch.ones_like(self.powers))[:, 0] > TOKEN - 0.5
        vectors = self.vectors(number) * known[:, :, None]
        around = functional.pad(vectors.transpose(1, 2), (TOKEN - 1, TOKEN - 1))
        counted = functional.pad(known[:, None].to(x.dtype), (TOKEN - 1, TOKEN - 1))
        total, count = (functional.avg_pool1d(each, TOKEN, 1) * TOKEN for each in (around, counted))
        return total / count.clamp(min=1)


ENCODERS: dict[str, type[Encoder]] = {"one_hot": OneHot, "ordinal": Ordinal, "kmer_vectors": KmerVectors}
"""By the setting `encoder`."""
