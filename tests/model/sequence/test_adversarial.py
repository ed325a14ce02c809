"""Adversarial head: the reversed gradient, its rise, a trunk that gives the cell type away less, targets that are not seen."""

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
    unseen_type,
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
        lesson = AdversarialLesson(both, kind, both, OWN, 128)
        network = train_network(
            lambda: AdversarialNetwork(128, 1, 2, OWN), lesson, OWN, 1, stop=lambda row: False
        ).network
        with torch.no_grad():
            logits = network.both(one_hot_tensor(both.codes), None, 0.0)[1]
        entropy[name] = torch.nn.functional.cross_entropy(logits, torch.from_numpy(kind)).item()
    assert entropy["kept"] < 0.1
    assert entropy["reversed"] > entropy["kept"] + 0.1


def test_a_cell_type_is_predicted_without_its_targets_and_the_reversed_gradient_is_all_that_differs(monkeypatch):
    train = [cell_type(seed, marker) for seed, marker in enumerate((0, 2))]
    stop = [cell_type(seed + 10, marker, 60) for seed, marker in enumerate((0, 2))]
    test = cell_type(20, 2)
    found = unseen_type(train, stop, test, 1, OWN, 1)
    r = [np.corrcoef(each[:, 0], test.targets[:, 0])[0, 1] for each in found]
    assert min(r) > 0.3
    assert abs(found.plain.mean() - train[0].targets.mean()) < 0.5, "in the unit of the targets"
    assert not np.allclose(found.plain, found.adversarial, atol=1e-3)
    other = [train[0], train[1]._replace(targets=1e6 * train[1].targets)]
    far = [stop[0], stop[1]._replace(targets=1e6 * stop[1].targets)]
    again = unseen_type(other, far, test, 1, OWN, 1)
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True)), "its targets are not read"
    monkeypatch.setattr(adversarial, "reversal", lambda done: 0.0)
    monkeypatch.setattr(adversarial, "SCORED_FROM", 0.0)
    monkeypatch.setattr(adversarial.nn.utils, "clip_grad_norm_", lambda *_: None)
    without = unseen_type(train, stop, test, 1, OWN, 1)
    assert np.allclose(without.plain, without.adversarial, atol=1e-5)
    with pytest.raises(ModelError, match="2 cell types"):
        unseen_type(train[:1], stop[:1], test, 0, OWN, 1)


def test_an_epoch_counts_from_where_the_head_acts():
    parts = [cell_type(0, 0, 60), cell_type(1, 2, 60)]
    both = parts[0].with_others(parts[1])
    lesson = AdversarialLesson(both, np.repeat([0, 1], 60), both, OWN, 128)
    network = AdversarialNetwork(128, 1, 2, OWN)
    random = np.random.default_rng(0)
    assert np.isnan(lesson.score(network))
    lesson.loss(network, np.arange(8), random, 0.2)
    assert np.isnan(lesson.score(network.eval()))
    lesson.loss(network.train(), np.arange(8), random, 0.4)
    assert np.isfinite(lesson.score(network.eval()))


def test_tracks_move_with_the_window_and_are_standardised():
    train = [cell_type(seed, None, 80) for seed in (0, 1)]
    random = np.random.default_rng(3)
    train = [part._replace(side=100 + 7 * random.normal(size=(80, 128))) for part in train]
    test = train[1]._replace(side=np.zeros((80, 128)))
    own = OWN.model_copy(update={"epochs": 1, "shift": 4})
    found = unseen_type(train, train, test, 1, own, 1, channels=1)
    assert found.plain.shape == found.adversarial.shape == (80, 1)
    scaled = [part._replace(side=(part.side - 100) / 7) for part in train]
    again = unseen_type(
        scaled, scaled, test._replace(side=(test.side - 100) / 7), 1, own.model_copy(update={"shift": 0}), 1, channels=1
    )
    same = unseen_type(train, train, test, 1, own.model_copy(update={"shift": 0}), 1, channels=1)
    assert np.allclose(again.plain, same.plain, atol=1e-3)
