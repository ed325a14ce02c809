"""Nets as rungs: a pair of words that only a net sees, shuffled targets, stored weights, folded norms, missing targets."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from groprog_assets.methods.sequence.baselines import Examples, RidgeKmer
from groprog_assets.methods.sequence.cross_fitting import cross_fit
from groprog_assets.methods.sequence.metrics import task_metrics
from groprog_assets.model.sequence.inputs import density_weights, one_hot_tensor, scaling_of, shifted
from groprog_assets.model.sequence.networks import CnnNetwork, folded
from groprog_assets.model.sequence.rungs import BUILDERS, GeneLesson, NetRung, Shape, mean_r
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_assets.study.sequence_parameters import SequenceParameters
from tests.model.sequence.planted import LAYOUT, pairs, splits_of

FILTERS = np.random.default_rng(0).normal(size=(3, 4, 7)).astype(np.float32)
SMALL = NetParameters(width=16, blocks=1, epochs=2, batch=32, shift=4)


def some(genes=90, width=200, tasks=2, seed=0, side=0):
    random = np.random.default_rng(seed)
    codes = random.integers(0, 5, (genes, width)).astype(np.uint8)
    return Examples(codes, random.normal(size=(genes, side)), random.normal(size=(genes, tasks)))


def held_out_r(rung, examples, splits):
    fit = cross_fit(rung, examples, splits)
    nothing = np.zeros(len(splits.roles))
    return [
        task_metrics(y, p, fit.fold, nothing, nothing).pearson
        for y, p in zip(examples.targets.T, fit.predicted.T, strict=True)
    ]


def test_a_net_sees_a_pair_of_words_that_ridge_cannot_see_and_shuffled_targets_give_nothing():
    examples, genes = pairs()
    splits = splits_of(examples, genes)
    own = NetParameters(
        width=16, blocks=1, dropout=0.0, head_dropout=0.1, learning_rate=5e-3, epochs=14, patience=14, shift=8
    )
    net = NetRung("cnn", LAYOUT.width, own, 1)
    assert min(held_out_r(net, examples, splits)) > 0.8
    assert max(np.abs(held_out_r(RidgeKmer(LAYOUT, SequenceParameters()), examples, splits))) < 0.15
    shuffled = examples._replace(targets=np.random.default_rng(0).permutation(examples.targets))
    short = NetRung("cnn", LAYOUT.width, own.model_copy(update={"epochs": 6}), 1)
    assert max(np.abs(held_out_r(short, shuffled, splits))) < 0.12


@pytest.mark.parametrize("name", list(BUILDERS))
def test_stored_weights_predict_the_same_and_one_seed_gives_the_same_bytes(name):
    train, validation = some(), some(30, seed=1)
    first, second = (NetRung(name, 200, SMALL, 3, FILTERS).fit(train, validation) for _ in range(2))
    other = NetRung(name, 200, SMALL, 4, FILTERS).fit(train, validation)
    arrays = first.arrays()
    assert all(np.array_equal(arrays[key], value) for key, value in second.arrays().items())
    assert any(not np.array_equal(arrays[key], value) for key, value in other.arrays().items())
    again = NetRung(name, 200, SMALL, 9).restored(arrays)
    assert np.array_equal(
        first.predict(validation.codes, validation.side), again.predict(validation.codes, validation.side)
    )
    assert np.ptp(first.predict(validation.codes, validation.side)) > 0


def test_side_columns_are_read_and_members_are_averaged():
    train = some(side=2)
    rung = NetRung("cnn", 200, SMALL.model_copy(update={"seeds": 2}), 3)
    fitted = rung.fit(train, some(30, seed=1, side=2))
    members = fitted.members(train.codes, train.side)
    assert members.shape == (2, 90, 2)
    assert not np.array_equal(members[0], members[1])
    assert np.allclose(fitted.predict(train.codes, train.side), members.mean(axis=0))
    assert not np.allclose(fitted.predict(train.codes, train.side + 1), members.mean(axis=0))
    again = rung.restored(fitted.arrays())
    assert np.array_equal(again.predict(train.codes, train.side), fitted.predict(train.codes, train.side))


def test_folding_the_norms_changes_no_output():
    torch.manual_seed(0)
    network = CnnNetwork(200, 0, 3, 8, 3, 0.1, 0.3)
    network.train()
    x = one_hot_tensor(some().codes)
    for _ in range(3):
        network(x)
    network.eval()
    assert torch.allclose(network(x), folded(network)(x), atol=1e-4)
    assert not [module for module in folded(network).modules() if isinstance(module, nn.BatchNorm1d)]


def test_outputs_have_the_unit_of_the_targets_and_missing_ones_count_for_nothing():
    examples, _ = pairs(600, seed=2)
    far = examples._replace(targets=examples.targets * 50 + 1000)
    fitted = NetRung("cnn", 200, SMALL, 1).fit(far, far)
    assert abs(fitted.predict(far.codes, far.side).mean(axis=0) - far.targets.mean(axis=0)).max() < 60
    holes = examples.targets.copy()
    holes[::2, 1] = np.nan
    lesson, network = (
        GeneLesson(examples._replace(targets=holes), examples, SMALL, 200),
        CnnNetwork(200, 0, 2, 8, 1, 0, 0),
    )
    network.eval()
    rows, no_shift = np.arange(600), np.random.default_rng(0)
    lesson = GeneLesson(examples._replace(targets=holes), examples, SMALL.model_copy(update={"shift": 0}), 200)
    with torch.no_grad():
        loss, found = lesson.loss(network, rows, no_shift, 0.0).item(), network(one_hot_tensor(examples.codes)).numpy()
    scaling = scaling_of(holes)
    assert np.isclose(scaling.level[1], np.nanmean(holes[:, 1]))
    error = (found - (holes - scaling.level) / scaling.spread) ** 2
    assert np.isclose(loss, np.nanmean(error), atol=1e-5)


def test_shifted_windows_are_windows_moved():
    codes = np.array([[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]], np.uint8)
    assert shifted(codes, np.array([1, 0, -2])).tolist() == [[4, 0, 1, 2], [0, 1, 2, 3], [2, 3, 4, 4]]


def test_rare_values_weigh_more():
    values = np.r_[np.random.default_rng(0).normal(size=2000), np.nan][:, None]
    weights = density_weights(values)
    far = np.abs(values[:-1, 0]) > 2
    assert weights[:-1][far].mean() > weights[:-1][~far].mean()
    assert weights[:-1].mean() == pytest.approx(1)
    assert weights[:-1].max() / weights[:-1].min() <= 4 + 1e-9


def test_mean_r_of_constant_and_missing():
    y = np.column_stack([[1.0, 2, 3, 4], [np.nan, np.nan, 1, 2], [2.0, 1, 4, 3]])
    p = np.column_stack([[1.0, 2, 3, 4], [1.0, 2, 3, 4], [1.0, 1, 1, 1]])
    assert mean_r(p, y) == pytest.approx(0.5)
    assert np.isnan(mean_r(p[:2], y[:2]))


def test_no_functional_activation_and_no_module_used_twice():
    """Hooks see every non-linear step: as many calls as modules, and the graph of the output has no other activation."""
    for name, build in BUILDERS.items():
        network = build(Shape(200, 0, 2, FILTERS), SMALL).eval()
        calls: list[nn.Module] = []
        leaves = [module for module in network.modules() if not list(module.children())]
        for module in leaves:
            module.register_forward_hook(lambda module, given, made, calls=calls: calls.append(module))
        network(one_hot_tensor(some(2).codes))
        assert len(calls) == len(set(calls)) > 0, name
        acts = sum(isinstance(module, nn.GELU | nn.Softplus | nn.Softmax | nn.Tanh | nn.Sigmoid) for module in leaves)
        assert acts, name
