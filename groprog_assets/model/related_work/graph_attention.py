"""Graph attention over one patient graph an omic, the form of MOGAT (Tanvir et al. 2024, doi:10.3390/ijms25052788).

Each kind of data has its graph of nearest patients and its attention with several heads over the neighbours; the embeddings of
all kinds, side by side, give the risk. New patients: see `graphs`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.related_work.graphs import adjacency
from groprog_assets.model.related_work.training import DROPOUT, numbers, scored, train
from groprog_assets.model.related_work.views import Scorer, Views

HEADS, WIDTH = 2, 16
Neighbourhood = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Features of the asked (a, p) and of the known (k, p), and which known are neighbours (a, k) bool."""


class Attention(nn.Module):
    """A head: e_ij = LeakyReLU(a . W x_i + b . W x_j) over the neighbours j, softmax, weighted sum of W x_j, plus W' x_i."""

    def __init__(self, columns: int):
        super().__init__()
        self.project = nn.Linear(columns, WIDTH, bias=False)
        self.own = nn.Linear(columns, WIDTH)
        self.towards, self.source = nn.Linear(WIDTH, 1, bias=False), nn.Linear(WIDTH, 1, bias=False)

    def forward(self, asked: torch.Tensor, known: torch.Tensor, near: torch.Tensor) -> torch.Tensor:
        sent = self.project(known)
        score = self.towards(self.project(asked)) + self.source(sent).T
        weights = torch.softmax(nn.functional.leaky_relu(score, 0.2).masked_fill(~near, -1e9), dim=1)
        return nn.functional.elu(weights @ sent + self.own(asked))


class GraphAttention(nn.Module):
    """widths: columns of each kind; HEADS heads of WIDTH a kind, risk (a,)."""

    def __init__(self, widths: list[int]):
        super().__init__()
        self.heads = nn.ModuleList(Attention(width) for width in widths for _ in range(HEADS))
        self.dropout = nn.Dropout(DROPOUT)
        self.hidden = nn.Linear(len(widths) * HEADS * WIDTH, WIDTH)
        self.risk = nn.Linear(WIDTH, 1, bias=False)

    def forward(self, kinds: list[Neighbourhood]) -> torch.Tensor:
        each = [kind for kind in kinds for _ in range(HEADS)]
        parts = [head(*kind) for head, kind in zip(self.heads, each)]
        return self.risk(self.dropout(torch.relu(self.hidden(self.dropout(torch.cat(parts, dim=1))))))[:, 0]


def fit_graph_attention(views: Views, outcomes: Outcomes, seed: int) -> Scorer:
    """Train on the graphs of the training patients."""
    names = [name for name, values in views.kinds().items() if values.shape[1]]
    known = views.kinds()

    def around(given: dict[str, np.ndarray], rows: np.ndarray, same: bool) -> list[Neighbourhood]:
        return [
            (numbers(given[name]), numbers(known[name][rows]), adjacency(given[name], known[name][rows], same) > 0)
            for name in names
        ]

    made: dict[bytes, list[Neighbourhood]] = {}

    def held(rows: np.ndarray, asked: np.ndarray) -> list[Neighbourhood]:
        key = asked.tobytes()
        if key not in made:
            made[key] = around(views.take(asked).kinds(), rows, np.array_equal(rows, asked))
        return made[key]

    widths = [known[name].shape[1] for name in names]
    network = train(lambda: GraphAttention(widths), lambda net, k, a: net(held(k, a)), outcomes, seed)
    everyone = np.arange(len(views))

    def score(given: Views) -> np.ndarray:
        return scored(lambda: network(around(given.kinds(), everyone, False)))

    return score
