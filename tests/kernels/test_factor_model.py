"""The factor model equals its definition, finds planted factors as mofapy2 does, and never lowers its bound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groprog_kernels.factor_model import fit_factor_model, posterior_scores
from groprog_kernels.factor_model_reference import factor_model as reference

MOFAPY2 = {
    (11, 0.0): (0.9759995466307674, 0.43979684672979),
    (12, 0.0): (0.9725255056839317, 0.46107557391960696),
    (13, 0.0): (0.934395600664861, 0.3908859480915423),
    (14, 0.0): (0.97669368409552, 0.35942030016028925),
    (15, 0.0): (0.9812722695373904, 0.5230782213795169),
    (16, 0.0): (0.9791132046505802, 0.38390872611308224),
    (11, 0.05): (0.9752121728260473, 0.4385176148625206),
    (12, 0.05): (0.9709177862311337, 0.46003606285456333),
    (13, 0.05): (0.9337107554009427, 0.38805441339062263),
    (14, 0.05): (0.9751129777446633, 0.3550413130832535),
}
"""(seed, share of missing cells) of `planted`: R2 of the true factors, R2 of the missing view; mofapy2 0.7.5 with 10 factors,
dropR2=.01 and its other defaults."""


def planted(seed, cells=0.0, n=200, widths=(300, 100, 200), factors=5, noise=(1.5, 1.0, 2.0), without=40):
    """True scores, complete views, views as seen, samples without the second view."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=(n, factors))
    full = []
    shares = np.array_split(random.permutation(factors), len(widths))
    for share, d, sd in zip(shares, widths, noise, strict=True):
        active = random.random(factors) < 0.7
        active[share] = True
        weights = random.normal(size=(d, factors)) * active * (random.random((d, factors)) < 0.5)
        full.append(scores @ weights.T * 0.7 + sd * random.normal(size=(n, d)))
    seen = [view.copy() for view in full]
    lost = np.sort(random.choice(n, without, replace=False))
    seen[1][lost] = np.nan
    if cells:
        for view in seen:
            view[random.random(view.shape) < cells] = np.nan
    return scores, full, seen, lost


def explained(true, estimate):
    """Share of the variance of `true` (n, a) that a regression on `estimate` (n, k) explains."""
    design = np.column_stack([np.ones(len(estimate)), estimate])
    fitted = design @ np.linalg.lstsq(design, true, rcond=None)[0]
    return 1 - ((true - fitted) ** 2).sum() / ((true - true.mean(axis=0)) ** 2).sum()


def centred(views):
    return [view - np.nanmean(view, axis=0) for view in views]


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1, 0.4]))
def test_equals_the_definition(seed, cells):
    random = np.random.default_rng(seed)
    n, k = 9, 2
    views = [random.normal(size=(n, k)) @ random.normal(size=(k, d)) + random.normal(size=(n, d)) for d in (5, 3)]
    for view in views:
        view[random.random(view.shape) < cells] = np.nan
        view[0] = random.normal(size=view.shape[1])
    views[1][4] = np.nan
    views = [view / np.sqrt(np.nanmean(view**2)) for view in views]
    gram = sum(np.nan_to_num(view) @ np.nan_to_num(view).T for view in views)
    start = np.linalg.eigh(gram)[1][:, ::-1][:, :k] * np.sqrt(n)
    scores, weights, included, precision = reference(views, start, dense=2, sparse=2)
    found = fit_factor_model(views, k, least_share=-np.inf, rounds=2)
    order = np.abs(np.corrcoef(found.scores.T, scores.T)[:k, k:]).argmax(axis=1)
    for v in range(2):
        np.testing.assert_allclose(found.scores @ found.weights[v].T, scores @ weights[v].T, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(found.precision[v], precision[v], rtol=1e-8)
        np.testing.assert_allclose(found.included[v], included[v][:, order], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("seed", "cells"), list(MOFAPY2))
def test_as_good_as_mofapy2(seed, cells):
    scores, full, seen, lost = planted(seed, cells)
    found = fit_factor_model(centred(seen), 10)
    filled = found.scores[lost] @ found.weights[1].T + np.nanmean(seen[1], axis=0)
    held = full[1][lost]
    imputed = 1 - ((held - filled) ** 2).sum() / ((held - held.mean()) ** 2).sum()
    peer = MOFAPY2[seed, cells]
    assert found.scores.shape[1] == 5
    assert abs(explained(scores, found.scores) - peer[0]) < 0.005
    assert abs(imputed - peer[1]) < 0.005
    assert (np.diff(found.bound) > -1e-6).all()


def test_scores_of_held_out_samples():
    scores, _, seen, _ = planted(3)
    views = centred(seen)
    found = fit_factor_model([view[:150] for view in views], 10, tolerance=1e-9)
    parts = (found.weights, found.squares, found.precision)
    again = posterior_scores([view[:150] for view in views], *parts)
    np.testing.assert_allclose(again, found.scores, atol=2e-3)
    new = posterior_scores([view[150:] for view in views], *parts)
    assert explained(scores[150:], new) > 0.95
    alone = posterior_scores([views[0][150:], np.full_like(views[1][150:], np.nan), views[2][150:]], *parts)
    assert 0.5 < explained(scores[150:], alone) < explained(scores[150:], new)
    nothing = posterior_scores([np.full((1, view.shape[1]), np.nan) for view in views], *parts)
    assert (nothing == 0).all()


def test_a_factor_of_one_view_concerns_that_view_alone():
    random = np.random.default_rng(5)
    both, single = random.normal(size=(2, 120))
    weights = random.normal(size=(2, 150))
    views = [np.outer(both, weights[0]), np.outer(both, weights[1]) + np.outer(single, random.normal(size=150))]
    views = [view + random.normal(size=view.shape) for view in views]
    found = fit_factor_model(centred(views), 6)
    assert found.scores.shape[1] == 2
    own = np.abs(np.corrcoef(found.scores.T, single)[:2, 2]).argmax()
    assert found.explained[0, own] < 0.02 < 0.2 < found.explained[1, own]


def test_sparse_weights_are_found():
    random = np.random.default_rng(6)
    true = np.zeros(200)
    true[:30] = random.choice([-1.0, 1.0], 30)
    view = np.outer(random.normal(size=150), true) + random.normal(size=(150, 200))
    found = fit_factor_model(centred([view]), 3)
    assert found.scores.shape[1] == 1
    assert found.included[0][:30, 0].min() > 0.99
    assert np.median(found.included[0][30:, 0]) < 0.1


def test_noise_leaves_no_factor():
    random = np.random.default_rng(7)
    found = fit_factor_model(
        centred([random.normal(size=(100, 300)), random.normal(size=(100, 200))]), 5, least_share=0.02
    )
    assert found.scores.shape == (100, 0)
    assert [w.shape for w in found.weights] == [(300, 0), (200, 0)]
    assert found.precision[1] == pytest.approx(1.0, abs=0.6)
    assert posterior_scores([np.zeros((2, 300)), np.zeros((2, 200))], *found[1:3], found.precision).shape == (2, 0)


def test_units_and_order_do_not_matter():
    _, _, seen, _ = planted(4)
    views = centred(seen)
    found = fit_factor_model(views, 8)
    scaled = fit_factor_model([1000 * views[0], views[1], views[2]], 8)
    np.testing.assert_allclose(scaled.scores, found.scores, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(scaled.weights[0], 1000 * found.weights[0], rtol=1e-6, atol=1e-8)
    turned = fit_factor_model([view[::-1] for view in views], 8)
    np.testing.assert_allclose(turned.scores[::-1], found.scores, atol=1e-4)


def test_edges():
    random = np.random.default_rng(8)
    views = [random.normal(size=(30, 4)) + random.normal(size=(30, 1)), random.normal(size=(30, 3))]
    views[0][:, 0] = 0.0  # a constant feature
    views[0][3], views[1][3] = np.nan, np.nan
    found = fit_factor_model(views, 2)
    assert np.isfinite(found.precision[0]).all()
    assert np.abs(found.scores[3]).max() < 1e-12
    with pytest.raises(ValueError, match="same samples"):
        fit_factor_model([views[0], views[1][:5]], 2)
    with pytest.raises(ValueError, match="view 1 holds no value"):
        fit_factor_model([views[0], np.full((30, 2), np.nan)], 2)
    with pytest.raises(ValueError, match="infinite"):
        fit_factor_model([np.where(views[0] > 2, np.inf, views[0]), np.full((30, 2), np.inf)], 2)
    with pytest.raises(ValueError, match="31 factors of 30"):
        fit_factor_model(views, 31)
