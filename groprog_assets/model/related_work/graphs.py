"""Patient-similarity graphs for new patients too: messages come from training patients alone.

Neighbours are those with the most similar profiles (cosine) among the known patients. A new patient is joined to its nearest
known patients and to nobody else, so that it changes no other score, and the graph of the known patients does not change.
"""

from __future__ import annotations

import numpy as np
import torch

from groprog_assets.model.related_work.training import numbers

NEIGHBOURS = 10


def unit(values: np.ndarray) -> np.ndarray:
    """(n, p) rows of length one."""
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12))


def adjacency(asked: np.ndarray, known: np.ndarray, same: bool) -> torch.Tensor:
    """(a, k) weights of the known patients (k, p) in the message to each asked one (a, p): exp of the cosine for the NEIGHBOURS
    nearest, rows of sum one. same: the asked are the known, and each is among its own neighbours."""
    if not known.shape[1]:
        return torch.full((len(asked), len(known)), 1.0 / len(known))
    similar = unit(asked) @ unit(known).T
    if same:
        np.fill_diagonal(similar, 1.0)
    count = min(NEIGHBOURS, len(known))
    nearest = np.argpartition(-similar, count - 1, axis=1)[:, :count]
    weights = np.zeros_like(similar)
    np.put_along_axis(weights, nearest, np.exp(np.take_along_axis(similar, nearest, axis=1)), axis=1)
    return numbers(weights / weights.sum(axis=1, keepdims=True))
