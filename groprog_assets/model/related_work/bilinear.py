"""Factorised bilinear fusion of clinic and omics, the form of HFBSurv (Li et al. 2022, doi:10.1093/bioinformatics/btac113).

Each kind of data is embedded; every pair of kinds, and each kind with itself, is fused by a factorised bilinear product that is
summed over its factors, signed square root, unit length; all products together give the risk.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.related_work.training import DROPOUT, numbers, scored, train
from groprog_assets.model.related_work.views import Scorer, Views

EMBEDDED, FUSED, FACTORS = 32, 16, 4


class Bilinear(nn.Module):
    """widths: columns of each kind. Embeddings (n, 32), products (n, 16) of every pair, risk (n,)."""

    def __init__(self, widths: list[int]):
        super().__init__()
        self.embed = nn.ModuleList(
            nn.Sequential(nn.Linear(width, EMBEDDED), nn.ReLU(), nn.Dropout(DROPOUT)) for width in widths
        )
        self.pairs = [(one, two) for one in range(len(widths)) for two in range(one, len(widths))]
        self.left = nn.ModuleList(nn.Linear(EMBEDDED, FUSED * FACTORS) for _ in self.pairs)
        self.right = nn.ModuleList(nn.Linear(EMBEDDED, FUSED * FACTORS) for _ in self.pairs)
        self.dropout = nn.Dropout(DROPOUT)
        self.risk = nn.Linear(FUSED * len(self.pairs) + EMBEDDED * len(widths), 1, bias=False)

    def forward(self, kinds: list[torch.Tensor]) -> torch.Tensor:
        held = [embed(values) for embed, values in zip(self.embed, kinds)]
        parts = list(held)
        for (one, two), left, right in zip(self.pairs, self.left, self.right):
            product = self.dropout(left(held[one]) * right(held[two]))
            pooled = product.view(-1, FUSED, FACTORS).sum(dim=2)
            rooted = torch.sign(pooled) * torch.sqrt(pooled.abs() + 1e-8)
            parts.append(nn.functional.normalize(rooted, dim=1))
        return self.risk(torch.cat(parts, dim=1))[:, 0]


def fit_bilinear(views: Views, outcomes: Outcomes, seed: int) -> Scorer:
    """Train on the views; needs one kind of data at least."""
    names = [name for name, values in views.kinds().items() if values.shape[1]]

    def kinds(given: Views) -> list[torch.Tensor]:
        return [numbers(given.kinds()[name]) for name in names]

    held = kinds(views)
    network = train(
        lambda: Bilinear([values.shape[1] for values in held]),
        lambda net, _known, asked: net([values[asked] for values in held]),
        outcomes,
        seed,
    )

    def score(given: Views) -> np.ndarray:
        return scored(lambda: network(kinds(given)))

    return score
