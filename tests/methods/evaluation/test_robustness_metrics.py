"""Stability measures on risks whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.evaluation.robustness_metrics import linear_cka, risk_stability


def test_stability() -> None:
    random = np.random.default_rng(0)
    clean = random.normal(size=100)
    time, event = np.exp(-clean), np.ones(100)
    found = risk_stability(clean, np.array([np.exp(clean), -clean, np.zeros(100)]), time, event)
    np.testing.assert_allclose(found.spearman[:2], [1, -1])
    assert np.isnan(found.spearman[2])
    np.testing.assert_allclose(found.cindex, [1, 0, 0.5])
    np.testing.assert_allclose(found.loss, [0, 1, 0.5])


def test_alignment() -> None:
    random = np.random.default_rng(1)
    h = random.normal(size=(200, 5))
    turn = np.linalg.qr(random.normal(size=(5, 5)))[0]
    assert linear_cka(h, 3 * h @ turn + 1) == pytest.approx(1)
    assert linear_cka(h, random.normal(size=(200, 5))) < 0.2
    assert np.isnan(linear_cka(h, np.ones((200, 2))))
