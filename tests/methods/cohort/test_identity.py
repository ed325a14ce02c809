"""One patient under several names: spellings, alike records, alike expression; folds keep such patients together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.cohort.clinical_records import describe_fields
from groprog_assets.methods.cohort.cohort import AssembledCohort, assemble_cohort
from groprog_assets.methods.cohort.folds import make_folds
from groprog_assets.methods.cohort.identity import (
    expected_pairs,
    identical_rows,
    joined_groups,
    patient_key,
    shared_patients,
    spelling_problems,
)
from groprog_assets.study.parameters import CohortParameters, EvaluationParameters
from groprog_assets.study.schema import ClinicalField, Cohort, Endpoint

FIELDS = [
    ClinicalField(column="AGE", name="age", kind="continuous"),
    ClinicalField(column="ALB", name="albumin", kind="continuous"),
]
COHORT = Cohort(clinical=Path("c.tsv"), endpoint=Endpoint(time_column="T", event_column="E"), fields=FIELDS)
FEW = CohortParameters(minimum_events=1)
KNOWINGLY = CohortParameters(minimum_events=1, chance_of_identical_rows=0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P01", "p01"),
        ("P01", " P01\t"),
        ("P01", "P01\u200b"),
        ("P01", "\ufeffP\u200d01"),
        ("P01", "Ｐ０１"),
        ("P-01", "P\u201101"),
        ("P-01", "P\u201301"),
        ("stra\u00dfe", "STRASSE"),
        ("é1", "e\u03011"),
        ("A  1", "A\u00a01"),
    ],
)
def test_spellings_of_one_patient(one: str, other: str):
    assert patient_key(one) == patient_key(other)
    assert len(spelling_problems([one, "other", other], "t")) == 1
    assert shared_patients([one], ["else", other]) == [other]


@pytest.mark.parametrize(("one", "other"), [("P1", "P01"), ("P1", "P11"), ("A-1", "A1"), ("A 1", "A1"), ("1", "1.0")])
def test_different_patients_stay_different(one: str, other: str):
    assert patient_key(one) != patient_key(other)
    assert spelling_problems([one, other], "t") == []


def test_invisible_characters_are_shown():
    assert "\\u200b" in str(spelling_problems(["P1", "P1\u200b"], "t")[0])


def patients(copies: int = 10, n: int = 60, coarse: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """n patients, the first `copies` of them once more under other identifiers."""
    random = np.random.default_rng(5)
    age = random.integers(50, 53, n).astype(float) if coarse else random.normal(60, 10, n).round(1)
    albumin = np.full(n, 4.0) if coarse else random.normal(4, 0.5, n).round(2)
    albumin[0] = np.nan
    time = random.integers(1, 8, n).astype(float) if coarse else random.exponential(30, n).round(2)
    rows = np.r_[np.arange(n), np.arange(copies)]
    ids = [f"P{k:03}" if k < n else f"Q{k - n:03}" for k in range(len(rows))]
    records = pd.DataFrame({"patient_id": ids, "age": age[rows], "albumin": albumin[rows]})
    event = (np.arange(n) % 2 == 0)[rows]
    return records, pd.DataFrame({"patient_id": ids, "time": time[rows], "event": event})


def assembled(
    records: pd.DataFrame,
    outcomes: pd.DataFrame,
    expression: dict[str, np.ndarray] | None = None,
    parameters: CohortParameters = FEW,
) -> AssembledCohort:
    none = pd.DataFrame({"what": [], "id": [], "reason": []}).astype("str")
    fields = describe_fields(records, FIELDS, None)
    return assemble_cohort(records, outcomes, fields, none, expression, COHORT, parameters)


def test_one_patient_under_two_identifiers_is_named():
    with pytest.raises(CohortError) as caught:
        assembled(*patients())
    assert "20 patients are alike" in str(caught.value)
    assert "P000 and Q000" in str(caught.value)


def test_alike_by_chance_is_no_error_and_one_fold():
    records, outcomes = patients(copies=0, coarse=True)
    made = assembled(records, outcomes)
    twins = made.index[made.index["twin_of"] != ""]
    assert len(twins) > 10
    folds = make_folds(
        made.outcomes,
        None,
        EvaluationParameters(folds=5, repeats=3),
        1,
        made.index,
    )
    fold = folds.set_index(["repeat", "patient_id"])["fold"]
    for repeat in range(3):
        for row in twins.itertuples():
            assert fold[repeat, row.patient_id] == fold[repeat, row.twin_of]
    assert len(folds) == 3 * len(records)


def test_without_twins_the_folds_are_as_before():
    _, outcomes = patients(0)
    parameters = EvaluationParameters(folds=5, repeats=2)
    plain = make_folds(outcomes, None, parameters, 3)
    pd.testing.assert_frame_equal(plain, make_folds(outcomes, None, parameters, 3, outcomes.assign(twin_of="")))


def profiles(ids: list[str], same: dict[str, str]) -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    values = {patient: random.normal(5, 1, 50).astype(np.float32) for patient in ids}
    for copy, original in same.items():
        values[copy] = values[original]
    return {
        "values": np.stack([values[patient] for patient in ids]),
        "patient_id": np.array(ids),
        "gene": np.array([f"G{k}" for k in range(50)]),
        "unit": np.array(["log"]),
    }


def test_one_sample_under_two_patients_is_named():
    records, outcomes = patients(0)
    expression = profiles(records["patient_id"].tolist(), {"P007": "P003"})
    with pytest.raises(CohortError, match="2 patients are alike in every gene"):
        assembled(records, outcomes, expression)
    index = assembled(records, outcomes, expression, KNOWINGLY).index.set_index("patient_id")
    assert index.loc["P007", "twin_of"] == "P003"


def test_patients_with_different_expression_are_two_people():
    records, outcomes = patients(copies=3)
    expression = profiles(records["patient_id"].tolist(), {})
    assert (assembled(records, outcomes, expression).index["twin_of"] == "").all()


def test_expected_pairs_are_those_of_independent_columns():
    random = np.random.default_rng(0)
    counts = []
    for _ in range(200):
        frame = pd.DataFrame({"a": random.integers(0, 20, 40), "b": random.integers(0, 10, 40)}).astype(float)
        counts.append(sum(len(group) * (len(group) - 1) / 2 for group in identical_rows(frame).groups))
    large = pd.DataFrame({"a": np.arange(4000) % 20, "b": (np.arange(4000) // 20) % 10}).astype(float)
    distinct = large.drop_duplicates()
    expected = expected_pairs(distinct) / (len(distinct) * (len(distinct) - 1)) * 40 * 39
    assert abs(np.mean(counts) - expected) < 0.6


def test_groups_that_share_a_row_are_one():
    assert joined_groups(6, [[1, 4]], [[4, 5]]).tolist() == [0, 1, 2, 3, 1, 1]
