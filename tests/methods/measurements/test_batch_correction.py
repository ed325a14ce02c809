"""Batches: what is refused, what is removed, what a covariate does, and limma's correction for figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.measurements.batch_correction import (
    batch_problems,
    confoundings,
    correct,
    cramers_v,
    explained_share,
    fit_batches,
    number_columns,
    without_batches,
)
from groprog_assets.study.omics_assays import BatchCorrection
from groprog_assets.study.parameters import Parameters

GIVEN = Parameters().measurements


def planted(seed: int = 0) -> tuple[np.ndarray, list[str], dict[str, list[str]]]:
    rng = np.random.default_rng(seed)
    batch = list("aabbcc" * 6)
    columns = {"kind": list("xy" * 18), "age": [str(40 + k % 7) for k in range(36)]}
    values = rng.normal(8, 1, (50, 36)) + np.array([{"a": 0, "b": 2, "c": -1}[name] for name in batch])
    values[:25] += np.where(np.array(columns["kind"]) == "x", 1.5, 0.0)
    return values, batch, columns


def wish(**given: object) -> BatchCorrection:
    return BatchCorrection.model_validate(given)


def told(batch: list, columns: dict, correction: BatchCorrection) -> str:
    problems = batch_problems("rna", batch, columns, correction, GIVEN)
    assert all(item.rule and item.remedy for item in problems)
    return "; ".join(f"{item.value} {item.rule}" for item in problems)


def test_a_sound_design_has_no_problem():
    _, batch, columns = planted()
    assert told(batch, columns, wish(covariates=["kind", "age"], reference_batch="b")) == ""
    assert told([None] * 36, columns, wish()) == ""
    assert told(["a"] * 36, columns, wish()) == ""


def test_what_cannot_be_corrected_is_refused_by_name():
    _, batch, columns = planted()
    assert "batch z has one sample" in told([*batch[:-1], "z"], columns, wish())
    assert told([*batch[:-1], "z"], columns, wish(mean_only=True)) == ""
    assert "1 sample without a batch" in told([None, *batch[1:]], columns, wish())
    assert "reference_batch 'q'" in told(batch, columns, wish(reference_batch="q"))
    assert "kind is missing in 1 sample" in told(
        batch, {"kind": [None, *columns["kind"][1:]]}, wish(covariates=["kind"])
    )
    same = {"plate": ["p" + name for name in batch], **columns}
    assert "Cramer's V of batch and plate 1.00" in told(batch, same, wish(covariates=["plate"]))
    assert "Cramer's V of batch and plate 1.00" in told(batch, same, wish(outcome="plate"))
    dose = {"dose": [str({"a": 1, "b": 2, "c": 5}[name]) for name in batch]}
    assert "rank 3 of 4" in told(batch, dose, wish(covariates=["dose"]))


def test_cramers_v_is_that_of_the_chi_square_test():
    from scipy.stats.contingency import association

    rng = np.random.default_rng(4)
    a, b = rng.choice(list("abc"), 200).tolist(), rng.choice(list("xyzw"), 200).tolist()
    assert cramers_v(a, b) == pytest.approx(association(pd.crosstab(pd.Series(a), pd.Series(b)), method="cramer"))
    assert cramers_v(a, a) == pytest.approx(1.0)
    assert cramers_v(a, ["x"] * 200) == 0.0
    assert cramers_v(["a", None, "b", "b"], ["x", "x", "y", None]) == pytest.approx(1.0)
    found = confoundings(a, {"b": b, "age": [str(k) for k in range(200)]}, wish(covariates=["age", "b"], outcome="b"))
    assert [item.factor for item in found] == ["b"], "a number has no levels"


def test_a_column_of_numbers_has_more_than_two_values_all_finite():
    columns: dict[str, list[str | None]] = {"age": ["40", None, "51.5", "62"], "died": ["0", "1", "0", "1"]}
    columns |= {"stage": ["1", "2", "3", "other"], "dose": ["1", "2", "3", "1e400"], "kind": ["x", "y", "z", None]}
    assert number_columns(columns, list(columns)) == ("age",)


def test_batches_go_and_the_covariate_stays():
    values, batch, columns = planted()
    fit = fit_batches(values, batch, columns, wish(covariates=["kind"]), GIVEN)
    found = correct(values, batch, columns, fit)
    assert explained_share(values, batch) > 0.4
    assert explained_share(found, batch) < 0.05
    assert explained_share(found[:25], columns["kind"]) > explained_share(values[:25], columns["kind"])


def test_training_samples_alone_decide_and_strangers_are_refused():
    values, batch, columns = planted()
    train = {name: column[:30] for name, column in columns.items()}
    fit = fit_batches(values[:, :30], batch[:30], train, wish(covariates=["kind"]), GIVEN)
    whole = correct(values, batch, columns, fit)
    alone = correct(values[:, 33:34], batch[33:34], {"kind": columns["kind"][33:34]}, fit)
    np.testing.assert_allclose(alone[:, 0], whole[:, 33], rtol=1e-12)
    with pytest.raises(AssayError, match="of another nothing is known"):
        correct(values[:, :1], ["new"], {"kind": ["x"]}, fit)
    with pytest.raises(AssayError, match="Levels of kind"):
        correct(values[:, :1], ["a"], {"kind": ["z"]}, fit)


def test_the_share_of_variance_is_the_r_squared_of_a_regression():
    values, batch, _ = planted(3)
    values[::4, ::5] = np.nan
    names: list[str | None] = [None if k == 5 else name for k, name in enumerate(batch)]
    shares = []
    for row in values:
        frame = pd.DataFrame({"y": row, "b": names}).dropna()
        residual = frame["y"] - frame.groupby("b")["y"].transform("mean")
        shares.append(1 - (residual**2).sum() / ((frame["y"] - frame["y"].mean()) ** 2).sum())
    assert explained_share(values, names) == pytest.approx(np.median(shares))
    assert np.isnan(explained_share(values, ["a"] * 36))


def test_bladder_cancer_as_sva_and_limma_have_it(shared: Path):
    """What an outcome as covariate does: its share of variance rises from .18 to .35, where without it falls to .12."""
    folder = shared / "data" / "omics" / "golden"
    table = pd.read_parquet(folder / "bladder_2000.parquet")
    about = pd.read_parquet(folder / "bladder_pheno.parquet").loc[table.columns]
    values, batch, cancer = table.to_numpy(), about["batch"].astype(str).tolist(), about["cancer"].astype(str).tolist()
    assert cramers_v(batch, cancer) == pytest.approx(0.74, abs=0.005)
    assert explained_share(values, batch) == pytest.approx(0.18, abs=0.005)
    assert explained_share(values, cancer) == pytest.approx(0.18, abs=0.005)
    shares = {}
    for name, covariates in (("combat_nomod", []), ("combat_mod", ["cancer"])):
        columns = {"cancer": cancer}
        fit = fit_batches(values, batch, columns, wish(covariates=covariates), GIVEN)
        found = correct(values, batch, columns, fit)
        expected = pd.read_parquet(folder / f"{name}.parquet").loc[table.index, table.columns].to_numpy()
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
        shares[name] = (explained_share(found, batch), explained_share(found, cancer))
    assert shares["combat_nomod"] == pytest.approx((0.016, 0.12), abs=0.005)
    assert shares["combat_mod"] == pytest.approx((0.16, 0.35), abs=0.005)
    removed = without_batches(values[:600], batch, cancer)
    golden = pd.read_parquet(folder / "rbe.parquet").loc[table.index[:600], table.columns].to_numpy()
    np.testing.assert_allclose(removed, golden, rtol=0, atol=1e-10)


def test_for_figures_batches_have_one_mean_and_holes_stay():
    values, batch, _ = planted(5)
    values[3, 4] = np.nan
    found = without_batches(values, batch)
    means = np.array([np.nanmean(found[:, np.array(batch) == name], axis=1) for name in "abc"])
    np.testing.assert_allclose(means - means[0], 0, atol=1e-9)
    assert np.isnan(found[3, 4])
    assert np.isnan(found).sum() == 1
