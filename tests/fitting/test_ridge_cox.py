"""Ridge Cox: Efron's likelihood by definition, the optimum of both solvers, lifelines; penalties follow the signal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.fitting.ridge_cox import (
    Stratum,
    choose_penalties,
    fit_blocks,
    fit_ridge,
    fit_stratified,
    fit_towards,
    held_out_log_likelihood,
    log_partial_likelihood,
)
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_kernels.risk_sets import risk_sets


def test_ridge_equals_lifelines() -> None:
    from lifelines import CoxPHFitter

    random = np.random.default_rng(2)
    x = random.normal(size=(120, 3))
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    time, event = np.ceil(5 * random.exponential(np.exp(-x[:, 0]))), random.random(120) < 0.7
    frame = pd.DataFrame(x, columns=list("abc")).assign(time=time, event=event)
    fitted = CoxPHFitter(penalizer=0.1).fit(frame, "time", "event")
    np.testing.assert_allclose(fit_blocks([x], time, event, (12.0,)), fitted.params_, atol=1e-3)


def test_noise_is_shrunk_and_signal_is_not() -> None:
    random = np.random.default_rng(4)
    signal, noise = random.normal(size=(200, 1)), random.normal(size=(200, 60))
    time, event = random.exponential(np.exp(-1.5 * signal[:, 0])), np.ones(200, dtype=bool)
    inner = stratified_folds(event, 5, random)
    assert np.bincount(inner).tolist() == [40] * 5
    candidates = [(weak, strong) for strong in (1e4, 1.0) for weak in (1e4, 1.0)]
    choice = choose_penalties([signal, noise], time, event, candidates, inner)
    assert choice.penalties == (1.0, 1e4)
    assert not fit_blocks([noise], time, np.zeros(200, dtype=bool), (1.0,)).any()


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


def test_both_solvers_find_the_same_optimum():
    generator = np.random.default_rng(5)
    columns = generator.normal(size=(200, 12)) * np.geomspace(0.1, 10, 12)
    columns -= columns.mean(axis=0)
    time, event = generator.integers(0, 30, 200).astype(float), generator.random(200) < 0.6
    sets, penalty = risk_sets(time, event), np.geomspace(0.5, 50, 12)
    exact = fit_ridge(columns, sets, penalty, tolerance=1e-14)
    other = fit_ridge(columns, sets, penalty, solver="lbfgs")
    np.testing.assert_allclose(other.coefficients, exact.coefficients, atol=1e-3 / columns.std(axis=0).min())
    assert other.log_likelihood == pytest.approx(log_partial_likelihood(columns @ other.coefficients, sets), rel=1e-12)
    values = [fit.log_likelihood - 0.5 * float(penalty @ fit.coefficients**2) for fit in (other, exact)]
    assert values[0] == pytest.approx(values[1], rel=1e-7)
    assert values[0] <= values[1]


def test_a_strong_pull_keeps_the_centre_and_a_weak_one_leaves_the_optimum():
    columns, time, event = tied(150, 3)
    sets, centre = risk_sets(time, event), np.array([1.0, -1.0, 0.5])
    np.testing.assert_allclose(fit_towards(columns, sets, 1e9, centre), centre, atol=1e-5)
    free = fit_ridge(columns, sets, np.full(3, 1e-9), tolerance=1e-14).coefficients
    np.testing.assert_allclose(fit_towards(columns, sets, 1e-9, centre), free, atol=1e-6)


def test_what_is_held_out_adds_the_difference_of_two_likelihoods():
    columns, time, event = tied(60, 1)
    risk, keep = columns[:, 0], np.arange(60) % 3 > 0
    found = held_out_log_likelihood(risk, risk_sets(time, event), keep, risk_sets(time[keep], event[keep]))
    expected = efron_by_definition(risk, time, event) - efron_by_definition(risk[keep], time[keep], event[keep])
    assert found == pytest.approx(expected, rel=1e-10)


def three_strata() -> list[Stratum]:
    """Patients of three clinics with tied times; offsets of their own."""
    random = np.random.default_rng(8)
    found = []
    for size in (40, 25, 60):
        columns, time, event = tied(size, size)
        found.append(Stratum(columns, risk_sets(time, event), 0.5 * random.normal(size=size)))
    return found


def test_a_stratified_fit_is_the_optimum_of_the_sum_of_the_definitions():
    """Nelder and Mead on Efron's likelihood as it is written, one sum for each stratum."""
    from scipy.optimize import minimize

    strata, penalty, centre = three_strata(), np.array([2.0, 5.0, 1.0]), np.array([0.5, 0.0, -1.0])

    def lost(beta: np.ndarray) -> float:
        total = 0.5 * float(penalty @ (beta - centre) ** 2)
        for columns, sets, offset in strata:
            risk = (columns @ beta + offset)[sets.order]
            total -= efron_by_definition(risk, sets.time, sets.event)
        return total

    slow = minimize(lost, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 5000})
    fit = fit_stratified(strata, penalty, centre=centre, tolerance=1e-14)
    np.testing.assert_allclose(fit.coefficients, slow.x, atol=1e-5)


def test_a_stratified_fit_equals_lifelines():
    from lifelines import CoxPHFitter

    random = np.random.default_rng(2)
    x = random.normal(size=(150, 3))
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    clinic = np.repeat(["a", "b", "c"], 50)
    time, event = np.ceil(20 * random.exponential(np.exp(-x[:, 0]))), random.random(150) < 0.7
    frame = pd.DataFrame(x, columns=list("xyz")).assign(time=time, event=event, clinic=clinic)
    expected = CoxPHFitter(penalizer=0.1).fit(frame, "time", "event", strata=["clinic"]).params_
    parts = [clinic == name for name in "abc"]
    strata = [Stratum(x[part], risk_sets(time[part], event[part]), np.zeros(50)) for part in parts]
    np.testing.assert_allclose(fit_stratified(strata, np.full(3, 15.0)).coefficients, expected, atol=2e-3)


def test_a_strong_penalty_leads_to_the_centre():
    columns, time, event = tied(60)
    centre = np.array([1.0, -2.0, 0.25])
    fit = fit_ridge(columns, risk_sets(time, event), np.full(3, 1e9), centre=centre)
    np.testing.assert_allclose(fit.coefficients, centre, atol=1e-5)
