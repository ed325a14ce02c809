"""Batch effects: what is planted is taken out, training alone decides, the published program agrees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.fitting.harmonization import fit_harmonization, fit_new_batch, harmonize


def planted(seed: int = 0, n: int = 120, g: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    batch = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    clean = rng.normal(5, 1, (1, g)) + rng.standard_normal((n, g))
    shift = {name: rng.normal(0, 1, g) for name in "abc"}
    scale = {name: rng.uniform(0.5, 2) for name in "abc"}
    values = np.stack([row * scale[name] + shift[name] for row, name in zip(clean, batch, strict=True)])
    return values, batch, clean


def test_planted_batches_vanish() -> None:
    values, batch, _ = planted()
    out = harmonize(values, batch, fit_harmonization(values, batch))

    def between(x: np.ndarray) -> float:
        return float(np.mean([np.var([x[batch == name, k].mean() for name in "abc"]) for k in range(x.shape[1])]))

    assert between(out) < 0.02 * between(values)
    spreads = [out[batch == name].std(axis=0).mean() for name in "abc"]
    assert max(spreads) / min(spreads) < 1.1


def test_only_training_patients_decide() -> None:
    values, batch, _ = planted()
    constants = fit_harmonization(values[:80], batch[:80])
    whole = harmonize(values, batch, constants)
    one_by_one = np.vstack([harmonize(values[k : k + 1], batch[k : k + 1], constants) for k in range(len(values))])
    np.testing.assert_array_equal(whole, one_by_one)
    moved = values.copy()
    moved[80:] += 100
    np.testing.assert_array_equal(harmonize(moved[:80], batch[:80], constants), whole[:80])


def test_one_batch_is_left_alone() -> None:
    values, _, _ = planted()
    batch = np.full(len(values), "only")
    np.testing.assert_allclose(harmonize(values, batch, fit_harmonization(values, batch)), values, rtol=1e-12)


def test_missing_values_stay_and_do_not_spread() -> None:
    values, batch, _ = planted()
    holes = np.random.default_rng(1).random(values.shape) < 0.1
    holed = np.where(holes, np.nan, values)
    holed[:, 3] = np.nan
    holed[:, 4] = 7.0
    out = harmonize(holed, batch, fit_harmonization(holed, batch))
    np.testing.assert_array_equal(np.isnan(out), np.isnan(holed))
    np.testing.assert_allclose(out[:, 4], 7.0)


def test_strange_and_small_batches_are_refused() -> None:
    values, batch, _ = planted()
    constants = fit_harmonization(values, batch)
    with pytest.raises(CohortError, match="z"):
        harmonize(values[:2], np.array(["a", "z"]), constants)
    with pytest.raises(CohortError, match="2 patients"):
        fit_harmonization(values[:10], np.array(["a"] * 8 + ["b"] * 2))
    with pytest.raises(CohortError, match="known already"):
        fit_new_batch(values, "a", constants)
    with pytest.raises(CohortError, match="at least 3"):
        fit_new_batch(values[:2], "new", constants)


def test_a_new_batch_comes_beside_the_training_without_changing_it() -> None:
    values, batch, _ = planted()
    old, new = batch != "c", batch == "c"
    constants = fit_harmonization(values[old], batch[old])
    wider = fit_new_batch(values[new], "c", constants)
    np.testing.assert_array_equal(
        harmonize(values[old], batch[old], wider), harmonize(values[old], batch[old], constants)
    )
    placed = harmonize(values[new], batch[new], wider)
    assert (
        np.abs(placed.mean(axis=0) - constants.mean).mean()
        < 0.1 * np.abs(values[new].mean(axis=0) - constants.mean).mean()
    )


def test_equals_the_published_program() -> None:
    inmoose = pytest.importorskip("inmoose.pycombat")
    values, batch, _ = planted()
    expected = np.asarray(inmoose.pycombat_norm(values.T, batch.tolist())).T
    ours = harmonize(values, batch, fit_harmonization(values, batch, ddof=0))
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_equals_the_authors_program_on_bladder_cancer(shared: Path) -> None:
    """sva 3.46.0 without covariates: 2,000 probes of 57 arrays in five batches."""
    folder = shared / "data" / "omics" / "golden"
    given = pd.read_parquet(folder / "bladder_2000.parquet")
    batch = pd.read_parquet(folder / "bladder_pheno.parquet")["batch"].loc[given.columns].astype(str).to_numpy()
    expected = pd.read_parquet(folder / "combat_nomod.parquet").loc[given.index, given.columns]
    values = given.to_numpy().T
    ours = harmonize(values, batch, fit_harmonization(values, batch))
    np.testing.assert_allclose(ours, expected.to_numpy().T, atol=2e-3)
    assert np.abs(values - expected.to_numpy().T).max() > 1.0
