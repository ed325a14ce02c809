"""The barriers before training: columns that know the outcome, patients that do not differ."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Cohort

GENES = [f"G{k}" for k in range(12)]


def cohort(extra: dict[str, np.ndarray], known_at: float = 0.0) -> Bundle:
    random = np.random.default_rng(5)
    n = 120
    age = random.normal(60, 9, n)
    time, event = random.exponential(30, n) + 0.5, random.random(n) < 0.6
    ids = np.array([f"P{k:03d}" for k in range(n)])
    columns = {"age": age, **{name: values(time, event) for name, values in extra.items()}}
    fields = pd.DataFrame(
        {
            "field": list(columns),
            "column": list(columns),
            "kind": "continuous",
            "unit": "",
            "levels": "[]",
            "block": "state",
            "known_at_days": [0.0] + [known_at] * len(extra),
            "used": True,
        }
    )
    return Bundle(
        index=pd.DataFrame({"patient_id": ids, "batch": ""}),
        records=pd.DataFrame({"patient_id": ids, **columns}),
        outcomes=pd.DataFrame({"patient_id": ids, "time": time, "event": event}),
        fields=fields,
    )


def verdicts(study: Bundle, expression: np.ndarray | None = None, **changes: dict) -> dict[str, object]:
    """The verdicts of encoded_tensors on a cohort with an expression matrix (patients, 12)."""
    given = SPECIFICATIONS["encoded_tensors"]
    parameters = Parameters.model_validate(changes)
    values = {
        section: getattr(parameters, section.partition(".")[2])
        for section in given.sections
        if section.startswith("parameters.")
    }
    settings = Cohort.model_construct(splits=None)
    n = len(study.records)
    matrix = np.random.default_rng(1).normal(size=(n, len(GENES))) if expression is None else expression
    features = Bundle(
        table=pd.DataFrame({"gene": GENES, "tss_density": np.linspace(0, 1, len(GENES))}),
        constants=pd.DataFrame({"feature": ["tss_density"], "block": ["density"]}),
    )
    made = given.function(
        StudyView({**values, "cohort": settings}, given.name),
        study,
        {
            "values": matrix.astype(np.float32),
            "patient_id": study.records["patient_id"].to_numpy(),
            "gene": np.array(GENES),
        },
        features,
        Bundle(sources=[]),
    )
    return {verdict.name: verdict for verdict in made.verdicts}


def test_an_honest_cohort_passes():
    found = verdicts(cohort({}))
    assert found["no_leakage"].passed
    assert found["between_patient_variance"].passed


@pytest.mark.parametrize(
    "make",
    [
        lambda time, event: time,
        lambda time, event: -np.log(time),
        lambda time, event: event * time,
    ],
    ids=["time", "log time, reversed", "the letter of eq. 3"],
)
def test_a_column_that_is_the_outcome_fails_by_name(make):
    found = verdicts(cohort({"marker": make}))["no_leakage"]
    assert found.blocking
    assert not found.passed
    assert found.values["columns"] == "marker"
    assert "marker: alone it orders held-out patients" in found.description


def test_a_late_column_fails_unless_a_landmark_reaches_it():
    study = cohort({"dose": lambda time, event: np.random.default_rng(2).normal(size=len(time))}, known_at=90)
    found = verdicts(study)["no_leakage"]
    assert not found.passed
    assert found.values["columns"] == "dose"
    assert verdicts(study, cohort={"landmark_months": 6})["no_leakage"].passed


def test_patients_of_one_expression_fail():
    same = np.tile(np.arange(len(GENES), dtype=float), (120, 1))
    found = verdicts(cohort({}), same)["between_patient_variance"]
    assert not found.passed
    assert found.blocking
    assert json.dumps(found.as_json())


def test_genes_no_patient_has_count_for_nothing():
    holes = np.random.default_rng(1).normal(size=(120, len(GENES)))
    holes[:, 3] = np.nan
    assert verdicts(cohort({}), holes)["between_patient_variance"].values["variance"] == pytest.approx(1, abs=0.2)
