"""Training of a net: the cycle against torch's, cut and resumed to the same bytes, early stopping, a dead run."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from groprog_assets.model.sequence.networks import CnnNetwork
from groprog_assets.model.sequence.rungs import GeneLesson, NetRung
from groprog_assets.model.sequence.training import best_epoch, one_cycle, train_network
from groprog_assets.study.sequence_net_parameters import NetParameters
from tests.model.sequence.test_rungs import SMALL, some


def test_the_cycle_is_torch_s():
    optimizer = torch.optim.AdamW([nn.Parameter(torch.zeros(1))], lr=1.0)
    peer = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=40, cycle_momentum=False)
    for step in range(40):
        assert one_cycle(step, 40, 0.01) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        if step < 39:
            peer.step()


class Cut(Exception):
    pass


def test_a_training_cut_and_resumed_gives_the_same_bytes(tmp_path):
    train, validation = some(), some(30, seed=1)
    own = SMALL.model_copy(update={"epochs": 5, "patience": 5})
    whole = NetRung("cnn", 200, own, 3).fit(train, validation)

    def cut(row):
        if row["epoch"] == 2:
            raise Cut

    with pytest.raises(Cut):
        NetRung("cnn", 200, own, 3, None, tmp_path, cut).fit(train, validation)
    seen = []
    resumed = NetRung("cnn", 200, own, 3, None, tmp_path, lambda row: seen.append(row["epoch"])).fit(train, validation)
    assert seen == [2, 3, 4], "an epoch that was told but not saved is run again"
    assert resumed.history == whole.history
    assert all(np.array_equal(value, resumed.arrays()[name]) for name, value in whole.arrays().items())


def test_what_another_lesson_left_is_not_taken(tmp_path):
    train, validation = some(), some(30, seed=1)
    NetRung("cnn", 200, SMALL, 3, None, tmp_path).fit(train, validation)
    other = some(seed=5)
    fresh = NetRung("cnn", 200, SMALL, 3).fit(other, validation)
    after = NetRung("cnn", 200, SMALL, 3, None, tmp_path).fit(other, validation)
    assert all(np.array_equal(value, after.arrays()[name]) for name, value in fresh.arrays().items())
    (tmp_path / "member_0" / "net.safetensors").write_bytes(b"no")
    again = NetRung("cnn", 200, SMALL, 3, None, tmp_path).fit(other, validation)
    assert all(np.array_equal(value, again.arrays()[name]) for name, value in fresh.arrays().items())


class Scripted(GeneLesson):
    """A lesson whose scores are given."""

    def __init__(self, scores, *rest):
        super().__init__(*rest)
        self.scores = iter(scores)

    def score(self, network):
        return next(self.scores)


def test_training_stops_after_patience_and_keeps_the_best_epoch():
    train = some()
    own = NetParameters(width=8, blocks=1, epochs=30, patience=3)
    make = partial(CnnNetwork, 200, 0, 2, 8, 1, 0.1, 0.3)
    lesson = Scripted([0.1, 0.3, 0.3, 0.2, 0.1, 0.9], train, train, own, 200)
    trained = train_network(make, lesson, own, 1)
    assert len(trained.history) == 5
    assert trained.best == 1
    two = train_network(make, Scripted([0.1, 0.3], train, train, own, 200), own, 1, stop=lambda row: row["epoch"] == 1)
    assert all(
        torch.equal(a, b)
        for a, b in zip(trained.network.state_dict().values(), two.network.state_dict().values(), strict=True)
    )


def test_without_a_score_the_last_epoch_is_kept():
    assert best_epoch([{"epoch": n, "loss": 1.0, "score": float("nan")} for n in range(4)]) == 3


def test_training_leaves_torch_s_generator_as_it_was():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    NetRung("cnn", 200, SMALL, 3).fit(some(), some(30, seed=1))
    assert torch.equal(torch.rand(3), expected)
