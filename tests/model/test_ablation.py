"""Each variant lacks its part and nothing else; the linear path is the same in all."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.model.ablation import CHANGES, FEW, variants, without
from groprog_assets.model.cross_validation import cross_validate, fit_model
from groprog_assets.model.encoders import Encoders
from groprog_assets.study.model_parameters import SignatureParameters
from groprog_assets.study.parameters import Parameters
from tests.model.cohorts import PERCEPTRON, cohort, matched, parameters, split
from tests.model.planted import BLOCKS, planted


def asked(parts: str) -> Parameters:
    return parameters(ablation={"parts": parts}, training={"joint_epochs": 3})


def test_few_all_and_none():
    inputs, _ = cohort(60)
    assert tuple(variants(inputs, asked("few"))) == tuple(
        part for part in FEW if part not in ("sources", "sequence", "pretrained")
    )
    common = {"descriptors", "density", "pausing", "differential", *CHANGES}
    assert set(variants(inputs, asked("all"))) == common - {"perceptron", "columns"}
    simple = parameters(**PERCEPTRON, ablation={"parts": "all"})
    assert set(variants(inputs, simple)) == common - {"coupling", "balance", "gene_deviation"}
    assert variants(inputs, asked("none")) == {}
    shared = [part for part, variant in variants(inputs, asked("all")).items() if not variant.own_path]
    assert set(shared) == set(CHANGES) - {"signature", "perceptron", "columns"}
    assert set(variants(inputs.clinical_only(), asked("all"))) == {"ranking", "event_weights", "moving_average"}
    assert "descriptors" not in variants(matched(30)[0], asked("all"))


@pytest.mark.parametrize("part", sorted(CHANGES))
def test_a_variant_changes_one_setting(part: str):
    inputs, _ = cohort(60)
    given = parameters(**PERCEPTRON, ablation={"parts": "all"}) if part in ("perceptron", "columns") else asked("all")
    changed = variants(inputs, given)[part].parameters
    different = [
        f"{group}.{name}"
        for group in Parameters.model_fields
        for name in type(getattr(given, group)).model_fields
        if getattr(getattr(given, group), name) != getattr(getattr(changed, group), name)
    ]
    assert different == [f"{group}.{name}" for group, values in CHANGES[part].items() for name in values]


def test_a_block_without_values_feeds_no_map():
    inputs, _ = cohort(60)
    sources = Encoders.fit(without(inputs, inputs.blocks["pausing"]), asked("all")).descriptor.sources
    assert sources["pausing"] == ()
    assert sources["tss"]


@pytest.mark.parametrize("part", BLOCKS)
def test_a_model_with_a_signature_is_trained_without_any_one_block(part: str):
    inputs, outcomes = planted("signature", patients=120)
    given = parameters(**PERCEPTRON, ablation={"parts": "all"}, training={"joint_epochs": 1})
    given = given.model_copy(update={"signature": SignatureParameters()})
    variant = variants(inputs, given)[part]
    fitted = fit_model(variant.inputs, outcomes, variant.parameters)
    assert fitted.signature is not None
    lost = set(BLOCKS[part])
    assert not lost & {curve["descriptor"] for curve in fitted.signature["curves"]}


def test_linear_paths_are_shared_and_the_two_halves_are_told_apart():
    inputs, outcomes = cohort(80)
    folds = split(80, 2)
    given = asked("few")
    paths: dict = {}
    whole = cross_validate(inputs, outcomes, folds, given, paths=paths)
    assert set(paths) == {(0, 0), (0, 1)}
    variant = variants(inputs, given)["ranking"]
    again = cross_validate(variant.inputs, outcomes, folds, variant.parameters, paths=paths)
    alone = cross_validate(variant.inputs, outcomes, folds, variant.parameters)
    np.testing.assert_allclose(again.out_of_fold["risk"], alone.out_of_fold["risk"], atol=1e-9)
    np.testing.assert_allclose(whole.out_of_fold["linear_risk"], again.out_of_fold["linear_risk"], atol=1e-9)
    for fold, model in zip(folds, whole.models):
        inside = whole.out_of_fold["fold"] == fold.fold
        mixture, offset = model.members[0].mixture.numpy(), float(model.members[0].offset)
        parts = np.column_stack([whole.out_of_fold[name][inside] for name in ("linear_risk", "network_risk")])
        np.testing.assert_allclose(parts @ mixture + offset, whole.out_of_fold["risk"][inside], atol=1e-9)
