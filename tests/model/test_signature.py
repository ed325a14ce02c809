"""The signature branch: its functions by hand, its columns by their definition, and a planted programme that only it finds."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.model.checkpoint import load_model, save_model
from groprog_assets.model.cross_validation import cross_validate, train_final
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.explain import SIGNATURE_BLOCK, explain
from groprog_assets.model.predict import predict
from groprog_assets.model.signature import SIGNED, SignatureEncoder, functions
from groprog_assets.study.model_parameters import SignatureParameters
from groprog_kernels.concordance import harrell
from tests.model.cohorts import matched, parameters, split
from tests.model.planted import planted, shuffled

NAMES = (
    "body_density",
    "pausing_index_rank",
    "log2_fold_change",
    "significance",
    "cell_junction",
    "key_locus",
    "mark_a_body",
    "enhancers_near",
    "enhancer_response",
    "key_locus_activity",
    "key_locus_response",
    "chromatin_coordination",
    "track_control_sense_01",
)
GENES = np.array(
    [
        [0.5, 0.9, 0.8, 0.5, 1.0, 0.0, 0.2, 1.0, 0.5, 0.0, 0.0, 0.5, 1.0],
        [0.2, 0.5, -0.4, -0.25, 0.0, 1.0, 0.4, 0.0, 0.0, 1.0, -0.7, 0.25, 0.0],
        [0.1, 0.1, 0.0, 0.0, 0.0, 0.0, 0.6, 1.0, -0.3, 0.0, 0.0, 1.0, 0.0],
        [np.nan] * 13,
    ]
)
ALL = SignatureParameters()
QUICK = {"training": {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2, "ensemble_seeds": 5}}


def test_functions_by_hand():
    found = functions(GENES, NAMES, ALL)
    by_name = dict(zip(found.names, found.values.T))
    expected: dict[str, list[float]] = {
        "response": [0.8, -0.4, 0, 0],
        "raised": [0.8, 0, 0, 0],
        "lowered": [0, -0.4, 0, 0],
        "response_by_significance": [0.4, -0.1, 0, 0],
        "response_by_density": [0.4, -0.08, 0, 0],
        "strongly_paused": [1, 0, 0, 0],
        "weakly_paused": [0, 0, 1, 0],
        "cell_junction": [1, 0, 0, 0],
        "key_locus": [0, 1, 0, 0],
        "mark_a_body": [0.2, 0.4, 0.6, 0],
        "enhancers_near": [1, 0, 1, 0],
        "enhancer_response": [0.5, 0, -0.3, 0],
        "key_locus_activity": [0, 1, 0, 0],
        "key_locus_response": [0, -0.7, 0, 0],
        "response_by_coordination": [0.4, -0.1, 0, 0],
        "track_control_sense_01": [1, 0, 0, 0],
    }
    assert set(by_name) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(by_name[name], values, err_msg=name)


@pytest.mark.parametrize(
    ("switch", "lost"),
    [
        ("response", {"response"}),
        ("raised", {"raised"}),
        ("lowered", {"lowered"}),
        ("response_by_significance", {"response_by_significance"}),
        ("response_by_density", {"response_by_density"}),
        ("pausing_classes", {"strongly_paused", "weakly_paused"}),
        ("labels", {"cell_junction"}),
        ("key_loci", {"key_locus"}),
        ("marks", {"mark_a_body"}),
        ("enhancers", {"enhancers_near"}),
        ("enhancer_response", {"enhancer_response"}),
        ("key_locus_activity", {"key_locus_activity", "key_locus_response"}),
        ("response_by_coordination", {"response_by_coordination"}),
        ("tracks", {"track_control_sense_01"}),
    ],
)
def test_a_function_can_be_left_out(switch: str, lost: set[str]):
    asked = SignatureParameters.model_validate({switch: False})
    assert set(functions(GENES, NAMES, ALL).names) - set(functions(GENES, NAMES, asked).names) == lost


def test_columns_are_sums_over_genes_of_unit_spread():
    z = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    encoder = SignatureEncoder.fit(GENES, NAMES, z, ALL)
    assert encoder is not None
    phi = functions(GENES, NAMES, ALL)
    for column, (name, of) in enumerate(zip(encoder.names, encoder.of)):
        weight = phi.values[:, phi.names.index(name)].copy()
        if of not in SIGNED:
            weight[:3] -= weight[:3].mean()
        sums = np.array([sum(weight[gene] * patient[gene] for gene in range(4)) for patient in z.astype(float)])
        np.testing.assert_allclose(encoder.columns(z)[:, column], sums / sums.std(), rtol=1e-5, atol=1e-5)
    assert SignatureEncoder.fit(np.full((4, len(NAMES)), np.nan), NAMES, z, ALL) is None


def test_a_planted_programme_is_found_and_lost_with_shuffled_descriptors():
    """Held-out C falls by at least 0.02, every score changes, and the branch falls back to (almost) nothing."""
    inputs, outcomes = planted("programme", seed=1)
    settings = parameters(
        **QUICK, linear_path={"penalties": [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0], "partitions": 1}
    )
    folds = split(len(inputs), 5)

    def scored(given):
        crossed = cross_validate(given, outcomes, folds, settings, keep_models=False)
        parts = [crossed.out_of_fold["fold"] == fold for fold in range(5)]
        rows = [crossed.out_of_fold["row"][part] for part in parts]
        risks = [crossed.out_of_fold["risk"][part] for part in parts]
        found = [harrell(risk, outcomes.time[row], outcomes.event[row]).cindex for risk, row in zip(risks, rows)]
        return float(np.mean(found)), crossed.out_of_fold["risk"]

    true, risk = scored(inputs)
    lost, other = scored(shuffled(inputs))
    assert true - lost >= 0.02
    assert (np.abs(risk - other) > 1e-6).all()
    fitted, without = train_final(inputs, outcomes, settings), train_final(shuffled(inputs), outcomes, settings)
    assert fitted.signature is not None
    assert fitted.signature["share"] > 0.25
    assert without.signature is None or without.signature["share"] < 0.15
    response = next(curve for curve in fitted.signature["curves"] if curve["descriptor"] == "log2_fold_change")
    assert response["lower"][-1] > 0 > response["upper"][0]
    assert response["weight"][response["value"].index(0.0)] == 0
    told = explain(fitted.model, inputs.take(np.arange(20)))
    held = np.abs(told.block[:, told.blocks.index(SIGNATURE_BLOCK)])
    assert (held > 0).mean() > 0.8
    np.testing.assert_allclose(told.gene.sum(axis=1), told.block.sum(axis=1), atol=1e-4)


def test_the_branch_is_restored_with_the_model():
    inputs, outcomes = planted("programme", patients=120)
    model = train_final(inputs, outcomes, parameters(**QUICK)).model
    again = load_model(save_model(model))
    assert again.encoders.signature is not None
    assert model.encoders.signature is not None
    assert again.encoders.signature.names == model.encoders.signature.names
    np.testing.assert_array_equal(predict(again, inputs).risk, predict(model, inputs).risk)


def test_a_patients_own_libraries_make_the_columns_in_matched_mode():
    inputs, _ = matched(40)
    assert inputs.descriptors is not None
    inputs.descriptors[3] = np.nan
    encoders = Encoders.fit(inputs, parameters())
    assert encoders.signature is not None
    encoded = encoders.transform(inputs)
    assert "response" in encoders.signature.names
    response = np.nan_to_num(inputs.descriptors[..., 4]).sum(axis=1)
    known = np.arange(40) != 3
    column = encoded.signature[:, encoders.signature.names.index("response")]
    np.testing.assert_allclose(
        column[known], (response - response[known].mean())[known] / response[known].std(), atol=1e-5
    )
    assert (encoded.signature[3] == 0).all()
    one = encoders.transform(inputs.take(np.array([7])))
    np.testing.assert_allclose(one.signature[0], encoded.signature[7], atol=1e-6)


def test_no_branch_without_descriptors_or_when_switched_off():
    inputs, _ = planted("programme", patients=60)
    assert Encoders.fit(inputs, parameters(signature={"enabled": False})).signature is None
    assert Encoders.fit(inputs.clinical_only(), parameters()).signature is None
    encoded = Encoders.fit(inputs, parameters()).transform(inputs.clinical_only())
    assert encoded.signature.shape[1] > 0
    assert not encoded.signature.any()
