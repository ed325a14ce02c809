"""Cohorts that break survival programs, through model, baselines and evaluation: a document, or a refusal with the reason."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import GroProgError, ModelError
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.methods.cohort.folds import make_folds
from groprog_assets.methods.evaluation.baselines import baselines
from groprog_assets.methods.evaluation.evaluation import evaluate
from groprog_assets.model.cross_validation import cross_validate, train_final
from groprog_assets.model.inputs import ModelInputs, Outcomes, folds_from_columns
from groprog_assets.model.predict import predict
from tests.model.cohorts import parameters

QUICK = parameters(
    training={"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2, "ensemble_seeds": 1},
    evaluation={"folds": 3, "bootstrap_samples": 20},
)
FIELDS = pd.DataFrame({"field": ["age", "site"], "kind": ["continuous", "categorical"], "levels": "", "used": True})


def study(n: int = 60, genes: int = 14) -> dict:
    random = np.random.default_rng(8)
    return {
        "ids": np.array([f"p{k:02d}" for k in range(n)]),
        "age": random.normal(60, 9, n),
        "site": random.choice(["a", "b"], n).astype(object),
        "genes": random.normal(size=(n, genes)),
        "time": random.exponential(30, n).round() + 1,
        "event": random.random(n) < 0.6,
    }


def through(case: dict) -> dict:
    """The evaluation document of model and baselines."""
    records = pd.DataFrame({"patient_id": case["ids"], "age": case["age"], "site": case["site"]})
    outcomes = pd.DataFrame({"patient_id": case["ids"], "time": case["time"], "event": case["event"]})
    folds = make_folds(outcomes, None, QUICK.evaluation, 3)
    expression = {
        "values": case["genes"].astype(np.float32),
        "patient_id": case["ids"],
        "gene": np.array([f"G{k}" for k in range(case["genes"].shape[1])]),
    }
    inputs = ModelInputs.from_columns(
        {name: records[name].to_numpy() for name in records},
        (FieldSpec("age"), FieldSpec("site", "categorical")),
        expression,
    )
    rows = folds_from_columns({name: folds[name].to_numpy() for name in folds}, case["ids"])
    crossed = cross_validate(inputs, Outcomes(case["time"], case["event"]), rows, QUICK)
    table = baselines(records, FIELDS, outcomes, expression, folds, QUICK).table
    own = pd.DataFrame(crossed.out_of_fold).assign(model="groprog")
    document = evaluate(pd.concat([own, table]), outcomes, folds, QUICK.evaluation)
    json.dumps(document, allow_nan=False)
    return document


def all_events(case: dict) -> None:
    case["event"][:] = True


def tied_everywhere(case: dict) -> None:
    case["time"] = np.ceil(case["time"] / 20) * 20


def censored_last(case: dict) -> None:
    case["event"][np.argmax(case["time"])] = False


def constant_genes(case: dict) -> None:
    case["genes"][:, 2:] = 1.0


def holes_and_infinities(case: dict) -> None:
    case["genes"][::7, 1] = np.nan
    case["genes"][3, 2], case["genes"][4, 3] = np.inf, -np.inf
    case["age"][5], case["age"][6] = np.nan, np.inf
    case["site"][7] = ""


def category_of_one_fold(case: dict) -> None:
    case["site"][0] = "nowhere else"


def thousands_of_sd(case: dict) -> None:
    case["genes"][1, 1] = 3965.0
    case["age"][2] = 1e7


@pytest.mark.parametrize(
    "change",
    [
        all_events,
        tied_everywhere,
        censored_last,
        constant_genes,
        holes_and_infinities,
        category_of_one_fold,
        thousands_of_sd,
    ],
)
def test_a_hard_cohort_gives_finite_risks_and_a_document(change):
    case = study()
    change(case)
    document = through(case)
    assert set(document["models"]) == {"groprog", "clinical_cox", "penalised_cox", "boosted_cox"}
    for name, metrics in document["models"].items():
        assert 0 <= metrics["harrell"]["estimate"] <= 1, name


@pytest.mark.parametrize(("events", "says"), [(0, "no event|events"), (3, "events")])
def test_no_events_and_one_a_fold_are_refused_with_the_reason(events: int, says: str):
    case = study()
    case["event"][:] = False
    case["event"][:events] = True
    with pytest.raises(GroProgError, match=says) as raised:
        through(case)
    assert raised.value.problems


def test_one_time_for_everybody_has_no_order_and_says_so():
    case = study()
    case["time"][:] = 12.0
    document = through(case)
    assert document["models"]["groprog"]["c_ipcw"]["estimate"] is None


def test_ten_patients_with_twenty_thousand_genes_are_fitted_and_scored():
    case = study(10, 20_000)
    case["event"][:] = True
    inputs = ModelInputs.from_columns(
        {"patient_id": case["ids"], "age": case["age"]},
        (FieldSpec("age"),),
        {"values": case["genes"], "patient_id": case["ids"], "gene": np.arange(20_000).astype(str)},
    )
    model = train_final(inputs, Outcomes(case["time"], case["event"]), QUICK).model
    assert np.isfinite(predict(model, inputs).risk).all()


def test_a_patient_in_two_folds_is_refused():
    columns = {"repeat": np.zeros(4, int), "fold": np.array([0, 0, 1, 1]), "patient_id": np.array(["a", "b", "b", "c"])}
    with pytest.raises(ModelError, match="stands twice"):
        folds_from_columns(columns, ["a", "b", "c"])


def test_equal_risks_are_a_coin_toss_everywhere_and_break_nothing():
    case = study(90)
    outcomes = pd.DataFrame({"patient_id": case["ids"], "time": case["time"], "event": case["event"]})
    folds = make_folds(outcomes, None, QUICK.evaluation, 3)
    flat = folds.assign(model="groprog", risk=0.7, survival_12=0.6, survival_36=0.4, survival_60=0.3)
    document = evaluate(flat, outcomes, folds, QUICK.evaluation)
    json.dumps(document, allow_nan=False)
    found = document["models"]["groprog"]
    for metric in ("c_ipcw", "harrell", "auc_12", "auc_36"):
        assert found[metric]["estimate"] == pytest.approx(0.5)
        assert found[metric]["lower"] == pytest.approx(0.5) == found[metric]["upper"]
    assert document["calibration"]["groprog"]["slope"] is None
    assert document["strata"]["groprog"]["log_rank"]["p_value"] is None
