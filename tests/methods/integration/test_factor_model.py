"""A planted factor comes back, held-out samples have their place, batches make no factor, missing assays are predicted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.integration.factor_model import factor_scores, fit_factors, predicted_values
from tests.methods.integration.planted import table


def _planted(seed: int, n: int = 90) -> tuple[dict[str, pd.DataFrame], np.ndarray]:
    """One factor of both assays and another of the first alone; the samples of the second half lack nothing."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=(2, n))
    loads = random.normal(size=(150, 2)) * [1.0, 0.8], random.normal(size=(120, 2)) * [1.0, 0.0]
    return {
        name: table(8.0 + load @ scores + random.normal(size=(len(load), n)), name)
        for name, load in zip(("rna", "protein"), loads, strict=True)
    }, scores


def test_planted_factors_and_their_assays():
    values, scores = _planted(1)
    values["protein"] = values["protein"].drop(columns=["s003", "s004"])
    found = fit_factors(values, 8)
    assert found.scores.shape == (90, 2)
    fit = np.abs(np.corrcoef(found.scores.T, scores)[:2, 2:])
    assert fit.max(axis=1).min() > 0.9
    shares = found.variance()
    shared = fit[:, 0].argmax()
    assert shares.loc["protein"].iloc[shared] > 0.2
    assert shares.loc["protein"].iloc[1 - shared] < 0.02
    weights = found.weights()
    assert list(weights.columns) == ["factor", "assay", "feature", "weight", "included"]
    assert len(weights) == 2 * 270


def test_held_out_samples_and_missing_assays():
    values, scores = _planted(2)
    train = values["rna"].columns[:60]
    new = values["rna"].columns[60:]
    found = fit_factors({name: given[train] for name, given in values.items()}, 8)
    placed = factor_scores(found, {name: given[new] for name, given in values.items()})
    fit = np.abs(np.corrcoef(placed.T, scores[:, 60:])[:2, 2:])
    assert fit.max(axis=1).min() > 0.85
    again = factor_scores(found, {name: given[train] for name, given in values.items()})
    np.testing.assert_allclose(again, found.scores, atol=0.02)
    alone = factor_scores(found, {"rna": values["rna"][new].iloc[::2]})
    expected = predicted_values(found, alone, "protein")
    held = values["protein"][new]
    left = ((held - expected) ** 2).to_numpy().sum() / ((held.sub(held.mean(axis=1), axis=0)) ** 2).to_numpy().sum()
    assert left < 0.75


def test_batches_make_no_factor():
    random = np.random.default_rng(3)
    batch = pd.Series(np.where(np.arange(60) % 3, "a", "b"), index=[f"s{k:03d}" for k in range(60)])
    values = table(random.normal(size=(300, 60)), "g")
    values = values + np.outer(random.normal(size=300), batch == "a") * 3
    assert fit_factors({"rna": values}, 5).scores.shape[1] == 1
    found = fit_factors({"rna": values}, 5, {"rna": batch}, least_share=0.02)
    assert found.scores.shape[1] == 0
    assert found.weights().empty
    assert factor_scores(found, {"rna": values}, {"rna": batch}).shape == (60, 0)
    with pytest.raises(CohortError, match="batch: c"):
        factor_scores(found, {"rna": values.iloc[:, :2]}, {"rna": pd.Series("c", index=values.columns)})
    with pytest.raises(CohortError, match="s059 has no batch"):
        fit_factors({"rna": values}, 5, {"rna": batch.iloc[:-1]})


def test_what_does_not_vary_is_left_out_or_refused():
    values, _ = _planted(4, 30)
    values["rna"].iloc[0] = 5.0
    values["rna"].iloc[1, 1:] = np.nan
    found = fit_factors(values, 3)
    assert "rna000" not in found.parts["rna"].features
    assert "rna001" not in found.parts["rna"].features
    with pytest.raises(CohortError, match="none varies"):
        fit_factors({"rna": table(np.ones((3, 8)), "g")}, 2)
    with pytest.raises(CohortError, match="four samples"):
        fit_factors({"rna": values["rna"].iloc[:, :3]}, 2)
    with pytest.raises(CohortError, match="0 assays"):
        fit_factors({}, 2)
