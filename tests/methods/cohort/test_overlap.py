"""Patients of an external cohort who are in the training cohort are found under any name; strangers are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.methods.cohort.overlap import overlap

GENES = np.array([f"G{k}" for k in range(60)])


def people(n: int, seed: int, prefix: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    random = np.random.default_rng(seed)
    ids = np.array([f"{prefix}{k:03}" for k in range(n)])
    age, albumin = random.normal(60, 10, n).round(1), random.normal(4, 0.5, n).round(1)
    albumin[::10] = np.nan
    records = pd.DataFrame({"patient_id": ids, "age": age, "albumin": albumin, "sex": random.choice(["f", "m"], n)})
    outcomes = pd.DataFrame(
        {"patient_id": ids, "time": random.exponential(30, n).round(2), "event": random.random(n) < 0.6}
    )
    return (
        records,
        outcomes,
        {"values": random.normal(5, 2, (n, 60)).astype(np.float32), "patient_id": ids, "gene": GENES},
    )


def joined(one: Any, other: Any, rows: range, ids: list[str], days: bool = False) -> tuple[Any, Any, Any]:
    """`other` with the patients `rows` of `one` under the identifiers `ids`."""
    records, outcomes = (
        pd.concat([right, left.iloc[list(rows)].assign(patient_id=ids)], ignore_index=True)
        for left, right in zip(one[:2], other[:2])
    )
    if days:
        outcomes["time"] = (outcomes["time"] * 365.25 / 12).round() * 12 / 365.25
    values = np.vstack([other[2]["values"], one[2]["values"][list(rows)]])
    return records, outcomes, {**other[2], "values": values, "patient_id": np.array([*other[2]["patient_id"], *ids])}


def test_strangers_share_nothing():
    found = overlap(people(300, 1, "A"), people(200, 2, "B"), 0.01)
    assert found.everyone(identifiers=True) == []


def test_the_same_identifiers_in_other_spellings():
    own = people(100, 1, "A")
    other = joined(own, people(80, 2, "B"), range(5), [f" a{k:03}\u200b" for k in range(5)])
    found = overlap((*own[:2], None), (*other[:2], None), 0.01)
    assert len(found.by_identifier) == len(found.by_row) == 5
    assert "5 by identifier" in str(found)
    assert "5 by identifier" in found.counted()
    assert not any(name in found.counted() for name in found.by_identifier), "what is kept names nobody"


def test_the_same_rows_under_other_identifiers_and_in_days():
    own = people(200, 1, "A")
    other = joined(own, people(100, 2, "B"), range(20), [f"X{k}" for k in range(20)], days=True)
    found = overlap((*own[:2], None), (*other[:2], None), 0.01)
    assert found.by_row == [f"X{k}" for k in range(20)]
    assert found.by_identifier == []
    assert found.everyone(identifiers=False) == found.by_row


def test_the_same_expression_over_the_genes_of_both():
    own = people(50, 1, "A")
    other = joined(own, people(40, 2, "B"), range(3), ["X0", "X1", "X2"])
    order = np.random.default_rng(0).permutation(60)[:40]
    matrix = {**other[2], "gene": GENES[order], "values": other[2]["values"][:, order]}
    outcomes = other[1].assign(time=other[1]["time"] + 5)
    assert overlap(own, (other[0], outcomes, matrix), 0.01).by_expression == ["X0", "X1", "X2"]


def test_coarse_rows_that_chance_makes_alike_are_other_people():
    random = np.random.default_rng(0)

    def coarse(prefix: str) -> tuple[pd.DataFrame, pd.DataFrame, None]:
        ids = [f"{prefix}{k}" for k in range(200)]
        records = pd.DataFrame({"patient_id": ids, "stage": random.choice(["I", "II"], 200)})
        outcomes = pd.DataFrame(
            {"patient_id": ids, "time": random.integers(1, 60, 200) * 1.0, "event": random.random(200) < 0.5}
        )
        return records, outcomes, None

    found = overlap(coarse("A"), coarse("B"), 0.01)
    assert found.expected > 1
    assert found.by_row == []


def few_fields(n: int, seed: int, prefix: str) -> tuple[pd.DataFrame, pd.DataFrame, None]:
    """Patients of whom a stage and a grade that go with it are known, and follow-up in whole months."""
    random = np.random.default_rng(seed)
    ids = [f"{prefix}{k:03}" for k in range(n)]
    stage = random.integers(0, 4, n)
    records = pd.DataFrame({"patient_id": ids, "stage": stage, "grade": stage, "size": stage, "nodes": stage})
    outcomes = pd.DataFrame(
        {"patient_id": ids, "time": random.integers(1, 60, n) * 1.0, "event": random.random(n) < 0.5}
    )
    return records, outcomes, None


def test_many_alike_rows_are_shared_patients_where_chance_would_give_few():
    random = np.random.default_rng(5)
    ids = [f"A{k:03}" for k in range(400)]
    records = pd.DataFrame(
        {"patient_id": ids, "age": random.normal(60, 10, 400).round(0), "sex": random.choice(["f", "m"], 400)}
    )
    outcomes = pd.DataFrame(
        {"patient_id": ids, "time": random.exponential(30, 400).round(1), "event": random.random(400) < 0.5}
    )
    new = [f"X{k:03}" for k in range(150)]
    other = (records.head(150).assign(patient_id=new), outcomes.head(150).assign(patient_id=new), None)
    found = overlap((records, outcomes, None), other, 0.01)
    assert found.expected > 0.01
    assert found.by_row == new


def test_covariates_that_go_together_do_not_make_strangers_shared():
    found = overlap(few_fields(200, 1, "A"), few_fields(150, 2, "B"), 0.01)
    assert found.by_row == [], "their columns are no independent coincidences"


def test_the_same_identifiers_with_other_separators_or_a_sample_code():
    own = people(60, 1, "TCGA-AB-1")
    spelt = ["TCGA.AB.1000", "tcga_ab_1001", "TCGA-AB-1002-01A", "TCGA-AB-1003-11A-21R-A084-07", "TCGA AB 1004"]
    other = joined(own, people(40, 2, "B"), range(5), spelt)
    found = overlap((*own[:2], None), (*other[:2], None), 0.01)
    assert found.by_identifier == spelt


def test_numbers_apart_by_a_separator_are_two_patients():
    own, other = people(60, 1, "A-1"), people(60, 2, "A1")
    assert overlap((*own[:2], None), (*other[:2], None), 0.01).by_identifier == []
