"""The linear path: Efron's likelihood by definition, Newton's optimum, penalties and weights chosen on inner folds."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.model.linear import (
    choose_linear_path,
    fit_ridge,
    log_partial_likelihood,
    risk_sets,
    stacked_linear_path,
    stacking_weights,
)


def tied(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    columns = generator.normal(size=(n, 3))
    return columns - columns.mean(axis=0), generator.integers(0, 6, n).astype(float), generator.random(n) < 0.6


def efron_by_definition(risk: np.ndarray, time: np.ndarray, event: np.ndarray) -> float:
    total = 0.0
    for moment in np.unique(time[event]):
        dying = event & (time == moment)
        at_risk, tied_sum = np.exp(risk[time >= moment]).sum(), np.exp(risk[dying]).sum()
        count = int(dying.sum())
        total += risk[dying].sum() - sum(np.log(at_risk - place / count * tied_sum) for place in range(count))
    return total


@pytest.mark.parametrize("seed", range(5))
def test_likelihood_is_efrons(seed: int):
    columns, time, event = tied(40, seed)
    risk = columns[:, 0] * 2
    expected = efron_by_definition(risk, time, event)
    assert log_partial_likelihood(risk, risk_sets(time, event)) == pytest.approx(expected, rel=1e-12)


def test_no_events_give_zero_and_no_movement():
    columns, time, _ = tied(10)
    sets = risk_sets(time, np.zeros(10, bool))
    assert log_partial_likelihood(columns[:, 0], sets) == 0.0
    np.testing.assert_allclose(fit_ridge(columns, sets, np.ones(3)).coefficients, 0.0)


def test_newton_reaches_the_optimum():
    columns, time, event = tied(120)
    sets, penalty = risk_sets(time, event), np.array([0.5, 1.0, 2.0])
    fit = fit_ridge(columns, sets, penalty, tolerance=1e-14)

    def value(coefficients: np.ndarray) -> float:
        return efron_by_definition(columns @ coefficients, time, event) - 0.5 * float(penalty @ coefficients**2)

    for axis in np.eye(3):
        slope = (value(fit.coefficients + 1e-5 * axis) - value(fit.coefficients - 1e-5 * axis)) / 2e-5
        assert abs(slope) < 1e-5


def test_separable_columns_stay_finite():
    time = np.arange(1.0, 21.0)
    fit = fit_ridge(-time[:, None] + time.mean(), risk_sets(time, np.ones(20, bool)), np.array([1e-3]))
    assert np.isfinite(fit.coefficients).all()


def test_path_is_out_of_fold_and_prefers_the_informative_part():
    generator = np.random.default_rng(3)
    n = 150
    signal, noise = generator.normal(size=(n, 1)), generator.normal(size=(n, 30))
    time = np.ceil(generator.exponential(np.exp(-signal[:, 0])) * 20)
    inner = np.arange(n) % 5
    grid = (0.01, 0.1, 1.0, 10.0)
    path = choose_linear_path(np.hstack([signal, noise]), 1, time, np.ones(n, bool), inner, grid)
    assert path.penalties[0] < path.penalties[1] == 10.0
    changed = time.copy()
    changed[inner == 2] = changed[inner == 2][::-1]
    again = fit_ridge(
        np.hstack([signal, noise])[inner != 2],
        risk_sets(changed[inner != 2], np.ones((inner != 2).sum(), bool)),
        (inner != 2).sum() * np.r_[path.penalties[0], np.full(30, path.penalties[1])],
        tolerance=1e-12,
    )
    np.testing.assert_allclose(path.members[2], again.coefficients, atol=1e-3)


def test_weights_are_never_negative_and_never_all_zero():
    generator = np.random.default_rng(0)
    n = 200
    good = generator.normal(size=n)
    time = generator.exponential(np.exp(-good))
    event = np.ones(n, bool)
    opposed = good - 2.0 * generator.normal(size=n) ** 2 * np.sign(good)
    weights = stacking_weights(np.column_stack([good, -opposed]), time, event, 1e-6)
    assert (weights >= 0).all()
    alone = stacking_weights(np.column_stack([good, -good + 1e-3 * generator.normal(size=n)]), time, event, 1e-9)
    assert alone[0] > 0.5
    only_wrong = stacking_weights(np.column_stack([-good, np.zeros(n)]), time, event, 0.001)
    assert only_wrong[0] > 0
    assert only_wrong[1] == 0


def test_stacked_paths_are_one_linear_path_out_of_fold():
    generator = np.random.default_rng(3)
    columns = generator.normal(size=(160, 6))
    time = generator.exponential(np.exp(-columns[:, 0] - columns[:, 3]))
    event, inner = np.ones(160, bool), np.arange(160) % 4
    grid = (0.03, 0.3, 3.0)
    path = stacked_linear_path(columns, 3, time, event, inner, grid, 0.05)
    for fold, coefficients in enumerate(path.members):
        rows = inner == fold
        np.testing.assert_allclose(path.out_of_fold[rows], columns[rows] @ coefficients, atol=1e-10)
    assert path.whole.shape == (6,)
    assert set(np.argsort(-np.abs(path.whole))[:2]) == {0, 3}
    alone = stacked_linear_path(columns[:, :3], 3, time, event, inner, grid, 0.05)
    np.testing.assert_array_equal(alone.whole, choose_linear_path(columns[:, :3], 3, time, event, inner, grid).whole)


def test_an_omics_path_of_noise_gets_little_weight():
    generator = np.random.default_rng(4)
    columns = generator.normal(size=(200, 30))
    time = generator.exponential(np.exp(-1.5 * columns[:, 0]))
    path = stacked_linear_path(columns, 1, time, np.ones(200, bool), np.arange(200) % 5, (0.03, 0.3, 3.0), 0.05)
    assert np.abs(path.whole[1:]).max() < 0.15 * abs(path.whole[0])


@pytest.mark.parametrize("shape", ["straight", "bent"])
def test_hinges_enter_only_where_the_inner_folds_want_them(shape: str):
    generator = np.random.default_rng(5)
    x = generator.normal(size=400)
    hinge = np.maximum(x - 0.3, 0)
    columns = np.column_stack([x, hinge - hinge.mean(), generator.normal(size=(400, 4))])
    hazard = x if shape == "straight" else np.abs(x) * 1.5
    time, event, inner = generator.exponential(np.exp(-hazard)), np.ones(400, bool), np.arange(400) % 5
    path = stacked_linear_path(columns, 2, time, event, inner, (0.003, 0.03, 0.3), 0.05, hinges=1)
    assert path.whole.shape == (6,)
    assert (path.whole[1] != 0) == (shape == "bent")
    assert all((fit[1] != 0) == (shape == "bent") for fit in path.members)
