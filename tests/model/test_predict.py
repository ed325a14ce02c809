"""Scores: a patient's own, in any company and any order; unseen values, missing genes and columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.errors import ModelError
from groprog_assets.model.cross_validation import train_final
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.predict import percentiles, predict
from groprog_assets.model.risk_model import RiskModel
from tests.model.cohorts import FIELDS, cohort, parameters


@pytest.fixture(scope="module")
def model() -> RiskModel:
    inputs, outcomes = cohort(80)
    quick = {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 3}
    return train_final(inputs, outcomes, parameters(training=quick)).model


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 29), min_size=1, max_size=12, unique=True))
def test_one_by_one_equals_a_batch_in_any_order(model: RiskModel, rows: list[int]):
    inputs, _ = cohort(30, seed=9)
    whole = predict(model, inputs)
    some = predict(model, inputs.take(np.array(rows)))
    for name in ("risk", "lower", "upper", "survival", "eta", "member_risk"):
        np.testing.assert_allclose(getattr(some, name), getattr(whole, name)[rows], rtol=1e-9, atol=1e-10)
    assert some.patient_id.tolist() == whole.patient_id[rows].tolist()


def test_score_has_an_interval_a_percentile_and_survival(model: RiskModel):
    inputs, _ = cohort(30, seed=9)
    prediction = predict(model, inputs)
    assert (prediction.lower <= prediction.risk).all()
    assert (prediction.risk <= prediction.upper).all()
    np.testing.assert_allclose(prediction.risk, prediction.member_risk.mean(axis=1))
    order = np.argsort(prediction.risk)
    assert (np.diff(prediction.percentile[order]) >= 0).all()
    assert (np.diff(prediction.survival[order], axis=0) <= 1e-12).all()
    assert (prediction.survival_lower <= prediction.survival).all()
    assert (prediction.survival <= prediction.survival_upper).all()


def test_percentiles_count_ties_half():
    training = np.array([1.0, 1.0, 2.0, 3.0])
    np.testing.assert_allclose(percentiles(np.array([0.0, 1.0, 5.0]), training), [0, 25, 100])
    np.testing.assert_allclose(percentiles(np.array([1.0 - 1e-15, 1.0 + 1e-15]), training), [25, 25])


def test_missing_genes_and_values_are_survived(model: RiskModel):
    inputs, _ = cohort(10, seed=9)
    covariates = {name: values.copy() for name, values in inputs.covariates.items()}
    covariates["age"][:] = np.nan
    covariates["sex"] = np.full(10, "unheard of")
    kept = inputs.genes[:7]
    partial = ModelInputs(inputs.patient_id, FIELDS, covariates, np.asarray(inputs.expression)[:, :7], kept)
    prediction = predict(model, partial)
    assert np.isfinite(prediction.risk).all()
    assert (prediction.genes_used <= 7).all()


def test_an_absent_column_is_named(model: RiskModel):
    inputs, _ = cohort(5)
    covariates = {name: values for name, values in inputs.covariates.items() if name != "stage"}
    fields = tuple(spec for spec in FIELDS if spec.name != "stage")
    with pytest.raises(ModelError, match="covariate stage: absent"):
        predict(model, ModelInputs(inputs.patient_id, fields, covariates))


def test_nobody_is_scored_without_trouble(model: RiskModel):
    inputs, _ = cohort(5)
    assert predict(model, inputs.take(np.zeros(0, np.int64))).risk.shape == (0,)
