"""The linear path: penalties and weights chosen on inner folds."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.fitting.ridge_cox import fit_ridge
from groprog_assets.model.linear import (
    choose_branch,
    chosen_earning,
    earned_weights,
    stacked_linear_path,
    stacking_weights,
)
from groprog_kernels.risk_sets import risk_sets

GRID = (0.01, 0.1, 1.0, 10.0)


def test_a_branch_is_out_of_fold_and_shrinks_noise_more_than_signal():
    generator = np.random.default_rng(3)
    n = 150
    columns = generator.normal(size=(n, 31))
    time, event = np.ceil(generator.exponential(np.exp(-columns[:, 0])) * 20), np.ones(n, bool)
    inner = np.arange(n) % 5
    signal = choose_branch("s", columns, np.arange(1), time, event, [inner], GRID)
    both = choose_branch("b", columns, np.arange(31), time, event, [inner], GRID)
    assert signal.penalty < both.penalty
    assert max(both.log, key=lambda row: row[1]) == (both.penalty, both.gain)
    changed = time.copy()
    changed[inner == 2] = changed[inner == 2][::-1]
    sets = risk_sets(changed[inner != 2], event[inner != 2])
    penalty = np.full(31, (inner != 2).sum() * both.penalty)
    again = fit_ridge(columns[inner != 2], sets, penalty, tolerance=1e-12)
    np.testing.assert_allclose(both.members[2], again.coefficients, atol=1e-3)
    np.testing.assert_allclose(both.out_of_fold[inner == 2], columns[inner == 2] @ both.members[2])


def test_a_branch_of_noise_gains_nothing_and_one_of_signal_gains_with_every_partition():
    generator = np.random.default_rng(8)
    columns = generator.normal(size=(150, 21))
    time, event = generator.exponential(np.exp(-columns[:, 0])), np.ones(150, bool)
    partitions = [generator.permutation(150) % 5 for _ in range(3)]
    noise = choose_branch("noise", columns, np.arange(1, 21), time, event, partitions, GRID)
    signal = choose_branch("signal", columns, np.arange(1), time, event, partitions, GRID)
    assert noise.gain < 0.01 < signal.gain
    only = (signal.penalty,)
    alone = [choose_branch("s", columns, np.arange(1), time, event, [part], only).out_of_fold for part in partitions]
    np.testing.assert_allclose(signal.out_of_fold, np.mean(alone, axis=0), atol=1e-3)
    np.testing.assert_array_equal(signal.whole[1:], 0)


def test_weights_are_never_negative_and_never_all_zero():
    generator = np.random.default_rng(0)
    n = 200
    good = generator.normal(size=n)
    time, event = generator.exponential(np.exp(-good)), np.ones(n, bool)
    alone = stacking_weights(np.column_stack([good, -good + 1e-3 * generator.normal(size=n)]), time, event, 1.0)
    assert alone[0] > 0.5
    assert alone[1] == 0
    only_wrong = stacking_weights(np.column_stack([-good, np.zeros(n)]), time, event, 0.1)
    assert only_wrong[0] > 0
    assert only_wrong[1] == 0
    both_wrong = stacking_weights(np.column_stack([-good, -(good**3)]), time, event, 0.1)
    assert (both_wrong >= 0).all()
    assert both_wrong.any()


def test_few_events_keep_the_prior_and_many_decide():
    generator = np.random.default_rng(1)
    good, other, noise = generator.normal(size=(3, 4000))
    time, event = generator.exponential(np.exp(-good - 0.5 * other)), np.ones(4000, bool)
    paths = np.column_stack([3.0 * good, other])
    few = stacking_weights(paths[:80], time[:80], event[:80], 300.0, (0.5, 0.5)) * paths[:80].std(axis=0)
    many = stacking_weights(paths, time, event, 300.0, (0.5, 0.5)) * paths.std(axis=0)
    assert 0.6 < few[1] / few[0] <= 1.0
    assert many[1] / many[0] == pytest.approx(0.5, abs=0.08)
    first = stacking_weights(np.column_stack([good, noise]), time, event, 300.0, (1.0, 0.0))
    assert first[1] < 0.1 * first[0]
    own = stacking_weights(np.column_stack([good, noise])[:80], time[:80], event[:80], 300.0)
    assert own[1] < 0.5 * own[0]


def test_stacked_paths_are_one_linear_path_out_of_fold():
    generator = np.random.default_rng(3)
    columns = generator.normal(size=(160, 6))
    time = generator.exponential(np.exp(-columns[:, 0] - columns[:, 3]))
    event, inner = np.ones(160, bool), np.arange(160) % 4
    branches = {"clinical": np.arange(3), "omics": np.arange(3, 6)}
    grid = (0.03, 0.3, 3.0)
    path = stacked_linear_path(columns, branches, time, event, [inner, inner[::-1]], grid, 300.0)
    for fold, coefficients in enumerate(path.members):
        rows = inner == fold
        np.testing.assert_allclose(path.out_of_fold[rows], columns[rows] @ coefficients, atol=1e-10)
    total = sum(weight * branch.whole for weight, branch in zip(path.weights, path.branches))
    np.testing.assert_allclose(path.whole, total)
    assert set(np.argsort(-np.abs(path.whole))[:2]) == {0, 3}


def test_an_omics_branch_of_noise_gets_little_weight():
    generator = np.random.default_rng(4)
    columns = generator.normal(size=(200, 30))
    time = generator.exponential(np.exp(-1.5 * columns[:, 0]))
    branches = {"clinical": np.arange(1), "omics": np.arange(1, 30)}
    path = stacked_linear_path(
        columns, branches, time, np.ones(200, bool), [np.arange(200) % 5], (0.03, 0.3, 3.0, 30.0), 300.0
    )
    assert np.abs(path.whole[1:]).max() < 0.15 * abs(path.whole[0])


def test_a_new_score_earns_what_the_data_say_and_no_floor():
    generator = np.random.default_rng(4)
    n = 600
    base, new, noise = generator.normal(size=(3, n))
    time = generator.exponential(np.exp(-0.6 * base - 0.6 * new))
    event = generator.random(n) < 0.7
    free = earned_weights(base, new[:, None], time, event, 0.0)
    np.testing.assert_allclose(free, [0.6, 0.6], atol=0.12)
    held = earned_weights(base, new[:, None], time, event, 100.0)
    assert 0.2 < held[1] < free[1]
    assert earned_weights(base, new[:, None], time, event, 1e9)[1] < 1e-3
    assert earned_weights(base, -new[:, None], time, event, 0.0)[1] == 0
    assert earned_weights(np.zeros(n), np.column_stack([new, -noise]), time, event, 0.0)[0] == 0
    np.testing.assert_array_equal(earned_weights(np.zeros(n), np.zeros((n, 1)), time, event, 30.0), 0)
    inner = np.arange(n) % 5
    chosen = chosen_earning(base, new[:, None], time, event, inner, [0.0, 1e5])
    np.testing.assert_allclose(chosen, free)
    assert chosen_earning(base, noise[:, None], time, event, inner, [0.0, 1e5])[1] < 0.01
