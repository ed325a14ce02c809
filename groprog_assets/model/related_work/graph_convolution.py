"""Graph convolution over two fused patient graphs, the form of FGCNSurv (Wen et al. 2023, doi:10.1093/bioinformatics/btad472) and
DFASGCNS (doi:10.1371/journal.pone.0315924).

One graph by clinical, one by omic similarity; their adjacency matrices are mixed by a learned weight, and two convolutions over
the mixture with the patient's own features beside them give the risk. New patients: see `graphs`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.related_work.graphs import adjacency
from groprog_assets.model.related_work.training import DROPOUT, numbers, scored, train
from groprog_assets.model.related_work.views import Scorer, Views

WIDTH = 32


class Graph(NamedTuple):
    """own (a, p) and known (k, p): features; clinical, omic (a, k): messages to the asked; clinical_known, omic_known (k, k)."""

    own: torch.Tensor
    known: torch.Tensor
    clinical: torch.Tensor
    omic: torch.Tensor
    clinical_known: torch.Tensor
    omic_known: torch.Tensor


class GraphConvolution(nn.Module):
    """columns p -> risk (a,): h1 = ReLU(A X W1 + X V1) of known and asked, risk from A h1 W2 + h1 V2."""

    def __init__(self, columns: int):
        super().__init__()
        self.mixture = nn.Parameter(torch.zeros(()))
        self.message, self.own = nn.Linear(columns, WIDTH), nn.Linear(columns, WIDTH)
        self.second_message, self.second_own = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.risk = nn.Linear(WIDTH, 1, bias=False)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, graph: Graph) -> torch.Tensor:
        share = torch.sigmoid(self.mixture)
        to_asked = share * graph.clinical + (1 - share) * graph.omic
        to_known = share * graph.clinical_known + (1 - share) * graph.omic_known
        message = self.message(graph.known)
        known = self.dropout(torch.relu(to_known @ message + self.own(graph.known)))
        asked = self.dropout(torch.relu(to_asked @ message + self.own(graph.own)))
        second = torch.relu(to_asked @ self.second_message(known) + self.second_own(asked))
        return self.risk(self.dropout(second))[:, 0]


def _features(views: Views) -> tuple[np.ndarray, np.ndarray]:
    omic = np.hstack([np.zeros((len(views), 0)), *views.omics.values()])
    return np.hstack([views.clinical, omic]), omic


def fit_graph_convolution(views: Views, outcomes: Outcomes, seed: int) -> Scorer:
    """Train on the graph of the training patients."""
    features, omic = _features(views)

    def graph(own: np.ndarray, clinical: np.ndarray, profile: np.ndarray, rows: np.ndarray, same: bool) -> Graph:
        return Graph(
            numbers(own),
            numbers(features[rows]),
            adjacency(clinical, views.clinical[rows], same),
            adjacency(profile, omic[rows], same),
            adjacency(views.clinical[rows], views.clinical[rows], True),
            adjacency(omic[rows], omic[rows], True),
        )

    made: dict[bytes, Graph] = {}

    def held(known: np.ndarray, asked: np.ndarray) -> Graph:
        key = asked.tobytes()
        if key not in made:
            same = np.array_equal(known, asked)
            made[key] = graph(features[asked], views.clinical[asked], omic[asked], known, same)
        return made[key]

    network = train(lambda: GraphConvolution(features.shape[1]), lambda net, k, a: net(held(k, a)), outcomes, seed)
    everyone = np.arange(len(views))

    def score(given: Views) -> np.ndarray:
        own, profile = _features(given)
        return scored(lambda: network(graph(own, given.clinical, profile, everyone, False)))

    return score
