"""Rungs with motifs and trees: against scikit-learn and XGBoost, an interaction that trees see, stored arrays."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost
from sklearn.linear_model import Ridge

from groprog_assets.errors import ModelError
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.boosting import GradientBoosting
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.meme import Motif
from groprog_assets.methods.sequence.motif_ridge import RidgeKmerMotifs, composition, log_odds
from groprog_assets.methods.sequence.targets import pearson
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.bases import reverse_complement
from groprog_kernels.motif_scores_reference import best_scores

LAYOUT = Layout((40, 20))
WORD = np.array([1, 0, 2, 3, 1, 0, 1], np.uint8)
MOTIF = Motif("word", "", np.eye(4)[WORD].T * 0.91 + 0.0225, 20)


def some(genes=80, width=60, tasks=2, seed=0):
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (genes, width)).astype(np.uint8)
    return Examples(codes, np.empty((genes, 0)), random.normal(size=(genes, tasks)))


def test_motif_ridge_equals_scikit_learn_s_on_its_features():
    train, test = some(), some(seed=1)
    own = SequenceParameters(penalties=[50.0], kmer_length=2, motif_bin=25)
    fitted = RidgeKmerMotifs(LAYOUT, own, [MOTIF]).fit(train, train.rows(np.zeros(80, bool)))
    weights = log_odds(MOTIF.probabilities.T, composition(train.codes))
    columns = []
    for codes in (train.codes, test.codes):
        scores = best_scores(codes.tolist(), [0, 25, 50, 60], [weights]).reshape(80, -1)
        kmers = ladder(LAYOUT, ["ridge_kmer"], own)[-1].features(codes)
        columns.append(np.hstack([kmers, scores]).astype(float))
    mean, scale = columns[0].mean(axis=0), columns[0].std(axis=0)
    scale[scale == 0] = 1
    peer = Ridge(alpha=50.0).fit((columns[0] - mean) / scale, train.targets)
    assert np.allclose(fitted.predict(test.codes, test.side), peer.predict((columns[1] - mean) / scale), atol=1e-4)


def test_a_motif_on_either_strand_is_found_where_kmers_are_few():
    random = np.random.default_rng(0)
    train, test = some(400), some(400, seed=1)
    for examples in (train, test):
        holds = random.random(400) < 0.5
        for row in np.flatnonzero(holds):
            at = int(random.integers(0, 30))
            word = WORD if random.random() < 0.5 else reverse_complement(WORD)
            examples.codes[row, at : at + 7] = word
        examples.targets[:, 0] = holds + 0.3 * random.normal(size=400)
    own = SequenceParameters(penalties=[10.0], kmer_length=2)
    r = {}
    for name in ("ridge_kmer", "ridge_kmer+pwm"):
        rung = ladder(LAYOUT, [name], own, [MOTIF])[-1]
        r[name] = pearson(
            rung.fit(train, train.rows(np.arange(0))).predict(test.codes, test.side)[:, 0], test.targets[:, 0]
        )
    assert r["ridge_kmer+pwm"] > 0.7
    assert r["ridge_kmer"] < 0.5


def test_motifs_are_needed_and_not_too_many():
    for motifs in ([], [MOTIF] * 20_000):
        with pytest.raises(ModelError, match=r"sequence\.motifs"):
            RidgeKmerMotifs(LAYOUT, SequenceParameters(), motifs).fit(some(), some())


def test_trees_equal_xgboost_s_own_predictions():
    train, test = some(300), some(300, seed=1)
    holes = train.targets.copy()
    holes[::3, 1] = np.nan
    own = SequenceParameters(boosting_rounds=[30])
    rung = GradientBoosting(LAYOUT, own)
    fitted = rung.fit(train._replace(targets=holes), train.rows(np.arange(0)))
    predicted = fitted.predict(test.codes, test.side)
    held = np.isfinite(holes[:, 1])
    settings = {"max_depth": 5, "learning_rate": 0.07, "colsample_bynode": 0.1, "min_child_weight": 20, "lambda": 0}
    settings |= {"tree_method": "hist", "max_bin": 255, "nthread": 1, "seed": 1, "base_score": 0.0}
    features = [rung.features(each.codes, each.side) for each in (train, test)]
    level = holes[held, 1].mean()
    data = xgboost.QuantileDMatrix(features[0], np.where(held, holes[:, 1] - level, 0), weight=held, max_bin=255)
    peer = xgboost.train(settings, data, 30).predict(xgboost.DMatrix(features[1]))
    assert np.ptp(predicted[:, 1]) > 0.1
    assert np.allclose(predicted[:, 1], peer + level, atol=1e-5)


def test_trees_see_two_words_that_count_only_together():
    random = np.random.default_rng(0)
    examples = [some(1500, seed=seed) for seed in (0, 1)]
    for each in examples:
        first, second = random.random((2, 1500)) < 0.5
        each.codes[first, 3:7] = (0, 0, 0, 0)
        each.codes[second, 50:54] = (2, 2, 2, 2)
        each.targets[:, 0] = np.where(first, 1.0, -1.0) * np.where(second, 1.0, -1.0) + 0.5 * random.normal(size=1500)
    own = SequenceParameters(boosting_rounds=[120], boosting_features=0.5, kmer_length=3)
    r = {}
    for name in ("ridge_kmer", "gbm"):
        fitted = ladder(LAYOUT, [name], own)[-1].fit(examples[0], examples[0].rows(np.arange(0)))
        r[name] = pearson(fitted.predict(examples[1].codes, examples[1].side)[:, 0], examples[1].targets[:, 0])
    assert r["gbm"] > 0.5
    assert abs(r["ridge_kmer"]) < 0.3


def test_the_number_of_trees_is_the_one_that_does_best_on_the_validation_genes():
    train = some(200)
    own = SequenceParameters(boosting_rounds=[1, 40])
    fitted = GradientBoosting(LAYOUT, own).fit(train, train)
    assert [len(task.value) for task in fitted.tasks] == [40, 40]


@pytest.mark.parametrize("name", ["ridge_kmer+pwm", "gbm"])
def test_stored_arrays_predict_the_same(name):
    train, test = some(), some(seed=1)
    own = SequenceParameters(boosting_rounds=[5], kmer_length=2)
    fitted = ladder(LAYOUT, [name], own, [MOTIF])[-1].fit(train, train)
    again = ladder(LAYOUT, [name], own, ())[-1].restored(fitted.arrays())
    assert np.array_equal(fitted.predict(test.codes, test.side), again.predict(test.codes, test.side))
