"""Search of settings: the better one is found, the given one is the first, trials that fall behind end early."""

from __future__ import annotations

import numpy as np

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.model.sequence.rungs import NetRung
from groprog_assets.model.sequence.search import search_settings
from groprog_assets.study.sequence_net_parameters import NetParameters


def scripted(calls):
    """Scores that are better the nearer the rate is to 3e-4 and the dropout to 0, rising over ten epochs."""

    def score(settings, trial, stop):
        goal = 1 - abs(np.log(settings.learning_rate / 3e-4)) / 3 - settings.dropout
        history = []
        for epoch in range(10):
            history.append({"epoch": epoch, "loss": 1.0, "score": goal * (epoch + 1) / 10})
            if stop(history[-1]):
                break
        calls.append((trial, settings.learning_rate, len(history)))
        return history

    return score


def test_a_better_setting_is_found_and_the_given_one_is_the_first():
    own, calls = NetParameters(trials=25, learning_rate=3e-3), []
    found = search_settings(own, scripted(calls), 1)
    assert len(found.trials) == 25
    assert found.trials[0]["setting"]["learning_rate"] == 3e-3
    assert found.trials[0]["setting"]["width"] == own.width
    best = max(found.trials, key=lambda trial: trial["score"])
    assert best["score"] > found.trials[0]["score"] + 0.3
    assert found.settings.learning_rate == best["setting"]["learning_rate"]
    assert found.settings.epochs == own.epochs
    cut = [trial for trial in found.trials if trial["cut"]]
    assert cut
    assert all(trial["epochs"] < 10 for trial in cut)
    assert all(best["score"] >= trial["score"] for trial in cut)
    assert search_settings(own, scripted([]), 1).trials == found.trials


def test_no_trials_leave_the_settings():
    own = NetParameters()
    assert search_settings(own, scripted([]), 1).settings == own


def test_a_rung_searches_on_its_validation_genes_and_is_restored_with_what_it_found():
    random = np.random.default_rng(0)
    train = Examples(random.integers(0, 4, (80, 200)).astype(np.uint8), np.empty((80, 0)), random.normal(size=(80, 1)))
    own = NetParameters(width=8, epochs=1, batch=40, trials=3)
    fitted = NetRung("cnn", 200, own, 1).fit(train, train.rows(np.arange(20)))
    again = NetRung("cnn", 200, own, 1).restored(fitted.arrays())
    assert again.settings.width == fitted.settings.width
    assert np.array_equal(again.predict(train.codes, train.side), fitted.predict(train.codes, train.side))
