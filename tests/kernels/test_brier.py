"""Brier scores against the definition and scikit-survival."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_kernels.brier import brier_score
from groprog_kernels.brier_reference import brier_reference
from groprog_kernels.censoring import Side
from groprog_kernels.censoring_reference import censoring_reference


def _data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(4)
    time, event = random.integers(1, 12, 60).astype(float), random.random(60) < 0.5
    time[0], event[0] = 13.0, False
    times = np.array([2.0, 5.0, 8.5])
    survival = np.sort(random.random((60, 3)), axis=1)[:, ::-1]
    return survival, time, event, times


@pytest.mark.parametrize("side", ["t", "t-"])
def test_equals_the_definition(side: Side) -> None:
    survival, time, event, times = _data()
    own = np.array([1 / max(censoring_reference(time, event, t, side == "t-"), 1e-9) for t in time])
    ours = brier_score(survival, time, event, times, censoring_at=side)
    for k, at in enumerate(times):
        weight = 1 / censoring_reference(time, event, at)
        expected = brier_reference(survival[:, k], time, event, at, own, weight)
        assert ours.brier[k] == pytest.approx(expected, rel=1e-12)


def test_equals_scikit_survival() -> None:
    metrics = pytest.importorskip("sksurv.metrics", reason="scikit-survival is a test-time oracle")
    util = pytest.importorskip("sksurv.util")
    survival, time, event, times = _data()
    outcome = util.Surv.from_arrays(event, time)
    ours = brier_score(survival, time, event, times, censoring_at="t")
    np.testing.assert_allclose(ours.brier, metrics.brier_score(outcome, outcome, survival, times)[1], rtol=1e-12)
    theirs = metrics.integrated_brier_score(outcome, outcome, survival, times)
    assert ours.integrated == pytest.approx(theirs, rel=1e-12)


def test_whole_months_give_the_score_of_the_uncensored() -> None:
    random = np.random.default_rng(11)
    hazard = 1 - 0.85 ** np.exp(random.normal(size=20_000))
    event, censored = random.geometric(hazard).astype(float), random.geometric(0.15, size=20_000).astype(float)
    survival = (1 - hazard[:, None]) ** [2.0, 4.0]
    observed = np.minimum(event, censored), event <= censored, np.array([2.0, 4.0])
    known = np.square(survival - (event[:, None] > [2.0, 4.0])).mean(axis=0)
    np.testing.assert_allclose(brier_score(survival, *observed).brier, known, atol=0.005)
    assert (brier_score(survival, *observed, censoring_at="t").brier > known + 0.01).all()


def test_edges() -> None:
    certain = brier_score([[1.0], [1.0]], [1.0, 5.0], [1, 0], [2.0])
    assert certain.brier.tolist() == [0.5]
    assert np.isnan(certain.integrated)
    assert np.isnan(brier_score([[0.5], [0.5]], [1.0, 2.0], [1, 0], [9.0]).brier[0])
    with pytest.raises(ValueError, match="probabilities"):
        brier_score([[1.5], [0.5]], [1.0, 2.0], [1, 0], [1.0])
    with pytest.raises(ValueError, match="ascend"):
        brier_score([[0.5, 0.5]] * 2, [1.0, 2.0], [1, 0], [2.0, 1.0])
