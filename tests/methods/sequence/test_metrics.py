"""Metrics against scikit-learn and scipy, intervals against refits of resamples by hand, promotion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score, r2_score, roc_auc_score

from groprog_assets.methods.sequence import metrics as method
from groprog_assets.study.sequence_parameters import SequenceParameters

TIES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=6, max_size=40)


@settings(deadline=None)
@given(TIES)
def test_areas_equal_scikit_learn_s_with_ties(rows):
    target, predicted = np.array(rows, float).T
    high = target > 2
    if 0 < high.sum() < len(high):
        assert method.auroc(high, predicted) == pytest.approx(roc_auc_score(high, predicted))
        assert method.average_precision(high, predicted) == pytest.approx(average_precision_score(high, predicted))


def test_each_metric_is_the_mean_over_folds():
    random = np.random.default_rng(0)
    target = random.normal(size=60)
    predicted = target + random.normal(size=60)
    fold = np.arange(60) % 3
    level, median = np.zeros(3), np.full(3, 0.1)
    found = method.task_metrics(target, predicted, fold, level, median)
    parts = [(target[fold == f], predicted[fold == f]) for f in range(3)]
    assert found.pearson == pytest.approx(np.mean([pearsonr(*part).statistic for part in parts]))
    assert found.spearman == pytest.approx(np.mean([spearmanr(*part).statistic for part in parts]))
    assert found.r2 == pytest.approx(np.mean([1 - ((y - p) ** 2).sum() / (y**2).sum() for y, p in parts]))
    assert found.r2 != pytest.approx(np.mean([r2_score(*part) for part in parts]))
    assert found.by_fold == pytest.approx([pearsonr(*part).statistic for part in parts])
    constant = method.task_metrics(target, np.ones(60), fold, level, median)
    assert (constant.pearson, constant.spearman) == (0, 0)


def test_resampled_r_is_that_of_the_genes_drawn():
    random = np.random.default_rng(1)
    target, predicted = random.normal(size=(2, 50))
    target[7] = np.nan
    fold = np.arange(50) % 2
    weights = method.block_weights(np.repeat("c", 50), np.arange(50) * 40_000, fold, SequenceParameters())
    assert weights.sum(axis=1).min() > 10
    for sample in (0, 5):
        expected = []
        for f in (0, 1):
            rows = np.repeat(np.arange(50), weights[sample].astype(int))
            rows = rows[(fold[rows] == f) & np.isfinite(target[rows])]
            expected.append(pearsonr(target[rows], predicted[rows]).statistic)
        assert method.resampled_r(weights, target, predicted, fold)[sample] == pytest.approx(np.mean(expected))
    same_block = weights[:, (np.arange(50) * 40_000 // 100_000 == 1) & (fold == 0)]
    assert (same_block == same_block[:, :1]).all()


def test_a_constant_prediction_has_an_interval_at_zero():
    weights = method.block_weights(np.repeat("c", 30), np.arange(30) * 100_000, np.zeros(30, int), SequenceParameters())
    assert tuple(method.interval(method.resampled_r(weights, np.arange(30.0), np.ones(30), np.zeros(30, int)))) == (
        0,
        0,
    )


def test_a_rung_is_promoted_only_where_its_gain_is_certain():
    random = np.random.default_rng(2)
    simple, noisy = random.normal(0.4, 0.02, 1000), random.normal(0.41, 0.05, 1000)
    better = simple + random.normal(0.05, 0.01, 1000)
    made = method.promote(["a", "b", "c"], {"a": simple, "b": noisy, "c": better}, {"a": 0.4, "b": 0.41, "c": 0.45})
    assert made.champion == "c"
    assert [(step["rung"], step["against"], step["promoted"]) for step in made.steps] == [
        ("b", "a", False),
        ("c", "a", True),
    ]


def test_the_ceiling_of_two_replicates():
    assert method.ceiling(1.0) == 1
    assert method.ceiling(0.5) == pytest.approx(np.sqrt(2 / 3))
    assert np.isnan(method.ceiling(-0.1))


def test_a_resampled_auroc_is_that_of_repeated_genes():
    random = np.random.default_rng(4)
    target, fold = random.normal(size=60), np.repeat([0, 1], 30)
    predicted = np.round(target + random.normal(size=60), 0)  # with ties
    target[5] = np.nan
    weights = random.integers(0, 4, (20, 60)).astype(np.float32)
    median = np.array([0.1, -0.2])
    found = method.resampled_auroc(weights, target, predicted, fold, median)
    for row, times in enumerate(weights.astype(int)):
        parts = []
        for f in (0, 1):
            here = np.repeat(
                np.flatnonzero((fold == f) & np.isfinite(target)), times[(fold == f) & np.isfinite(target)]
            )
            parts.append(method.auroc(target[here] > median[f], predicted[here]))
        assert found[row] == pytest.approx(np.mean(parts))
    assert np.isnan(method.resampled_auroc(weights, target, predicted, fold, np.array([9.0, 9.0]))).all()
