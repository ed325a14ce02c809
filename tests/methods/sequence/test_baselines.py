"""The ladder: ridge against scikit-learn's, missing targets, a planted word found on held-out chromosomes, stored arrays."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from groprog_assets.methods.sequence.baselines import Examples, RidgeKmer, RidgeKmerWords
from groprog_assets.methods.sequence.cross_fitting import cross_fit, fit_on_all, random_fit
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.metrics import task_metrics
from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.windows import Layout, gene_codes
from groprog_assets.methods.sequence.words import core_presence, select_words, spelled, word_list, word_scores
from groprog_assets.study.sequence_parameters import SequenceParameters
from tests.methods.sequence.planted import LAYOUT, planted

PARAMETERS = SequenceParameters(penalties=[1e2, 1e3], words_kmer_penalty=1e3, word_penalty=1e2)
MODELS = ["ridge_kmer", "ridge_kmer+words"]


def some(genes=60, width=60, tasks=2, seed=0):
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (genes, width)).astype(np.uint8)
    return Examples(codes, np.empty((genes, 0)), random.normal(size=(genes, tasks)))


def test_ridge_equals_scikit_learn_s_on_the_same_features():
    layout, train, test = Layout((40, 20)), some(), some(seed=1)
    rung = RidgeKmer(layout, SequenceParameters(penalties=[50.0], kmer_length=2))
    fitted = rung.fit(train, train.rows(np.zeros(60, bool)))
    features, ours = rung.features(train.codes).astype(float), fitted.predict(test.codes, test.side)
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale == 0] = 1
    peer = Ridge(alpha=50.0).fit((features - mean) / scale, train.targets)
    assert np.allclose(ours, peer.predict((rung.features(test.codes) - mean) / scale), atol=1e-4)


def test_selected_words_beside_the_kmers_equal_one_ridge_with_two_penalties():
    layout = Layout((400, 200))
    own = SequenceParameters(word_z=2.5, word_genes=5, words_kmer_penalty=100.0, word_penalty=10.0)
    examples = some(200, 600)
    holes = examples.targets.copy()
    holes[::4, 1] = np.nan
    examples = examples._replace(targets=holes)
    fitted = RidgeKmerWords(layout, own).fit(examples, examples.rows(np.arange(0)))
    predicted = fitted.predict(examples.codes, examples.side)
    for task, words in enumerate(fitted.words):
        columns = np.hstack(
            [RidgeKmer(layout, own).features(examples.codes), core_presence(examples.codes, layout, own)[:, words]]
        )
        scaled = (columns - columns.mean(axis=0)) / np.where(columns.std(axis=0) > 0, columns.std(axis=0), 1)
        held = np.isfinite(holes[:, task])
        centre, level = scaled[held].mean(axis=0), holes[held, task].mean()
        penalty = np.r_[np.full(columns.shape[1] - len(words), 100.0), np.full(len(words), 10.0)]
        inner = (scaled[held] - centre).astype(float)
        weights = np.linalg.solve(inner.T @ inner + np.diag(penalty), inner.T @ (holes[held, task] - level))
        assert len(words) > 10
        assert np.allclose(predicted[:, task], (scaled - centre) @ weights + level, atol=1e-4)


def test_a_missing_target_leaves_only_its_own_gene_and_task_out():
    layout, train, test = Layout((40, 20)), some(), some(seed=1)
    holes = train.targets.copy()
    holes[::3, 1] = np.nan
    rung = RidgeKmer(layout, SequenceParameters(penalties=[50.0], kmer_length=2))
    none = train.rows(np.zeros(60, bool))
    whole = rung.fit(train, none).predict(test.codes, test.side)
    holed = rung.fit(train._replace(targets=holes), none).predict(test.codes, test.side)
    assert np.allclose(whole[:, 0], holed[:, 0], atol=1e-6)
    kept = np.isfinite(holes[:, 1])
    features = rung.features(train.codes).astype(float)
    scale = np.where(features.std(axis=0) > 0, features.std(axis=0), 1)
    scaled = [(rung.features(codes) - features.mean(axis=0)) / scale for codes in (train.codes[kept], test.codes)]
    peer = Ridge(alpha=50.0).fit(scaled[0], holes[kept, 1]).predict(scaled[1])
    assert np.allclose(holed[:, 1], peer, atol=1e-4)


def test_the_penalty_is_the_one_that_does_best_on_the_validation_genes():
    layout, train, validation = Layout((40, 20)), some(), some(seed=1)
    chosen = RidgeKmer(layout, SequenceParameters(penalties=[1.0, 1e9], kmer_length=2)).fit(train, validation)
    fixed = [
        RidgeKmer(layout, SequenceParameters(penalties=[penalty], kmer_length=2)).fit(
            train, train.rows(np.zeros(60, bool))
        )
        for penalty in (1.0, 1e9)
    ]
    scores = [
        np.mean(
            [np.corrcoef(a, b)[0, 1] for a, b in zip(one.predict(*validation[:2]).T, validation.targets.T, strict=True)]
        )
        for one in fixed
    ]
    both = train.with_others(validation)
    expected = RidgeKmer(layout, SequenceParameters(penalties=[(1.0, 1e9)[int(np.argmax(scores))]], kmer_length=2)).fit(
        both, both.rows(np.arange(0))
    )
    assert np.allclose(chosen.weights, expected.weights)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    genome, genes, target = planted(tmp_path_factory.mktemp("planted"))
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    noise = np.random.default_rng(5).normal(size=len(target))
    examples = Examples(codes, np.empty((len(codes), 0)), np.column_stack([target, noise]))
    return genes, examples, make_splits(genes, codes, LAYOUT, PARAMETERS)


def test_the_planted_word_is_selected_and_predicts_genes_of_other_chromosomes(world):
    _, examples, splits = world
    fits = {rung.name: cross_fit(rung, examples, splits) for rung in ladder(LAYOUT, MODELS, PARAMETERS)}
    r = {
        name: task_metrics(
            examples.targets[:, 0], fit.predicted[:, 0], fit.fold, fit.level[:, 0], fit.median[:, 0]
        ).pearson
        for name, fit in fits.items()
    }
    assert r["mean"] == pytest.approx(0, abs=1e-9)
    assert r["ridge_kmer+words"] > 0.5
    assert r["ridge_kmer+words"] > r["ridge_kmer"] + 0.1
    for predictor in fits["ridge_kmer+words"].predictors:
        assert "CAGTCAC" in spelled(predictor.words[0], 7)
        assert len(predictor.words[1]) == 0


def test_words_stand_out_on_held_out_genes_only_where_they_are_planted(world):
    _, examples, splits = world
    roles = splits.roles[0]
    found = word_list(examples.codes, LAYOUT, examples.targets[:, 0], roles, "planted", (6, 7), PARAMETERS)
    first = found.set_index("word").loc["CAGTCAC"]
    assert first["z_train"] == found["z_train"].max()
    assert first["z_test"] > 4
    assert first["same_sign"]
    noise = word_list(examples.codes, LAYOUT, examples.targets[:, 1], roles, "noise", (7,), PARAMETERS)
    assert noise["z_test"].abs().max() < 4


def test_nothing_of_the_test_fold_reaches_the_model_that_predicts_it(world):
    _, examples, splits = world
    changed = examples.targets.copy()
    test = splits.roles[0] == "test"
    changed[test] += np.random.default_rng(9).normal(size=changed[test].shape) * 10
    for rung in ladder(LAYOUT, MODELS, PARAMETERS):
        honest = cross_fit(rung, examples, splits).predicted[test]
        spoilt = cross_fit(rung, examples._replace(targets=changed), splits).predicted[test]
        assert np.array_equal(honest, spoilt)


def test_random_split_of_unrelated_genes_is_no_better(world):
    _, examples, splits = world
    rung = ladder(LAYOUT, MODELS, PARAMETERS)[-1]
    fits = cross_fit(rung, examples, splits), random_fit(rung, examples, 3, PARAMETERS)
    r = [
        task_metrics(examples.targets[:, 0], f.predicted[:, 0], f.fold, f.level[:, 0], f.median[:, 0]).pearson
        for f in fits
    ]
    assert abs(r[0] - r[1]) < 0.1


def test_a_predictor_made_again_from_its_arrays_predicts_the_same(world):
    _, examples, splits = world
    for rung in ladder(LAYOUT, MODELS, PARAMETERS):
        fitted = fit_on_all(rung, examples, splits)
        again = rung.restored(fitted.arrays())
        assert np.array_equal(fitted.predict(*examples[:2]), again.predict(*examples[:2]))


def test_side_columns_are_used():
    examples = some(200, 60, 1)
    side = examples.targets + 0.1 * np.random.default_rng(2).normal(size=(200, 1))
    with_side = examples._replace(side=side)
    for rung in ladder(
        Layout((40, 20)), MODELS, SequenceParameters(penalties=[10.0], words_kmer_penalty=10.0, kmer_length=2)
    ):
        if rung.name != "mean":
            fitted = rung.fit(with_side.rows(np.arange(150)), with_side.rows(np.arange(150, 180)))
            predicted = fitted.predict(with_side.codes[180:], with_side.side[180:])
            assert np.corrcoef(predicted[:, 0], examples.targets[180:, 0])[0, 1] > 0.8, rung.name


def test_z_of_a_word_is_welch_s():
    from scipy.stats import ttest_ind

    random = np.random.default_rng(4)
    presence = (random.random((80, 5)) < 0.4).astype(np.uint8)
    target = random.normal(size=80) + presence[:, 0]
    found = word_scores(presence, target, 2)
    expected = [ttest_ind(target[column == 1], target[column == 0], equal_var=False).statistic for column in presence.T]
    assert np.allclose(found.z, expected)
    assert word_scores(presence, target, 60).z.tolist() == [0] * 5
    assert select_words(presence, target, SequenceParameters(word_genes=2, word_z=2.5)).tolist() == [
        c for c, z in enumerate(expected) if abs(z) > 2.5
    ]


def test_an_unknown_rung_is_named():
    with pytest.raises(ValueError, match="no rung is named lstm"):
        ladder(LAYOUT, ["lstm"], PARAMETERS)
