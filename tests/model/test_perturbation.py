"""Disturbed patients are disturbed as stated, alike for equal seeds, and the rows reach their tables."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.evaluation.robustness_metrics import robustness
from groprog_assets.model.cross_validation import cross_validate, train_final
from groprog_assets.model.inputs import Fold
from groprog_assets.model.perturbation import member_view, perturbations
from groprog_assets.model.predict import predict
from groprog_assets.model.risk_model import RiskModel
from groprog_assets.prognosis.robustness_runs import FoldStability
from groprog_assets.study.parameters import PerturbationParameters
from tests.model.cohorts import cohort, matched, parameters, split

QUICK = parameters(training={"joint_epochs": 4, "genomic_warmup_epochs": 2, "clinical_warmup_epochs": 2})
ASKED = PerturbationParameters(noise=[0.5], gene_dropout=[0.4], draws=2)


@pytest.fixture(scope="module")
def model() -> RiskModel:
    return train_final(*cohort(100), QUICK).model


def test_noise_dropout_and_permutation_do_what_they_say(model: RiskModel):
    inputs, _ = cohort(100)
    made = list(perturbations(model, inputs, ASKED, 3))
    assert [(item.kind, item.draw) for item in made] == [
        (kind, draw) for draw in (0, 1) for kind in ("noise", "gene_dropout", "permutation")
    ]
    clean = inputs.with_genes(model.genes).expression
    noisy, holed, shuffled = (item.inputs.expression for item in made[:3])
    assert clean is not None
    moved = (noisy - clean) / model.encoders.expression.scale
    assert np.nanstd(moved) == pytest.approx(0.5, rel=0.05)
    np.testing.assert_array_equal(np.isnan(noisy), np.isnan(clean))
    lost = np.isnan(holed).all(axis=0)
    assert lost.sum() == round(0.4 * len(model.genes))
    assert sorted(map(tuple, np.nan_to_num(shuffled))) == sorted(map(tuple, np.nan_to_num(clean)))
    for item in made:
        np.testing.assert_array_equal(item.inputs.covariates["stage"], inputs.covariates["stage"])


def test_equal_seeds_disturb_alike(model: RiskModel):
    inputs, _ = cohort(100)
    one, two, other = ([item.inputs.expression for item in perturbations(model, inputs, ASKED, s)] for s in (3, 3, 4))
    for a, b in zip(one, two):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[0], other[0])


def test_clinical_models_have_nothing_to_disturb():
    inputs, outcomes = cohort(100)
    clinical = inputs.clinical_only()
    assert list(perturbations(train_final(clinical, outcomes, QUICK).model, clinical, ASKED, 1)) == []


def test_matched_descriptors_are_disturbed():
    inputs, outcomes = matched(60)
    network = parameters(
        representation={"mode": "matched"}, linear_path={"enabled": False}, training={"joint_epochs": 3}
    )
    fitted = train_final(inputs, outcomes, network)
    risks = [predict(fitted.model, item.inputs).risk for item in perturbations(fitted.model, inputs, ASKED, 1)]
    assert all(np.isfinite(risk).all() for risk in risks)
    assert not np.allclose(risks[0], predict(fitted.model, inputs).risk)


def test_members_average_to_the_score(model: RiskModel):
    inputs, _ = cohort(100)
    view = member_view(model, inputs)
    np.testing.assert_allclose(view.risk.mean(axis=0), predict(model, inputs).risk, atol=1e-12)
    np.testing.assert_array_equal(view.h[0], predict(model, inputs).h)


def test_folds_fill_the_tables_and_more_noise_moves_more():
    inputs, outcomes = cohort(120)
    wide = PerturbationParameters(noise=[0.1, 3.0], gene_dropout=[0.5], draws=3)
    collected = FoldStability(outcomes, wide, 1)
    crossed = cross_validate(inputs, outcomes, split(120, 2), QUICK, inspect=collected.inspect)
    tables = collected.tables()
    assert len(tables["stability"]) == 2 * 3 * 4
    assert len(tables["agreement"]) == 2
    import pandas as pd

    document = robustness(tables["stability"], tables["agreement"], pd.DataFrame(crossed.out_of_fold))
    level = {(row["kind"], row["level"]): row["spearman"]["mean"] for row in document["perturbations"]}
    assert level["noise", 0.1] > level["noise", 3.0]
    assert 0 < document["members"]["cka"]["mean"] <= 1
    assert 0 < document["members"]["score_cka"]["mean"] <= 1
    assert document["seed_spread"] > 0


@pytest.mark.parametrize("form", ["perceptron", "paper"])
def test_the_terms_are_what_the_score_is_the_sum_of(form: str):
    inputs, outcomes = cohort(100)
    settings = QUICK.model_copy(update={"network": QUICK.network.model_copy(update={"form": form})})
    model = train_final(inputs, outcomes, settings).model
    for network in model.members:
        network.mixture[1] = 0.7
    view = member_view(model, inputs)
    offsets = np.array([float(network.offset) for network in model.members])
    np.testing.assert_allclose(view.terms.sum(axis=2) + offsets[:, None], view.risk, atol=1e-6)


def test_what_weighs_nothing_is_not_in_the_agreement_of_scores(model: RiskModel):
    """With the network's weight 0, members of one linear path agree fully, although their last layers are strangers."""
    from copy import deepcopy

    inputs, outcomes = cohort(100)
    alone = deepcopy(model)
    for network in alone.members:
        network.mixture[1], network.linear[:] = 0.0, model.members[0].linear
    collected = FoldStability(outcomes, ASKED, 1)
    held_out = np.arange(40, 100)
    collected.inspect(Fold(0, 0, np.arange(40), held_out), alone, inputs.take(held_out))
    agreement = collected.tables()["agreement"]
    np.testing.assert_allclose(agreement["score_cka"], 1.0)
    assert (agreement["cka"] < 0.99).all()
