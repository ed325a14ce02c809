"""ComBat against its definition, and against the authors' program on real arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels.combat import apply_combat, batch_effect, fit_combat
from groprog_kernels.combat_reference import combat_reference


def planted(seed: int, n: int = 24, f: int = 12, batches: int = 3, missing: float = 0.0) -> tuple[np.ndarray, ...]:
    """Values with batch effects, batch numbers each of several samples, and two covariates."""
    rng = np.random.default_rng(seed)
    batch = np.concatenate([np.repeat(np.arange(batches), 4), rng.integers(0, batches, n - 4 * batches)])
    covariates = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)]).astype(float)
    values = rng.normal(6, 2, f) + rng.normal(size=(n, f)) * rng.uniform(0.5, 2, (batches, f))[batch]
    values += rng.normal(size=(batches, f))[batch] + covariates @ rng.normal(size=(2, f))
    values[rng.random(values.shape) < missing] = np.nan
    return values, batch, covariates


@settings(max_examples=40)
@given(
    st.integers(0, 10_000), st.integers(2, 4), st.booleans(), st.sampled_from([-1, 0, 1]), st.booleans(), st.booleans()
)
def test_equals_the_definition(seed: int, batches: int, adjusted: bool, reference: int, mean_only: bool, holes: bool):
    values, batch, covariates = planted(seed, 28, 9, batches, 0.08 if holes else 0.0)
    if any(np.isfinite(values[batch == b]).sum(axis=0).min() < 2 for b in range(batches)):
        return
    given_covariates = covariates if adjusted else None
    constants = fit_combat(values, batch, batches, given_covariates, reference=reference, mean_only=mean_only)
    found = apply_combat(values, batch, constants, given_covariates)
    held = covariates if adjusted else np.empty((len(values), 0))
    expected = combat_reference(values, batch, held, reference, mean_only)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("golden", "adjusted"), [("combat_nomod", False), ("combat_mod", True)])
def test_equals_sva_on_bladder_cancer(shared: Path, golden: str, adjusted: bool):
    """sva 3.46.0: 2,000 probes of 57 arrays in five batches, without covariates and with the tissue as one."""
    folder = shared / "data" / "omics" / "golden"
    values = pd.read_parquet(folder / "bladder_2000.parquet")
    about = pd.read_parquet(folder / "bladder_pheno.parquet").loc[values.columns]
    expected = pd.read_parquet(folder / f"{golden}.parquet").loc[values.index, values.columns]
    batch = about["batch"].to_numpy() - 1
    kinds = pd.get_dummies(about["cancer"], drop_first=True).to_numpy(float) if adjusted else None
    constants = fit_combat(values.to_numpy().T, batch, 5, kinds)
    found = apply_combat(values.to_numpy().T, batch, constants, kinds)
    np.testing.assert_allclose(found, expected.to_numpy().T, rtol=0, atol=1e-10)


def test_a_new_sample_is_moved_by_the_constants_alone():
    values, batch, covariates = planted(3, 30)
    constants = fit_combat(values[:24], batch[:24], 3, covariates[:24])
    whole = apply_combat(values, batch, constants, covariates)
    for k in (25, 29):
        alone = apply_combat(values[k : k + 1], batch[k : k + 1], constants, covariates[k : k + 1])
        np.testing.assert_allclose(alone[0], whole[k], rtol=1e-13)


def test_the_reference_batch_stays_and_the_others_come_to_it():
    values, batch, _ = planted(5, 60, 40)
    found = apply_combat(values, batch, fit_combat(values, batch, 3, reference=1))
    np.testing.assert_array_equal(found[batch == 1], values[batch == 1])

    def apart(matrix: np.ndarray, b: int) -> float:
        return float(np.abs(matrix[batch == b].mean(axis=0) - values[batch == 1].mean(axis=0)).mean())

    assert apart(found, 0) < 0.3 * apart(values, 0)


def test_missing_values_stay_and_features_without_spread_too():
    values, batch, covariates = planted(7, missing=0.1)
    values[:, 2], values[:, 3] = 5.0, np.nan
    values[batch == 2, 4] = np.nan
    found = apply_combat(values, batch, fit_combat(values, batch, 3, covariates), covariates)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    np.testing.assert_allclose(found[:, 2], 5.0)


def test_one_batch_and_one_feature_are_legal():
    values, batch, _ = planted(1)
    np.testing.assert_allclose(apply_combat(values, batch * 0, fit_combat(values, batch * 0, 1)), values, rtol=1e-12)
    one = values[:, :1]
    assert np.isfinite(apply_combat(one, batch, fit_combat(one, batch, 3))).all()
    found = batch_effect(np.full((3, 2), np.nan), np.ones(2, bool))
    assert (found.shift.tolist(), found.factor.tolist()) == ([0, 0], [1, 1])


def test_what_does_not_fit_is_refused():
    values, batch, covariates = planted(1)
    with pytest.raises(ValueError, match="batch numbers"):
        fit_combat(values, batch, 2)
    with pytest.raises(ValueError, match="covariates"):
        fit_combat(values, batch, 3, np.where(covariates > 0, np.nan, covariates))
    with pytest.raises(ValueError, match="reference"):
        fit_combat(values, batch, 3, reference=3)
    with pytest.raises(ValueError, match="the fit had 0"):
        apply_combat(values, batch, fit_combat(values, batch, 3), covariates)
    with pytest.raises(ValueError, match=r"\(n, f\)"):
        fit_combat(values, batch[1:], 3)
