"""Further omics as branches: columns by definition, a planted mutation that is found, a null matrix that costs nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groprog_assets.errors import ModelError
from groprog_assets.fitting.ridge_cox import fit_ridge
from groprog_assets.model.ablation import variants
from groprog_assets.model.checkpoint import load_model, save_model
from groprog_assets.model.cross_validation import cross_validate, train_final
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.explain import explain
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.leakage import find_leaks
from groprog_assets.model.matrix_encoder import MatrixEncoder
from groprog_assets.model.patient_matrix import PatientMatrix, matrices_of
from groprog_assets.model.predict import predict
from groprog_assets.model.vocabulary import matrix_problems, statements
from groprog_assets.study.model_parameters import MatrixParameters
from groprog_kernels.concordance import harrell
from groprog_kernels.risk_sets import risk_sets
from tests.model.cohorts import cohort, parameters, split

QUICK = {"training": {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2, "ensemble_seeds": 5}}
ASKED = MatrixParameters()


def mutated(n: int, genes: int, seed: int, carriers: float = 0.15) -> PatientMatrix:
    random = np.random.default_rng(seed)
    values = (random.random((n, genes)) < carriers).astype(np.float32)
    return PatientMatrix("mutations", "mutations", tuple(f"M{gene}" for gene in range(genes)), values)


def planted(n: int = 300, effect: float = 1.6, seed: int = 0, genes: int = 40) -> tuple[ModelInputs, Outcomes]:
    """A cohort whose hazard depends on age and on carrying a mutation of gene M0, which a third of the patients carry."""
    inputs, _ = cohort(n, genes=6, seed=seed, signal=0.0)
    random = np.random.default_rng(seed + 100)
    matrix = mutated(n, genes, seed + 1000)
    matrix.values[:, 0] = random.random(n) < 0.33
    matrix.values[: n // 10] = np.nan  # a tenth was not sequenced
    age = np.nan_to_num(inputs.covariates["age"], nan=60.0)
    risk = 0.5 * (age - 60) / 10 + effect * np.nan_to_num(matrix.values[:, 0])
    dies, leaves = random.exponential(np.exp(-risk)) * 40, random.exponential(60, n)
    outcomes = Outcomes(np.minimum(dies, leaves) + 0.01, dies <= leaves)
    return replace(inputs, matrices=(matrix,)), outcomes


def test_columns_of_mutations_by_hand():
    values = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 0, 1], [np.nan] * 3], np.float32)
    inputs, _ = cohort(5, genes=0)
    matrix = PatientMatrix("mutations", "mutations", ("A", "B", "C"), values)
    encoder = MatrixEncoder.fit(matrix, inputs, MatrixParameters(minimum_carriers=1), 100)
    assert encoder is not None
    assert encoder.genes == ("A", "B")  # everybody who was measured carries C
    two = MatrixEncoder.fit(matrix, inputs, MatrixParameters(minimum_carriers=2), 100)
    assert two is not None
    assert two.genes == ("A",)
    np.testing.assert_allclose(two.columns(matrix, 5)[:, 0], np.array([1, -1, 1, -1, 0]) / 4)
    assert MatrixEncoder.fit(matrix, inputs, MatrixParameters(minimum_carriers=3), 100) is None
    np.testing.assert_array_equal(two.columns(None, 3), np.zeros((3, 1)))


def test_a_gene_the_new_patients_lack_counts_as_average():
    inputs, _ = cohort(60, genes=0)
    matrix = mutated(60, 4, 1, 0.4)
    encoder = MatrixEncoder.fit(matrix, inputs, ASKED, 100)
    assert encoder is not None
    fewer = matrix._replace(genes=matrix.genes[1:], values=matrix.values[:, 1:])
    z = encoder.z(fewer, 60)
    np.testing.assert_array_equal(z[:, 0], 0)
    np.testing.assert_allclose(z[:, 1:], encoder.z(matrix, 60)[:, 1:])


def test_many_genes_in_the_span_of_the_patients_give_the_same_ridge_fit():
    inputs, outcomes = cohort(80, genes=0, seed=3)
    matrix = mutated(80, 90, 3, 0.3)
    encoder = MatrixEncoder.fit(matrix, inputs, ASKED, 1000)
    assert encoder is not None
    assert encoder.loadings.shape[1] < len(encoder.genes)
    sets = risk_sets(outcomes.time, outcomes.event)
    z, short = encoder.z(matrix, 80), encoder.columns(matrix, 80).astype(float)
    scores = [
        columns @ fit_ridge(columns, sets, np.full(columns.shape[1], 2.0), tolerance=1e-10).coefficients
        for columns in (z, short)
    ]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)


def test_copy_number_becomes_its_directions():
    inputs, _ = cohort(80, genes=0, seed=1)
    random = np.random.default_rng(0)
    arm = random.integers(-2, 3, (80, 1))
    values = np.repeat(arm, 30, axis=1).astype(np.float32)
    values[:, 20:] = random.integers(-1, 2, (80, 10))
    matrix = PatientMatrix("copy_number", "copy_number", tuple(f"C{k}" for k in range(30)), values)
    encoder = MatrixEncoder.fit(matrix, inputs, MatrixParameters(components=3), 100)
    assert encoder is not None
    columns = encoder.columns(matrix, 80)
    assert columns.shape == (80, 3)
    assert abs(np.corrcoef(columns[:, 0], arm[:, 0])[0, 1]) > 0.99


def gains(effect: float, seeds: range) -> np.ndarray:
    """Harrell C with mutations less that without, of the linear path, one a held-out fold and seed."""
    settings = parameters(training={**QUICK["training"], "joint_epochs": 1, "ensemble_seeds": 1})
    found = []
    for seed in seeds:
        inputs, outcomes = planted(effect=effect, seed=seed)
        folds = split(len(inputs), 3)
        held = []
        for given in (inputs, inputs.without_matrix("mutations")):
            risk = np.empty(len(inputs))
            rows = cross_validate(given, outcomes, folds, settings, keep_models=False).out_of_fold
            risk[rows["row"]] = rows["linear_risk"]
            held.append(
                [harrell(risk[fold.test], outcomes.time[fold.test], outcomes.event[fold.test]).cindex for fold in folds]
            )
        found += (np.array(held[0]) - np.array(held[1])).tolist()
    return np.array(found)


def interval(values: np.ndarray) -> tuple[float, float]:
    half = 2.0 * values.std(ddof=1) / np.sqrt(values.size)
    return float(values.mean() - half), float(values.mean() + half)


def test_a_mutation_that_carries_hazard_is_found():
    lower, _ = interval(gains(1.6, range(3)))
    assert lower > 0.02
    inputs, outcomes = planted()
    final = train_final(inputs, outcomes, parameters(**QUICK))
    told = {row["branch"]: row for row in final.branches}
    assert told["mutations"]["share"] > 0.3
    assert told["mutations"]["gain"] > 0.05
    found = explain(final.model, inputs)
    size = np.abs(found.alteration).mean(axis=0)
    assert found.alterations[int(size.argmax())] == "mutations: M0"


def test_mutations_without_effect_weigh_little_and_cost_nothing():
    lower, upper = interval(gains(0.0, range(4)))
    assert lower < 0 < upper or upper - lower < 0.01
    assert (lower + upper) / 2 > -0.006
    shares = []
    for seed in range(3):
        inputs, outcomes = planted(effect=0.0, seed=seed)
        branches = train_final(inputs, outcomes, parameters(**QUICK)).branches
        shares += [row["share"] for row in branches if row["branch"] == "mutations"]
    assert np.median(shares) == 0
    assert max(shares) < 0.2


@pytest.fixture(scope="module")
def trained():
    inputs, outcomes = planted(n=160)
    random = np.random.default_rng(5)
    genes = tuple(f"C{k}" for k in range(12))
    copies = PatientMatrix("copy_number", "copy_number", genes, random.integers(-2, 3, (160, 12)).astype(np.float32))
    inputs = replace(inputs, matrices=(*inputs.matrices, copies))
    return train_final(inputs, outcomes, parameters(**QUICK)).model, inputs


def test_a_stored_model_scores_alike_and_one_by_one(trained):
    model, inputs = trained
    again = load_model(save_model(model))
    whole = predict(again, inputs).risk
    np.testing.assert_array_equal(whole, predict(model, inputs).risk)
    alone = [predict(again, inputs.take(np.array([row]))).risk[0] for row in (0, 7, 50)]
    np.testing.assert_allclose(alone, whole[[0, 7, 50]], atol=1e-12)
    moved = predict(again, inputs.without_matrix("mutations")).risk
    assert not np.allclose(moved, whole)


def test_contributions_sum_to_the_score(trained):
    model, inputs = trained
    found = explain(model, inputs)
    np.testing.assert_allclose(
        found.risk - found.reference, found.field.sum(axis=1) + found.block.sum(axis=1), atol=1e-3
    )
    place = found.blocks.index("mutations")
    named = [name.startswith("mutations: ") for name in found.alterations]
    np.testing.assert_allclose(found.block[:, place], found.alteration[:, named].sum(axis=1))
    assert {"mutations", "copy_number"} <= set(found.blocks)
    np.testing.assert_allclose(found.alteration[:16, named], 0)  # not sequenced


def test_notes_say_what_counts_as_average_and_other_names_are_refused(trained):
    model, inputs = trained
    said = statements(model, inputs)
    assert "no mutations: counted as average" in said[0]
    assert not any("mutations" in note for note in said[-1])
    bare = statements(model, replace(inputs, matrices=()))
    assert {"no mutations: counted as average", "no copy number: counted as average"} <= set(bare[-1])
    other = inputs.matrices[0]._replace(genes=tuple(f"ENSG{k}" for k in range(len(inputs.matrices[0].genes))))
    assert [item.where for item in matrix_problems(model, replace(inputs, matrices=(other,)))] == ["matrix mutations"]
    strange = other._replace(name="methylation")
    assert matrix_problems(model, replace(inputs, matrices=(strange,)))[0].value == "not read"


def test_each_matrix_is_a_part_of_the_ablation_and_leaves_with_the_omics(trained):
    _, inputs = trained
    found = variants(inputs, parameters())
    assert [matrix.name for matrix in found["mutations"].inputs.matrices] == ["copy_number"]
    assert found["mutations"].own_path
    assert inputs.clinical_only().matrices == ()


def test_encoders_see_the_training_fold_alone(trained):
    _, inputs = trained
    train = np.arange(100)
    other = inputs.matrices[0].values.copy()
    other[100:] = 1 - other[100:]
    changed = replace(inputs, matrices=(inputs.matrices[0]._replace(values=other), inputs.matrices[1]))
    one, two = (Encoders.fit(given.take(train), parameters()) for given in (inputs, changed))
    for name, values in one.arrays().items():
        np.testing.assert_array_equal(values, two.arrays()[name], err_msg=name)


def test_a_row_that_knows_the_outcome_is_named():
    inputs, outcomes = planted(effect=0.5, seed=4)
    folds = split(len(inputs), 5)
    assert find_leaks(inputs, outcomes, folds, 0.95) == []
    values = inputs.matrices[0].values.copy()
    values[:, 7] = outcomes.event
    spoiled = replace(inputs, matrices=(inputs.matrices[0]._replace(values=values),))
    found = find_leaks(spoiled, outcomes, folds, 0.95)
    assert [leak.field for leak in found] == ["mutations row M7"]
    assert "Remove the row" in found[0].problem().remedy


def test_arrays_of_the_asset_in_the_order_of_the_patients():
    arrays = {
        "values": np.zeros((0, 0)),
        "cn.values": np.array([[1.0, -1.0], [2.0, 0.0]], np.float32),
        "cn.patient_id": np.array(["b", "a"]),
        "cn.gene": np.array(["G", "H"]),
        "cn.kind": np.array(["copy_number"]),
    }
    (matrix,) = matrices_of(arrays, ["a", "c", "b"])
    assert matrix.genes == ("G", "H")
    np.testing.assert_array_equal(matrix.values, [[2, 0], [np.nan, np.nan], [1, -1]])
    np.testing.assert_array_equal(matrix.measured(), [True, False, True])


def test_a_matrix_of_other_patients_is_refused():
    inputs, _ = cohort(20, genes=0)
    with pytest.raises(ModelError, match="matrix mutations"):
        replace(inputs, matrices=(mutated(19, 3, 0),))
