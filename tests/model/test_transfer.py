"""Other cohorts: those that share the hazard help a small one, a placebo does not, a harmful one is dropped."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.fitting.ridge_cox import Stratum, fit_stratified
from groprog_assets.model.cross_validation import fit_model, fit_path
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.explain import SOURCE_BLOCK, explain
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.learning_curve import PLACEBO, PLAIN, SOURCES, learning_curve
from groprog_assets.model.linear import path_columns
from groprog_assets.model.predict import predict
from groprog_assets.model.source_columns import SourceFits
from groprog_assets.model.source_fits import Source, fit_sources
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell
from groprog_kernels.risk_sets import risk_sets
from tests.model import cohorts

FIELDS = (FieldSpec("age"), FieldSpec("stage", "ordinal", levels=("1", "2", "3")))
GENES = tuple(f"G{gene}" for gene in range(80))
FAST = {"linear_path": {"penalties": [0.03, 0.3, 3.0], "partitions": 1}}


def patients(n: int, seed: int, sign: float = 1.0, name: str = "P", scale: float = 1.0) -> tuple[ModelInputs, Outcomes]:
    """n patients whose hazard depends on age and on a sum of independent genes, the same sum in every cohort of sign 1."""
    random = np.random.default_rng([seed, n])
    age, stage = random.normal(60, 10, n), random.integers(1, 4, n).astype(str)
    z = random.normal(size=(n, len(GENES)))
    weights = np.random.default_rng(7).normal(size=len(GENES)) / len(GENES) ** 0.5
    risk = sign * (0.5 * (age - 60) / 10 + 1.0 * z @ weights)
    dies, leaves = random.exponential(np.exp(-risk)) * 30, random.exponential(50, n)
    covariates = {"age": np.where(random.random(n) < 0.05, np.nan, age), "stage": stage}
    identifiers = np.array([f"{name}{row}" for row in range(n)])
    inputs = ModelInputs(identifiers, FIELDS, covariates, (5 + scale * z).astype(np.float32), GENES)
    return inputs, Outcomes(np.ceil(np.minimum(dies, leaves)), dies <= leaves)


def sources(signs: tuple[float, ...], n: int = 200) -> list[Source]:
    made = [patients(n, 100 + place, sign, f"S{place}_", 1.0 + place) for place, sign in enumerate(signs)]
    return [Source(f"cohort_{place}", *each) for place, each in enumerate(made)]


@cache
def fits(signs: tuple[float, ...]) -> SourceFits:
    return fit_sources(sources(signs), FIELDS, GENES, parameters())


def parameters(**changes: dict[str, object]) -> Parameters:
    return Parameters.model_validate({**FAST, **changes})


def gains(given: SourceFits, n: int, seeds: range, chosen: Parameters) -> list[float]:
    """Harrell C on 400 new patients with the sources less that without, for training cohorts of n patients."""
    test, judged = patients(400, 999)
    found = []
    for seed in seeds:
        inputs, outcomes = patients(n, seed)
        cindex = []
        for told in (None, given):
            encoders, path = fit_path(replace(inputs, sources=told), outcomes, chosen)
            assert path is not None
            risk = path_columns(encoders.transform(test)) @ path.whole
            cindex.append(harrell(risk, judged.time, judged.event).cindex)
        found.append(cindex[1] - cindex[0])
    return found


@pytest.mark.parametrize("recipe", ["earn", "share"])
def test_cohorts_with_the_same_hazard_help_a_small_one(recipe: str):
    assert np.mean(gains(fits((1.0, 1.0, 1.0)), 50, range(4), parameters(transfer={"recipe": recipe}))) > 0.05


def test_permuted_genes_do_not_help():
    placebo = fits((1.0, 1.0, 1.0)).with_genes_permuted(3)
    placebo = replace(placebo, clinical=np.zeros_like(placebo.clinical))
    found = gains(placebo, 50, range(4), parameters())
    assert abs(np.mean(found)) < 0.02


def test_a_harmful_cohort_is_dropped():
    inputs, outcomes = patients(200, 5)
    _, path = fit_path(replace(inputs, sources=fits((1.0, -1.0, 1.0))), outcomes, parameters())
    assert path is not None
    assert path.transferred is not None
    assert path.transferred["dropped"] == ("cohort_1",)
    assert path.transferred["kept"] == ("cohort_0", "cohort_2")
    assert np.mean(gains(fits((1.0, -1.0, 1.0)), 200, range(3), parameters())) > 0.01


def test_harmful_cohorts_alone_weigh_nothing_and_the_path_is_that_without():
    inputs, outcomes = patients(150, 6)
    _, path = fit_path(replace(inputs, sources=fits((-1.0, -1.0))), outcomes, parameters())
    _, plain = fit_path(inputs, outcomes, parameters())
    assert path is not None
    assert plain is not None
    assert path.transferred is not None
    assert set(path.transferred["towards"].values()) == {0.0}
    assert path.transferred["share"] == {"source_clinical": 0.0, "source_molecular": 0.0}
    np.testing.assert_allclose(path.out_of_fold, plain.out_of_fold, rtol=1e-10)


def test_the_fits_are_ridge_models_of_standardised_values_by_definition():
    """Two cohorts, z by their own mean and SD or quartiles; where directions span every gene, the ridge is one of genes."""
    held = sources((1.0, 1.0), 60)
    found = fit_sources(held, FIELDS, GENES, parameters(transfer={"directions": 1000}))
    assert found.design == (("age", "missing"), ("age", "value"), ("stage", "value")) or found.design == (
        ("age", "value"),
        ("stage", "value"),
    )
    strata, scores = [], []
    for source in held:
        age, stage = source.inputs.covariates["age"], source.inputs.covariates["stage"].astype(float)
        missing = np.isnan(age)
        filled = np.where(missing, np.nanmedian(age), age)
        columns = {
            ("age", "missing"): (missing - missing.mean()) * (missing.mean() > 0.05),
            ("age", "value"): np.clip((filled - filled.mean()) / filled.std(), -3, 3),
            ("stage", "value"): np.clip((stage - stage.mean()) / stage.std(), -3, 3),
        }
        sets = risk_sets(source.outcomes.time, source.outcomes.event)
        design = np.column_stack([columns[name] for name in found.design])
        strata.append(Stratum(design, sets, np.zeros(60)))
        x = np.asarray(source.inputs.expression, np.float64)
        low, middle, high = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
        scores.append(np.clip((x - middle) / ((high - low) / 1.349), -3, 3))
    expected = fit_stratified(strata, np.full(len(found.design), 5.0)).coefficients
    np.testing.assert_allclose(found.clinical[:, 0], expected, atol=1e-4)
    pooled = np.vstack(scores)
    scale = len(pooled) / np.linalg.eigvalsh(pooled.T @ pooled).max()
    events = sum(int(source.outcomes.event.sum()) for source in held)
    genes = [Stratum(z, one.sets, one.offset) for z, one in zip(scores, strata)]
    slow = fit_stratified(genes, np.full(len(GENES), 0.1 * events / scale), tolerance=1e-12).coefficients
    np.testing.assert_allclose(found.molecular[:, 0], slow, atol=2e-3)
    adjusted = [Stratum(z, one.sets, one.columns @ expected) for z, one in zip(scores, strata)]
    slow = fit_stratified(adjusted, np.full(len(GENES), 1.0 * events / scale), tolerance=1e-12).coefficients
    np.testing.assert_allclose(found.adjusted[:, 0], slow, atol=2e-3)


def test_each_set_of_sources_is_the_fit_of_those_alone():
    signs = (1.0, -1.0, 1.0)
    found = fits(signs)
    assert found.kept.tolist()[0] == [True, True, True]
    assert found.kept.sum(axis=1).tolist() == [3, 2, 2, 2, 1, 1, 1]
    alone = fit_sources(sources(signs)[1:2], FIELDS, GENES, parameters())
    place = found.kept.tolist().index([False, True, False])
    rows = [found.design.index(column) for column in alone.design]
    np.testing.assert_allclose(found.clinical[rows, place], alone.clinical[:, 0], atol=1e-4)


def test_combat_takes_one_scale_for_all_sources():
    held = sources((1.0, 1.0), 80)
    plain = fit_sources(held, FIELDS, GENES, parameters())
    moved = fit_sources(held, FIELDS, GENES, parameters(transfer={"harmonization": "combat"}))
    assert 0.8 < np.corrcoef(plain.molecular[:, 0], moved.molecular[:, 0])[0, 1] < 1.0


def test_the_score_of_a_new_patient_and_its_explanation_hold_the_sources():
    inputs, outcomes = patients(90, 8)
    given = replace(inputs, sources=fits((1.0, 1.0)))
    little = cohorts.parameters(linear_path={"partitions": 1}, **cohorts.PERCEPTRON)
    fitted = fit_model(given, outcomes, little)
    assert fitted.transferred is not None
    assert fitted.transferred["share"]["source_molecular"] > 0.1
    new = replace(inputs.take(np.arange(5)), sources=None)
    told = explain(fitted.model, new)
    np.testing.assert_allclose(told.risk, predict(fitted.model, new).risk)
    assert np.abs(told.residual).max() < 1e-3
    own = told.block[:, told.blocks.index(SOURCE_BLOCK)]
    assert np.abs(own).max() > 0.05
    np.testing.assert_allclose(told.gene.sum(axis=1), told.block.sum(axis=1), atol=2e-3)


def test_encoders_with_sources_come_back_from_their_documents():
    inputs, _ = patients(60, 9)
    encoders = Encoders.fit(replace(inputs, sources=fits((1.0, 1.0))), parameters())
    back = Encoders.restore(encoders.document(), encoders.arrays())
    np.testing.assert_array_equal(back.transform(inputs).components, encoders.transform(inputs).components)
    assert back.sources is not None
    assert back.sources.names == ("cohort_0", "cohort_1")
    assert back.expression is not None
    assert back.expression.fixed == 3


def test_patients_without_expression_are_scored_by_the_fields_of_the_sources():
    inputs, outcomes = patients(60, 10)
    bare = replace(inputs.clinical_only(), sources=fits((1.0, 1.0)))
    _, path = fit_path(bare, outcomes, parameters())
    assert path is not None
    assert [branch.name for branch in path.branches] == ["clinical", "source_clinical"]


def test_the_learning_curve_has_a_row_for_each_size_and_variant():
    inputs, outcomes = patients(160, 11)
    given = replace(inputs, sources=fits((1.0, 1.0)))
    rows = np.arange(160)
    folds = [Fold(0, fold, rows[rows % 2 != fold], rows[rows % 2 == fold]) for fold in range(2)]
    found = learning_curve(given, outcomes, folds, parameters(transfer={"curve_patients": [40, 70, 5000]}))
    assert {(row["patients"], row["variant"]) for row in found} == {
        (size, name) for size in (40, 0) for name in (PLAIN, SOURCES, PLACEBO)
    }
    assert {row["trained_on"] for row in found} == {40, 80}
    assert all(0.3 < row["cindex"] < 1.0 for row in found)
