"""Related work on a planted cohort: each form beats chance, and no score depends on other patients held out."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch

from groprog_assets.methods.evaluation.elastic_net import choose_elastic_net, fit_elastic_net
from groprog_assets.methods.evaluation.late_fusion import fit_late_fusion
from groprog_assets.methods.evaluation.related_work import FORMS, compare_related
from groprog_assets.methods.evaluation.survival_forest import log_rank_scores
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.related_work.graphs import NEIGHBOURS, adjacency
from groprog_assets.model.related_work.pathways import Pathways, set_mask
from groprog_assets.model.related_work.views import Views, views_of
from groprog_assets.prognosis.related_methods import fit_method, gene_sets, shared_set_problems
from groprog_assets.study.parameters import EvaluationParameters, Parameters
from groprog_assets.study.schema import Ontology
from groprog_kernels.concordance import harrell
from groprog_kernels.cox import cox_efron
from groprog_kernels.risk_sets import risk_sets
from tests.model.cohorts import cohort, parameters
from tests.model.test_matrix_encoder import mutated

METHODS = tuple(FORMS)
SETS = {f"set {k}": {f"G{gene}" for gene in range(k, 40, 5)} for k in range(5)} | {"mutated": {"M0", "M1", "M2"}}


@cache
def planted() -> tuple[ModelInputs, Outcomes]:
    inputs, outcomes = cohort(330, genes=40, seed=3, signal=1.7)
    return replace(inputs, matrices=(mutated(330, 12, 5),)), outcomes


@cache
def halves() -> tuple[Views, Outcomes, Views, Outcomes]:
    inputs, outcomes = planted()
    train, test = np.arange(230), np.arange(230, 330)
    encoders = Encoders.fit(inputs.take(train), parameters())
    views = (views_of(encoders, inputs.take(rows)) for rows in (train, test))
    one, two = views
    return one, outcomes.take(train), two, outcomes.take(test)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_beats_chance_and_a_score_depends_on_its_patient_alone(method: str):
    train, known, test, judged = halves()
    state = torch.random.get_rng_state()
    score = fit_method(method, train, known, 1, SETS)
    assert score is not None
    risk = score(test)
    assert risk.shape == (100,)
    # Chance has a standard deviation of about 0.035 here.
    assert harrell(risk, judged.time, judged.event).cindex > 0.62
    some = np.array([40, 3, 77])
    np.testing.assert_allclose(score(test.take(some)), risk[some], atol=1e-5)
    again = fit_method(method, train, known, 1, SETS)
    assert again is not None
    np.testing.assert_array_equal(again(test), risk)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_new_patients_hear_known_ones_only():
    random = np.random.default_rng(0)
    known, asked = random.normal(size=(30, 6)), random.normal(size=(4, 6))
    weights = adjacency(asked, known, False).numpy()
    assert weights.shape == (4, 30)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-6)
    assert ((weights > 0).sum(axis=1) == NEIGHBOURS).all()
    np.testing.assert_allclose(adjacency(asked[1:2], known, False).numpy()[0], weights[1], atol=1e-6)
    assert (np.diag(adjacency(known, known, True).numpy()) > 0).all()


def test_a_gene_outside_every_set_moves_no_pathway():
    mask = torch.tensor(set_mask(["A", "B", "C"], {"one": {"A"}, "two": {"A", "B"}}), dtype=torch.float32)
    assert mask.tolist() == [[1, 0, 0], [1, 1, 0]]
    torch.manual_seed(0)
    network = Pathways([mask], 1).eval()
    values, clinical = torch.randn(5, 3), torch.zeros(5, 1)
    moved = values.clone()
    moved[:, 2] += 3.0
    assert torch.equal(network([values], clinical), network([moved], clinical))
    moved[:, 1] += 3.0
    assert not torch.equal(network([values], clinical), network([moved], clinical))


def test_the_elastic_net_reaches_its_optimum_and_leaves_noise_out():
    random = np.random.default_rng(1)
    columns = random.normal(size=(200, 30))
    time = random.exponential(np.exp(-columns[:, 0] + 0.7 * columns[:, 1]))
    event = random.random(200) < 0.8
    sets = risk_sets(time, event)
    found = fit_elastic_net(columns, sets, 40.0, steps=2000)
    slope = columns.T @ cox_efron(columns @ found, time, event, sets).gradient + 20.0 * found
    inside = np.abs(found) > 1e-8
    np.testing.assert_allclose(slope[inside], -20.0 * np.sign(found[inside]), atol=0.02)
    assert (np.abs(slope[~inside]) <= 20.02).all()
    assert {0, 1} <= set(np.flatnonzero(inside).tolist())
    assert inside.sum() < 15
    chosen = choose_elastic_net(columns, time, event, np.arange(200) % 5)
    assert harrell(chosen.out_of_fold, time, event).cindex > 0.65


def test_late_fusion_weighs_what_predicts_and_leaves_noise_out():
    random = np.random.default_rng(3)
    clinical, omics = random.normal(size=(300, 3)), random.normal(size=(300, 20))
    time, event = random.exponential(np.exp(-clinical[:, 0])), random.random(300) < 0.8
    score = fit_late_fusion(clinical[:200], omics[:200], time[:200], event[:200], np.arange(200) % 5)
    risk = score(clinical[200:], omics[200:])
    assert harrell(risk, time[200:], event[200:]).cindex > 0.65
    moved = score(clinical[200:], omics[200:] + random.normal(size=(100, 20)))
    assert np.abs(moved - risk).max() < 0.3 * np.std(risk)


def test_log_rank_scores_by_hand():
    scores = log_rank_scores(np.array([1.0, 2.0, 2.0, 3.0]), np.array([True, True, False, True]))
    hazard = np.array([1 / 4, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3 + 1])
    np.testing.assert_allclose(scores, np.array([1, 1, 0, 1]) - hazard)
    assert scores.sum() == pytest.approx(0)


def test_gene_sets_without_shared_genes_are_named(tmp_path):
    sets = tmp_path / "sets.gmt"
    sets.write_text("one\tna\t" + "\t".join(f"G{k}" for k in range(8)) + "\ntwo\tna\tX\tY\tZ\n")
    ontology = Ontology(gmt=sets)
    genes = {f"G{k}" for k in range(40)}
    assert set(gene_sets(ontology, genes)) == {"one"}
    asked = Parameters.model_validate({"related_work": {"enabled": True}})
    assert shared_set_problems(ontology, genes, asked) == []
    (problem,) = shared_set_problems(ontology, {"7157", "4609"}, asked)
    assert "pathways" in problem.value
    without = Parameters.model_validate({"related_work": {"enabled": True, "methods": ["forest"]}})
    assert shared_set_problems(ontology, {"7157"}, without) == []
    assert shared_set_problems(None, genes, Parameters()) == []


def test_the_comparison_has_a_row_a_method_with_paired_intervals():
    random = np.random.default_rng(0)
    n = 120
    patients = [f"P{k}" for k in range(n)]
    truth = random.normal(size=n)
    time = random.exponential(np.exp(-truth)) * 20 + 0.1
    outcomes = pd.DataFrame({"patient_id": patients, "time": time, "event": random.random(n) < 0.7})
    folds = pd.DataFrame({"repeat": 0, "fold": np.arange(n) % 4, "patient_id": patients})

    def risks(model: str, noise: float) -> pd.DataFrame:
        return folds.assign(model=model, risk=truth + noise * random.normal(size=n))

    settings = EvaluationParameters(bootstrap_samples=50)
    made = compare_related(risks("forest", 3.0), [risks("groprog", 0.3)], outcomes, folds, settings, 0)
    assert [row["method"] for row in made["rows"]] == ["groprog", "forest"]
    held = made["rows"][1]["harrell"]
    assert held["difference_lower"] < held["difference"] < held["difference_upper"]
    assert held["difference"] > 0
    assert compare_related(risks("forest", 1.0).iloc[:0], [], outcomes, folds, settings, 0)["rows"] == []
