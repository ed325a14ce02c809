"""Assays as a branch of the linear path: fitted on training patients alone, without outcomes, read as matrices are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from groprog_assets.compute.shards.risk_model import told_left_out
from groprog_assets.model.ablation import variants
from groprog_assets.model.assay_encoder import AssayEncoder
from groprog_assets.model.checkpoint import load_model, save_model
from groprog_assets.model.cross_validation import cross_validate, train_final
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.explain import explain
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.predict import predict
from groprog_assets.model.vocabulary import matrix_problems, statements
from groprog_kernels.concordance import harrell
from tests.methods.integration.test_fold_covariates import changed, planted
from tests.model.cohorts import cohort, parameters, split

QUICK = {"training": {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2, "ensemble_seeds": 5}}


def with_hazard(n: int = 150, effect: float = 1.0) -> tuple[ModelInputs, Outcomes]:
    """A cohort whose hazard depends on age and on the factor of its assays."""
    inputs, _ = cohort(n, genes=0, signal=0.0)
    assays, factor = planted(seed=3, n=n)
    random = np.random.default_rng(5)
    age = np.nan_to_num(inputs.covariates["age"], nan=60.0)
    risk = 0.4 * (age - 60) / 10 + effect * factor
    dies, leaves = random.exponential(np.exp(-risk)) * 30, random.exponential(60, n)
    outcomes = Outcomes(np.minimum(dies, leaves) + 0.01, dies <= leaves)
    return replace(inputs, matrices=(assays,)), outcomes


def test_columns_are_those_of_the_training_patients_whatever_the_others_are():
    assays, _ = planted()
    train, test = np.arange(45), np.arange(45, 60)
    encoder = AssayEncoder.fit(assays.take(train))
    again = AssayEncoder.fit(changed(assays, 50).take(train))
    assert encoder is not None
    assert again is not None
    for rows in (train, test):
        np.testing.assert_array_equal(
            encoder.columns(assays.take(rows), rows.size), again.columns(assays.take(rows), rows.size)
        )
    z = encoder.z(assays.take(train), train.size)
    kinds = [len(own) for own in assays.take(train).fit().names.values()]
    spread = np.split(z.std(axis=0) ** 2, np.cumsum(kinds)[:-1])
    np.testing.assert_allclose([part.sum() for part in spread[::2]], 1.0)  # each kind has one variance in all
    np.testing.assert_array_equal(encoder.columns(None, 3), np.zeros((3, encoder.loadings.shape[1])))


def test_an_encoder_is_what_it_writes():
    inputs, _ = with_hazard(60)
    asked = parameters(**QUICK)
    encoders = Encoders.fit(inputs, asked)
    again = Encoders.restore(encoders.document(), encoders.arrays())
    np.testing.assert_array_equal(again.transform(inputs).further, encoders.transform(inputs).further)
    assert encoders.further == {"assays": encoders.matrices[0].loadings.shape[1]}


def test_what_training_patients_do_not_have_is_told_with_its_reason():
    inputs, _ = with_hazard(60)
    asked = parameters(**QUICK)
    assert Encoders.fit(inputs, asked).left_out(inputs) == {}
    assays = inputs.matrices[0]
    constant = replace(assays, assays=(assays.assays[0], assays.assays[1]._replace(values=np.ones((40, 57)))))
    inputs = replace(inputs, matrices=(constant,))
    assert set(Encoders.fit(inputs, asked).left_out(inputs)) == {"protein"}
    nothing = replace(inputs, matrices=(replace(constant, assays=constant.assays[1:]),))
    assert set(Encoders.fit(nothing, asked).left_out(nothing)) == {"assays"}
    why = {"protein": "no feature\nvaries"}
    made = [{"left_out": {"the final model": why}}, {"left_out": {"repeat 0 fold 0": {}}}]
    row = {"name": "protein", "reason": "no feature varies"}
    assert told_left_out(made) == {"assays_left_out": [{**row, "where": ["the final model"]}]}
    assert told_left_out([*made, {"left_out": {"repeat 0 fold 1": why}}])["assays_left_out"] == [
        {**row, "where": ["the final model", "repeat 0 fold 1"]}
    ]
    assert told_left_out(made[1:]) == {}


def test_outcomes_move_no_covariate_and_a_planted_factor_is_found_in_held_out_patients():
    inputs, outcomes = with_hazard()
    asked = parameters(**QUICK)
    folds = split(len(inputs), 3)
    random = np.random.default_rng(1)
    order = random.permutation(len(inputs))
    crossed = cross_validate(inputs, outcomes, folds, asked)
    permuted = cross_validate(inputs, outcomes.take(order), folds, asked)
    for one, other in zip(crossed.encoders, permuted.encoders, strict=True):
        np.testing.assert_array_equal(one.transform(inputs).further, other.transform(inputs).further)
    alone = cross_validate(inputs.without_matrix("assays"), outcomes, folds, asked)

    def score(made: dict[str, np.ndarray], known: Outcomes) -> float:
        rows = made["row"]
        return float(harrell(made["risk"], known.time[rows], known.event[rows]).cindex)

    assert score(crossed.out_of_fold, outcomes) > score(alone.out_of_fold, outcomes) + 0.05
    assert score(permuted.out_of_fold, outcomes.take(order)) < 0.6


def test_the_final_model_scores_patients_with_some_assays_or_none():
    inputs, outcomes = with_hazard(90)
    fitted = train_final(inputs, outcomes, parameters(**QUICK))
    model = load_model(save_model(fitted.model))
    np.testing.assert_array_equal(predict(model, inputs).risk, predict(fitted.model, inputs).risk)
    assays = inputs.matrices[0]
    rna = replace(assays, assays=assays.assays[:1])
    for held in ((), (rna,)):
        given = replace(inputs, matrices=held)
        assert np.isfinite(predict(model, given).risk).all()
        assert matrix_problems(model, given) == []
    assert any(
        "no protein: scored by the other assays" in note
        for note in statements(model, replace(inputs, matrices=(rna,)))[0]
    )
    assert any("no assay: counted as average" in note for note in statements(model, replace(inputs, matrices=()))[0])
    explained = explain(model, inputs)
    assert "assays: factor_1" in explained.alterations
    assert "assays" in variants(inputs, parameters(**QUICK))
    assert [row["branch"] for row in fitted.branches if row["weight"]] == ["clinical", "assays"]
