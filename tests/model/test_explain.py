"""Explanations: parts that sum to the score, and a planted gene on top."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.errors import ModelError
from groprog_assets.model.cross_validation import train_final
from groprog_assets.model.explain import explain
from groprog_assets.model.predict import predict
from tests.model.cohorts import FIELDS, PERCEPTRON, cohort, matched, parameters

QUICK = {"genomic_warmup_epochs": 2, "clinical_warmup_epochs": 2, "joint_epochs": 5}


FORMS = {
    "tokens": {},
    "columns in the paper's form": {"representation": {"pooling": "columns", "network_directions": 4}},
    "perceptron": PERCEPTRON,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", ["signature", "matched", "clinical"])
def test_parts_sum_to_risk_minus_reference(mode: str, form: str):
    inputs, outcomes = matched(60) if mode == "matched" else cohort(60)
    if mode == "signature":
        inputs.expression[3] = np.nan
    inputs = inputs.clinical_only() if mode == "clinical" else inputs
    model = train_final(inputs, outcomes, parameters(training=QUICK, **FORMS[form])).model
    for network in model.members:
        network.mixture[1] = 0.7  # whatever it earned
    told = explain(model, inputs.take(np.arange(12)))
    np.testing.assert_allclose(told.risk, predict(model, inputs.take(np.arange(12))).risk, atol=1e-9)
    total = told.reference + told.field.sum(axis=1) + told.block.sum(axis=1)
    np.testing.assert_allclose(total, told.risk, atol=1e-5)
    np.testing.assert_allclose(told.gene.sum(axis=1), told.block.sum(axis=1), atol=1e-5)
    assert told.fields == tuple(spec.name for spec in FIELDS)
    if mode == "signature":
        assert (told.gene[3] == 0).all()


def test_the_planted_gene_drives_the_score():
    inputs, outcomes = cohort(150, genes=10)
    generator = np.random.default_rng(0)
    inputs.expression[:] = generator.normal(size=inputs.expression.shape)
    rank = np.argsort(np.argsort(-outcomes.time))
    inputs.expression[:, 4] = (rank - rank.mean()) / rank.std() + generator.normal(size=150)
    model = train_final(inputs, outcomes, parameters()).model
    told = explain(model, inputs)
    assert told.genes[int(np.abs(told.gene).mean(axis=0).argmax())] == "G4"
    assert np.corrcoef(told.gene[:, 4], inputs.expression[:, 4])[0, 1] > 0.8


def test_too_few_steps_are_refused(monkeypatch: pytest.MonkeyPatch):
    inputs, outcomes = cohort(40)
    model = train_final(inputs, outcomes, parameters(training=QUICK)).model
    monkeypatch.setattr("groprog_assets.model.explain.TOLERANCE", 1e-12)
    with pytest.raises(ModelError, match="more steps"):
        explain(model, inputs, steps=1)
