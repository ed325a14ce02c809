"""eqs. 12-13, stages, batches and early stopping."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.model.loss import event_weights
from groprog_assets.model.schedule import (
    EarlyStopping,
    GradientRates,
    adaptive_rates,
    batches,
    stage_of,
)
from groprog_assets.study.model_parameters import TrainingParameters
from tests.printed_equations import equation_12, equation_13


def test_stages_are_thirty_twenty_and_joint():
    published = TrainingParameters()
    stages = [stage_of(epoch, published, genomic=True) for epoch in range(60)]
    assert stages == ["genomic"] * 30 + ["clinical"] * 20 + ["joint"] * 10
    assert [stage_of(epoch, published, genomic=False) for epoch in (0, 19, 20)] == ["clinical", "clinical", "joint"]


@pytest.mark.parametrize(("genomic", "clinical", "beta"), [(2.0, 2.0, 1.0), (3.0, 1.0, 2.0), (0.5, 4.0, 0.7)])
def test_rates_are_the_printed_equation_12_times_one_plus_beta(genomic: float, clinical: float, beta: float):
    printed = np.array(equation_12(genomic, clinical, 1.0, beta, 0.0))
    assert adaptive_rates(genomic, clinical, beta, (0.01, 100.0)) == pytest.approx(tuple((1 + beta) * printed))


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 10.0])
def test_equal_norms_give_the_base_rate(beta: float):
    assert adaptive_rates(3.0, 3.0, beta, (0.1, 10.0)) == pytest.approx((1.0, 1.0))


def test_the_louder_branch_slows_down_within_the_clamp():
    genomic, clinical = adaptive_rates(4.0, 1.0, 1.0, (0.1, 10.0))
    assert genomic == pytest.approx(2 / 5)
    assert clinical == pytest.approx(2 / 1.25)
    assert adaptive_rates(1e9, 1e-9, 10.0, (0.1, 10.0)) == (0.1, 10.0)
    assert adaptive_rates(0.0, 0.0, 1.0, (0.1, 10.0)) == pytest.approx((2.0, 2.0))


def test_norms_are_smoothed_without_a_slow_start():
    rates = GradientRates(1.0, (0.1, 10.0))
    assert rates.update(4.0, 1.0) == pytest.approx(adaptive_rates(4.0, 1.0, 1.0, (0.1, 10.0)))
    genomic, _ = rates.update(12.0, 1.0)
    assert genomic > adaptive_rates(12.0, 1.0, 1.0, (0.1, 10.0))[0]


def test_event_weights_have_mean_one_where_the_printed_equation_13_hardly_favours_events():
    event = np.array([1, 0, 0, 0, 1, 0, 0, 0], bool)
    weights = event_weights(event, 1.0)
    assert weights.mean() == pytest.approx(1.0)
    assert weights[0] / weights[1] == pytest.approx(1 + 6 / 2)
    printed = equation_13(event, 1.0, 0.0)
    assert printed[0] / printed[1] == pytest.approx(1 + 1 / 2)


def test_small_cohorts_are_one_batch():
    event = np.array([1, 0, 1, 0], bool)
    steps = list(batches(event, np.ones(4), 4, np.random.default_rng(0)))
    assert [step.tolist() for step in steps] == [[0, 1, 2, 3]]


def test_large_cohorts_are_stratified_by_event():
    event = np.arange(1000) < 30
    weights = event_weights(event, 1.0)
    steps = list(batches(event, weights, 100, np.random.default_rng(0)))
    assert len(steps) == 10
    seen = np.unique(np.concatenate(steps))
    assert event[seen].sum() == 30
    for rows in steps:
        assert np.unique(rows).size == rows.size
        assert event[rows].sum() >= 15
    again = list(batches(event, weights, 100, np.random.default_rng(0)))
    assert all((a == b).all() for a, b in zip(steps, again))
    all_events = list(batches(np.ones(250, bool), np.ones(250), 100, np.random.default_rng(0)))
    assert np.unique(np.concatenate(all_events)).size == 250


def test_early_stopping_waits_for_its_patience():
    stopping = EarlyStopping(3)
    values = [5.0, 4.0, 4.5, 4.2, 4.1]
    seen = [(stopping.update(epoch, value), stopping.done(epoch)) for epoch, value in enumerate(values)]
    assert seen == [(True, False), (True, False), (False, False), (False, False), (False, True)]
    assert not EarlyStopping(1).update(0, float("nan"))
