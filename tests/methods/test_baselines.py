"""Baselines: planted effects found, nothing of the test fold seen, ridge equal to lifelines', anchors of the liver cohort."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.baselines import baselines
from groprog_assets.methods.boosting import fit_boosted_cox, predict_boosted_cox
from groprog_assets.methods.covariates import apply_covariates, fit_covariates
from groprog_assets.methods.folds import make_folds
from groprog_assets.methods.penalised_cox import fit_ridge_cox
from groprog_assets.parameters import Parameters
from groprog_kernels.concordance import harrell

PARAMETERS = Parameters()
FIELDS = pd.DataFrame(
    {
        "field": ["age", "stage", "site"],
        "kind": ["continuous", "ordinal", "categorical"],
        "levels": ["", json.dumps(["I", "II", "III"]), ""],
        "used": True,
    }
)


def _study(n: int = 150) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, np.ndarray]]:
    random = np.random.default_rng(0)
    age, stage = random.normal(60, 10, n), random.integers(0, 3, n)
    genes = random.normal(size=(n, 200)).astype(np.float32)
    hazard = np.exp(0.05 * (age - 60) + 0.6 * stage + 0.8 * genes[:, 0])
    death, lost = random.exponential(60 / hazard), random.exponential(60, n)
    ids = np.array([f"p{k:03d}" for k in range(n)])
    records = pd.DataFrame({"patient_id": ids, "age": age, "stage": np.array(["I", "II", "III"])[stage]})
    records["site"] = random.choice(["a", "b", "rare"], n, p=[0.6, 0.38, 0.02])
    records.loc[:14, "age"] = np.nan
    outcomes = pd.DataFrame({"patient_id": ids, "time": np.minimum(death, lost), "event": death <= lost})
    genes[0, 3] = np.nan
    genes[:, 4] = 1.0
    return records, outcomes, {"values": genes, "patient_id": ids[:-1], "gene": np.arange(200).astype(str)}


def test_planted_effects_and_columns() -> None:
    records, outcomes, expression = _study()
    expression["values"] = expression["values"][:-1]
    folds = make_folds(outcomes, None, PARAMETERS.evaluation, 1)
    found = baselines(records, FIELDS, outcomes, expression, folds, PARAMETERS)
    assert set(found.table["model"]) == {"clinical_cox", "penalised_cox", "boosted_cox"}
    columns = [column for column in found.table if column.startswith("survival_")]
    assert {"survival_12", "survival_36", "survival_60"} <= set(columns)
    assert found.table[columns].to_numpy().min() >= 0
    assert (np.diff(found.table[columns].to_numpy(), axis=1) <= 1e-12).all()
    for model, table in found.table.groupby("model"):
        joined = table.merge(outcomes, on="patient_id")
        assert harrell(joined["risk"], joined["time"], joined["event"]).cindex > 0.6, model
    json.dumps(found.summary)
    clinical = baselines(records, FIELDS, outcomes, None, folds, PARAMETERS)
    assert set(clinical.table["model"]) == {"clinical_cox", "boosted_cox"}


def test_nothing_of_the_test_fold_is_seen() -> None:
    records, outcomes, expression = _study(80)
    expression["values"] = expression["values"][:-1]
    folds = make_folds(outcomes, None, PARAMETERS.evaluation, 1)
    before = baselines(records, FIELDS, outcomes, expression, folds, PARAMETERS).table
    tested = folds.loc[folds["fold"] == 0, "patient_id"]
    changed = outcomes.copy()
    inside = changed["patient_id"].isin(tested)
    changed.loc[inside, "time"] = changed.loc[inside, "time"].to_numpy()[::-1] + 3
    after = baselines(records, FIELDS, changed, expression, folds, PARAMETERS).table
    same = before["patient_id"].isin(tested)
    pd.testing.assert_frame_equal(before[same], after[same])
    assert not before[~same].equals(after[~same])


def test_covariates_are_fitted_on_training_alone() -> None:
    records = _study()[0]
    fitted = fit_covariates(records.iloc[:100], FIELDS, 0.05)
    assert {"age", "stage", "age missing", "site=b"} <= set(fitted.names)
    design = apply_covariates(fitted, records.iloc[:100])
    at = fitted.names.index("age")
    assert design[:, at].mean() == pytest.approx(0, abs=1e-9)
    new = records.iloc[:1].assign(site="never seen", age=1e9, stage="unknown")
    row = apply_covariates(fitted, new)
    assert np.isfinite(row).all()
    assert row[0, at] == 5
    constant = fit_covariates(records.assign(age=1.0, stage="I", site="a"), FIELDS, 0.05)
    assert constant.names == []


def test_ridge_equals_lifelines() -> None:
    from lifelines import CoxPHFitter

    random = np.random.default_rng(2)
    x = random.normal(size=(120, 3))
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    time, event = np.ceil(5 * random.exponential(np.exp(-x[:, 0]))), random.random(120) < 0.7
    frame = pd.DataFrame(x, columns=list("abc")).assign(time=time, event=event)
    fitted = CoxPHFitter(penalizer=0.1).fit(frame, "time", "event")
    np.testing.assert_allclose(fit_ridge_cox([x], time, event, (12.0,)), fitted.params_, atol=1e-3)


def test_boosting_learns_a_threshold_and_stops_without_events() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(400, 4))
    time = random.exponential(np.exp(-2.0 * (x[:, 1] > 0.3)))
    model = fit_boosted_cox(x[:300], time[:300], np.ones(300, bool), 40)
    assert harrell(predict_boosted_cox(model, x[300:]), time[300:], np.ones(100)).cindex > 0.65
    assert fit_boosted_cox(x, time, np.zeros(400, bool), 5).trees == []


def test_folds_of_strangers_are_refused() -> None:
    records, outcomes, _ = _study(60)
    folds = make_folds(outcomes, None, PARAMETERS.evaluation, 1)
    with pytest.raises(CohortError, match="without a record"):
        baselines(records.iloc[1:], FIELDS, outcomes, None, folds, PARAMETERS)
