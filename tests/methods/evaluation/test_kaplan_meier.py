"""Strata, curves and the log-rank test against lifelines."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.evaluation.kaplan_meier import (
    at_risk_table,
    log_rank,
    permutation_log_rank,
    risk_strata,
    survival_by_group,
)


def test_strata_are_equal_and_ties_stay_together() -> None:
    assert np.bincount(risk_strata(np.random.default_rng(0).normal(size=99), 3)).tolist() == [33, 33, 33]
    assert len(set(risk_strata(np.zeros(9), 3))) == 1
    group = risk_strata(np.array([0, 0, 0, 1, 1, 2.0]), 3)
    assert group.tolist() == sorted(group.tolist())


def test_log_rank_equals_lifelines_on_tied_times() -> None:
    from lifelines.statistics import multivariate_logrank_test

    random = np.random.default_rng(1)
    for groups in (2, 3):
        time, event = random.integers(1, 9, 80).astype(float), random.random(80) < 0.6
        group = random.integers(0, groups, 80)
        ours, theirs = log_rank(time, event, group), multivariate_logrank_test(time, group, event)
        assert ours.statistic == pytest.approx(theirs.test_statistic, rel=1e-9)
        assert ours.p_value == pytest.approx(theirs.p_value, rel=1e-9)


def test_edges() -> None:
    time = np.array([1.0, 2.0, 3.0])
    assert np.isnan(log_rank(time, np.zeros(3), np.array([0, 1, 1])).p_value)
    assert np.isnan(log_rank(time, np.ones(3), np.zeros(3)).p_value)
    frame = survival_by_group(time, np.ones(3), np.array([0, 0, 1]))
    assert frame["survival"].tolist() == [1.0, 0.5, 0.0, 1.0, 0.0]
    assert at_risk_table(time, np.array([0, 0, 1]), np.array([0.0, 2.0])).to_numpy().tolist() == [[2, 1], [1, 1]]


def test_permutations_hold_the_level_and_agree_with_chi_square() -> None:
    random = np.random.default_rng(8)
    time, event = random.integers(1, 30, 120).astype(float), random.random(120) < 0.7
    for groups in (2, 3):
        group = random.integers(0, groups, 120)
        assert permutation_log_rank(time, event, group, 4000, 1) == pytest.approx(
            log_rank(time, event, group).p_value, abs=0.03
        )
    assert np.isnan(permutation_log_rank(time, event, np.zeros(120), 10, 1))
    assert permutation_log_rank(time, event, time > 15, 199, 1) == 1 / 200
