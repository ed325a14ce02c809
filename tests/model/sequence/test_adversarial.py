"""Adversarial head: the reversed gradient, its rise, a trunk that gives the cell type away less, three cell types at least."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from groprog_assets.errors import ModelError
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.model.sequence import adversarial
from groprog_assets.model.sequence.adversarial import (
    AdversarialLesson,
    AdversarialNetwork,
    reversal,
    reversed_gradient,
    unseen_types,
)
from groprog_assets.model.sequence.inputs import one_hot_tensor
from groprog_assets.model.sequence.training import train_network
from groprog_assets.study.sequence_net_parameters import NetParameters

OWN = NetParameters(width=8, blocks=1, epochs=6, batch=32, shift=0, dropout=0.0, head_dropout=0.0, learning_rate=5e-3)


def cell_type(seed, marker=None, genes=200):
    """Windows of 128 whose target is the presence of a word; those of a type hold its marker."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (genes, 128)).astype(np.uint8)
    holds = random.random(genes) < 0.5
    for row in np.flatnonzero(holds):
        codes[row, 20:32] = [1, 0, 2, 3] * 3
    if marker is not None:
        codes[:, 80:96] = marker
    return Examples(codes, np.empty((genes, 0)), (holds + 0.1 * random.normal(size=genes))[:, None])


def test_the_gradient_is_reversed_and_the_value_is_not():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    found = reversed_gradient(x, 0.5)
    assert torch.equal(found, x)
    found.sum().backward()
    assert x.grad.tolist() == [-0.5, -0.5]


def test_the_reversal_rises_from_nothing_to_one():
    assert reversal(0.0) == 0
    assert reversal(0.1) == pytest.approx(2 / (1 + np.exp(-1)) - 1)
    assert reversal(1.0) == pytest.approx(1, abs=1e-3)


def test_the_head_guesses_less_well_where_its_gradient_is_reversed(monkeypatch):
    parts = [cell_type(0, 0), cell_type(1, 2)]
    both = parts[0].with_others(parts[1])
    kind = np.repeat([0, 1], 200)
    entropy = {}
    for name in ("reversed", "kept"):
        if name == "kept":
            monkeypatch.setattr(adversarial, "reversal", lambda done: -1.0)
        lesson = AdversarialLesson(both, kind, both, OWN)
        network = train_network(
            lambda: AdversarialNetwork(128, 1, 2, OWN), lesson, OWN, 1, stop=lambda row: False
        ).network
        with torch.no_grad():
            logits = network.both(one_hot_tensor(both.codes), 0.0)[1]
        entropy[name] = torch.nn.functional.cross_entropy(logits, torch.from_numpy(kind)).item()
    assert entropy["kept"] < 0.1
    assert entropy["reversed"] > entropy["kept"] + 0.1


def test_r_on_the_unseen_type_is_told_with_and_without():
    train = [cell_type(seed, marker) for seed, marker in enumerate((0, 2, 3))]
    stop = [cell_type(seed + 10, marker, 60) for seed, marker in enumerate((0, 2, 3))]
    found = unseen_types(train, stop, ["a", "b", "c"], OWN, 1)
    assert [row.cell_type for row in found] == ["a", "b", "c"]
    assert all(-1 <= r <= 1 for row in found for r in row[1:])
    assert max(row.plain for row in found) > 0.3
    with pytest.raises(ModelError, match="cell types"):
        unseen_types(train[:2], stop[:2], ["a", "b"], OWN, 1)
