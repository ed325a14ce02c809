"""A pathway layer masked by gene sets with attention over the pathways, the form of DeepKEGG (Lan et al. 2024,
doi:10.1093/bib/bbae185).

A node is a gene set; each omic reaches it from the genes of the set alone. Attention weighs the sets within a patient; clinical
fields enter beside them. The sets are the user's GMT, or terms of the ontology.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.related_work.training import DROPOUT, numbers, scored, train
from groprog_assets.model.related_work.views import Scorer, Views

WIDTH, HIDDEN = 4, 32


class Pathways(nn.Module):
    """masks: (S, K) of each omic, 1 where a gene is in a set. Nodes (n, S, omics) -> attention -> risk (n,)."""

    def __init__(self, masks: list[torch.Tensor], clinical: int):
        super().__init__()
        self.masks = masks
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(mask.shape) / mask.sum(dim=1, keepdim=True).clamp_min(1.0).sqrt())
            for mask in masks
        )
        self.token = nn.Linear(len(masks), WIDTH)
        self.query, self.key = nn.Linear(WIDTH, WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.dropout = nn.Dropout(DROPOUT)
        self.hidden = nn.Linear(len(masks[0]) + clinical, HIDDEN)
        self.last = nn.Linear(WIDTH, 1)
        self.risk = nn.Linear(HIDDEN, 1, bias=False)

    def forward(self, omics: list[torch.Tensor], clinical: torch.Tensor) -> torch.Tensor:
        nodes = [
            torch.tanh(values @ (weight * mask).T) for values, weight, mask in zip(omics, self.weights, self.masks)
        ]
        tokens = self.token(self.dropout(torch.stack(nodes, dim=2)))  # (n, S, 4)
        weighed = nn.functional.scaled_dot_product_attention(self.query(tokens), self.key(tokens), tokens)
        sets = self.last(tokens + weighed)[..., 0]
        h = torch.relu(self.hidden(self.dropout(torch.cat([sets, clinical], dim=1))))
        return self.risk(self.dropout(h))[:, 0]


def set_mask(genes: Sequence[str], sets: Mapping[str, set[str]]) -> np.ndarray:
    """(S, K): 1 where gene k is in the set."""
    return np.array([[gene in members for gene in genes] for members in sets.values()], dtype=np.float64)


def fit_pathways(views: Views, outcomes: Outcomes, seed: int, sets: Mapping[str, set[str]]) -> Scorer | None:
    """Train on the views; None where no omic has a gene in a set."""
    masks = {name: set_mask(genes, sets) for name, genes in views.genes.items()} if sets else {}
    names = [name for name, mask in masks.items() if mask.any()]
    if not names:
        return None

    def omics(given: Views) -> list[torch.Tensor]:
        return [numbers(given.omics[name]) for name in names]

    held, clinical = omics(views), numbers(views.clinical)
    network = train(
        lambda: Pathways([numbers(masks[name]) for name in names], clinical.shape[1]),
        lambda net, _known, asked: net([values[asked] for values in held], clinical[asked]),
        outcomes,
        seed,
    )

    def score(given: Views) -> np.ndarray:
        return scored(lambda: network(omics(given), numbers(given.clinical)))

    return score
