"""Ridge Cox against lifelines; penalties follow the signal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.methods.evaluation.penalised_cox import choose_penalties, fit_ridge_cox, inner_folds


def test_ridge_equals_lifelines() -> None:
    from lifelines import CoxPHFitter

    random = np.random.default_rng(2)
    x = random.normal(size=(120, 3))
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    time, event = np.ceil(5 * random.exponential(np.exp(-x[:, 0]))), random.random(120) < 0.7
    frame = pd.DataFrame(x, columns=list("abc")).assign(time=time, event=event)
    fitted = CoxPHFitter(penalizer=0.1).fit(frame, "time", "event")
    np.testing.assert_allclose(fit_ridge_cox([x], time, event, (12.0,)), fitted.params_, atol=1e-3)


def test_noise_is_shrunk_and_signal_is_not() -> None:
    random = np.random.default_rng(4)
    signal, noise = random.normal(size=(200, 1)), random.normal(size=(200, 60))
    time, event = random.exponential(np.exp(-1.5 * signal[:, 0])), np.ones(200, dtype=bool)
    inner = inner_folds(event, 5, random)
    assert np.bincount(inner).tolist() == [40] * 5
    candidates = [(weak, strong) for strong in (1e4, 1.0) for weak in (1e4, 1.0)]
    choice = choose_penalties([signal, noise], time, event, candidates, inner)
    assert choice.penalties == (1.0, 1e4)
    assert not fit_ridge_cox([noise], time, np.zeros(200, dtype=bool), (1.0,)).any()
