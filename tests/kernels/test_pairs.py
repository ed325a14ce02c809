"""The ranking loss: dense definition, all pairs, and separable form give the same number and gradient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import pairs_spectral
from groprog_kernels.pairs import comparable_pairs, pair_loss
from groprog_kernels.pairs_reference import comparable_reference, pair_loss_reference

TIED = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 4)), min_size=1, max_size=25)


@settings(deadline=None, max_examples=60)
@given(TIED, st.sampled_from([0.0, 1.0, 6.0]), st.sampled_from(["strict", "comparable"]))
def test_equals_the_definition(rows: list[tuple[int, bool, int]], scale: float, ties: str) -> None:
    time, event, risk = (np.array([row[k] for row in rows], dtype=float) for k in range(3))
    weights = np.random.default_rng(len(rows)).random(len(rows))
    np.testing.assert_array_equal(
        comparable_pairs(time, event, ties), comparable_reference(time, event, ties).sum(axis=1)
    )
    loss, gradient = pair_loss_reference(scale * risk, time, event, weights, 1.5, ties)
    # The separable form rounds relative to the largest softplus of the scores, so a loss near 0 keeps that much.
    rounding = {"direct": 1e-14, "spectral": 1e-13 * (1 + 1.5 * scale * np.ptp(risk))}
    for method, absolute in rounding.items():
        ours = pair_loss(scale * risk, time, event, weights, sharpness=1.5, ties=ties, method=method)
        assert ours.loss == pytest.approx(loss, rel=1e-10, abs=absolute)
        assert ours.loss >= 0
        np.testing.assert_allclose(ours.gradient, gradient, rtol=1e-9, atol=absolute)


@pytest.mark.parametrize(("scale", "rounding"), [(0.3, 9), (1.0, 1), (3.0, 9)])
def test_near_linear_form_keeps_nine_digits(scale: float, rounding: int) -> None:
    random = np.random.default_rng(0)
    n = 3000
    risk, time = scale * random.normal(size=n), np.round(random.exponential(size=n), rounding)
    event = random.random(n) < 0.4
    direct = pair_loss(risk, time, event, method="direct")
    spectral = pair_loss(risk, time, event, method="spectral")
    assert direct.pairs == spectral.pairs == comparable_pairs(time, event).sum()
    assert spectral.loss == pytest.approx(direct.loss, rel=1e-11)
    error = np.linalg.norm(spectral.gradient - direct.gradient) / np.linalg.norm(direct.gradient)
    assert error < 1e-11


def test_blocks_and_groups_larger_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs_spectral, "BLOCK", 7)
    random = np.random.default_rng(1)
    risk, time, event = random.normal(size=100), random.integers(0, 5, 100).astype(float), random.random(100) < 0.5
    for ties in ("strict", "comparable"):
        loss, gradient = pair_loss_reference(risk, time, event, ties=ties)
        ours = pair_loss(risk, time, event, ties=ties, method="spectral")
        assert ours.loss == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(ours.gradient, gradient, atol=1e-13)


def test_risks_of_any_size_stay_finite() -> None:
    time, event = np.arange(6.0), np.ones(6)
    risk = np.array([0.0, 1e4, -1e4, 3.0, 500.0, -2.0])
    loss, gradient = pair_loss_reference(risk, time, event)
    ours = pair_loss(risk, time, event)
    assert ours.loss == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(ours.gradient, gradient, atol=1e-12)


def test_the_method_follows_the_size() -> None:
    random = np.random.default_rng(2)
    for n, expected in ((300, "direct"), (30_000, "spectral")):
        assert pair_loss(random.normal(size=n), random.random(n), random.random(n) < 0.5).method == expected


def test_edges() -> None:
    time = np.array([1.0, 2.0, 3.0])
    none = pair_loss([1.0, 2.0, 3.0], time, [0, 0, 0])
    assert (none.loss, none.pairs) == (0.0, 0)
    assert pair_loss([1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [1, 1, 1]).pairs == 0
    assert pair_loss([1.0, 1.0, 1.0], time, [1, 1, 0]).loss == pytest.approx(np.log(2))
    assert pair_loss([1.0, 1.0, 1.0], time, [1, 1, 0], [0.0, 0.0, 0.0]).pairs == 0
    for bad, message in (
        ({"weights": [-1.0, 0, 0]}, "negative"),
        ({"sharpness": 0.0}, "sharpness"),
        ({"ties": "x"}, "ties"),
    ):
        with pytest.raises(ValueError, match=message):
            pair_loss([1.0, 2.0, 3.0], time, [1, 1, 0], **bad)
    with pytest.raises(ValueError, match="method"):
        pair_loss([1.0, 2.0, 3.0], time, [1, 1, 0], method="fast")
