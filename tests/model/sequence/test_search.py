"""Search of settings: the better one is found, the given one is the first, trials that fall behind end early; windows."""

from __future__ import annotations

import numpy as np

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.model.sequence.inputs import Around
from groprog_assets.model.sequence.rungs import NetRung
from groprog_assets.model.sequence.search import search_settings, space
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


def test_the_window_is_searched_and_the_view_where_there_is_more_than_the_promoter():
    assert set(space(NetParameters())) == {"learning_rate", "width", "blocks", "dropout", "weight_decay", "reach"}
    assert set(space(NetParameters(), True)) - set(space(NetParameters())) == {"promoter_alone"}
    assert NetRung("cnn", 200, NetParameters(), 1).around.beyond_promoter is False
    assert Around(Layout((100, 100)).spans, 50).beyond_promoter
    assert not Around(Layout((100, 50)).spans, 50).beyond_promoter


def test_what_a_net_sees_is_a_share_of_each_side_or_of_the_promoter():
    layout = Layout((100, 60), (40, 80))
    around = Around(layout.spans, 50)
    assert around.seen(layout.width, 1.0, False).sum() == 280, "all but the columns between the windows"
    half = np.flatnonzero(around.seen(layout.width, 0.5, False))
    assert (half[half < 160].min(), half[half < 160].max()) == (50, 129)
    assert (half[half > 160].min(), half[half > 160].max()) == (168 + 20, 168 + 40 + 39)
    promoter = np.flatnonzero(around.seen(layout.width, 0.5, True))
    assert (promoter.min(), promoter.max()) == (50, 124)


def some(genes=80, tracks=0):
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (genes, 200)).astype(np.uint8)
    return Examples(codes, random.normal(size=(genes, 200 * tracks)), random.normal(size=(genes, 1)))


def test_bases_and_tracks_out_of_reach_change_nothing_and_are_given_no_part():
    train, own = some(tracks=1), NetParameters(width=8, epochs=1, batch=40, reach=0.25)
    rung = NetRung("cnn", 200, own, 1, channels=1, around=Around(Layout((120, 80)).spans, 50))
    fitted = rung.fit(train, train.rows(np.arange(20)))
    other = some(tracks=1)
    other.codes[:, 90:140], other.side[:, 90:140] = train.codes[:, 90:140], train.side[:, 90:140]
    far = other._replace(codes=other.codes.copy(), side=other.side.copy())
    far.codes[:, :90], far.side[:, 140:] = 0, 9
    assert np.array_equal(fitted.predict(other.codes, other.side), fitted.predict(far.codes, far.side))
    near = far._replace(codes=far.codes.copy())
    near.codes[:, 90:140] = 0
    assert not np.array_equal(fitted.predict(near.codes, near.side), fitted.predict(far.codes, far.side))
    again = NetRung("cnn", 200, NetParameters(), 1).restored(fitted.arrays())
    assert np.array_equal(again.predict(far.codes, far.side), fitted.predict(far.codes, far.side))
    references = np.random.default_rng(1).integers(0, 4, (80, 5, 200)).astype(np.uint8)
    parts, background = fitted.explained(far.codes, references, 0, far.side)
    assert not parts[:, :, :90].any()
    assert not fitted.gradient(far.codes, 0, far.side)[:, :, 140:].any()
    total = np.take_along_axis(parts, far.codes[:, None].astype(int), axis=1).sum(axis=(1, 2))
    assert np.allclose(total, fitted.predict(far.codes, far.side)[:, 0] - background, atol=1e-4)


def test_a_narrow_window_is_chosen_where_the_rest_misleads_and_is_restored():
    """A word beside the start tells; the validation genes have it elsewhere misleading, so that the whole window loses."""
    random = np.random.default_rng(0)

    def genes(count, sign):
        codes = random.integers(0, 4, (count, 200)).astype(np.uint8)
        holds = random.random(count) < 0.5
        codes[holds, 96:104] = [1, 0, 2, 3, 1, 0, 2, 3]
        codes[holds if sign > 0 else ~holds, 8:24] = 0
        return Examples(codes, np.empty((count, 0)), (2.0 * holds - 1)[:, None])

    own = NetParameters(width=8, blocks=1, epochs=6, batch=16, shift=0, dropout=0, head_dropout=0, trials=8)
    own = own.model_copy(update={"learning_rate": 5e-3})
    fitted = NetRung("cnn", 200, own, 1).fit(genes(160, 1), genes(60, -1))
    assert fitted.settings.reach < 1
    assert "seen" in fitted.arrays()
    test = genes(80, -1)
    assert np.corrcoef(fitted.predict(test.codes, test.side)[:, 0], test.targets[:, 0])[0, 1] > 0.5
