"""The sample index: outcomes apart, landmark mode, exclusions, summary."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.cohort.clinical_records import describe_fields
from groprog_assets.methods.cohort.cohort import AssembledCohort, assemble_cohort
from groprog_assets.methods.cohort.cohort_summary import follow_up, table_one
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import ClinicalField, Cohort, Endpoint

FIELDS = [
    ClinicalField(column="AGE", name="age", kind="continuous", unit="years"),
    ClinicalField(column="STAGE", name="stage", kind="ordinal", levels=["I", "II"]),
    ClinicalField(column="DRUG", name="drug", kind="categorical", known_at_days=60, block="treatment"),
]
COHORT = Cohort(
    clinical=Path("c.tsv"), endpoint=Endpoint(time_column="T", event_column="E"), fields=FIELDS, batch_column="SITE"
)
N = 24


def parts(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    ids = [f"p{k:02d}" for k in range(N)]
    records = pd.DataFrame(
        {
            "patient_id": ids,
            "age": np.where(np.arange(N) % 6 == 0, np.nan, rng.integers(40, 80, N)),
            "stage": rng.choice(["I", "II"], N),
            "drug": rng.choice(["a", "b"], N),
            "batch": rng.choice(["x", "y"], N),
        }
    )
    outcomes = pd.DataFrame(
        {"patient_id": ids[2:], "time": rng.integers(0, 6, N - 2) * 1.0, "event": rng.random(N - 2) < 0.6}
    )
    exclusions = pd.DataFrame({"what": "patient", "id": ids[:2], "reason": "no time for OS"})
    return records, outcomes, describe_fields(records, FIELDS, None), exclusions


def assemble(landmark: float | None = None, minimum_events: int = 1, **more: object) -> AssembledCohort:
    parameters = CohortParameters(minimum_events=minimum_events, landmark_months=landmark, minimum_shared_genes=2)
    return assemble_cohort(*parts(), more.pop("expression", None), COHORT, parameters, **more)  # type: ignore[arg-type]


def test_the_same_patients_in_the_same_order_everywhere() -> None:
    made = assemble()
    assert (
        made.index["patient_id"].tolist() == made.records["patient_id"].tolist() == made.outcomes["patient_id"].tolist()
    )
    assert len(made.index) == N - 2
    assert not {"time", "event", "batch"} & set(made.records.columns)
    assert set(made.index["batch"]) == {"x", "y"}
    assert set(made.exclusions["reason"]) == {"no time for OS", "known 60 days after baseline"}
    assert json.loads(json.dumps(made.summary))["patients"] == N - 2


def test_expression_marks_patients_and_does_not_drop_them() -> None:
    expression = {"patient_id": np.array(["p05", "p07"]), "gene": np.array(["A", "B"]), "unit": np.array(["log"])}
    made = assemble(expression=expression, genes=["A", "B", "C"])
    assert made.index.loc[made.index["has_expression"], "patient_id"].tolist() == ["p05", "p07"]
    assert made.summary["with_expression"] == 2
    with pytest.raises(CohortError, match="1 of its 2 genes"):
        assemble(expression=expression, genes=["A", "Z"])


@pytest.mark.parametrize("landmark", [0.5, 2.0, 3.0])
def test_landmark_drops_restarts_and_admits(landmark: float) -> None:
    outcomes = parts()[1]
    made = assemble(landmark)
    late = outcomes[outcomes["time"] > landmark]
    assert made.outcomes["patient_id"].tolist() == late["patient_id"].tolist()
    np.testing.assert_allclose(made.outcomes["time"], late["time"] - landmark)
    assert (made.outcomes["time"] > 0).all()
    dropped = made.exclusions[
        made.exclusions["reason"].str.contains("landmark") & (made.exclusions["what"] == "patient")
    ]
    assert len(dropped) == len(outcomes) - len(late)
    events = outcomes.loc[outcomes["time"] <= landmark, "event"].sum()
    assert dropped["reason"].str.startswith("event").sum() == events
    assert made.fields.set_index("field").loc["drug", "used"] == (landmark >= 60 / (365.25 / 12))


def test_too_few_events_after_the_landmark_are_refused() -> None:
    with pytest.raises(CohortError, match="earlier landmark"):
        assemble(4.0, minimum_events=8)


def test_a_field_constant_among_those_left_is_not_used() -> None:
    records, outcomes, fields, exclusions = parts()
    records.loc[records["patient_id"].isin(outcomes["patient_id"]), "stage"] = "I"
    made = assemble_cohort(records, outcomes, fields, exclusions, None, COHORT, CohortParameters(minimum_events=1))
    assert "constant" in made.fields.set_index("field").loc["stage", "reason"]
    assert ("column", "stage") in set(zip(made.exclusions["what"], made.exclusions["id"], strict=True))


def test_no_usable_field_is_refused() -> None:
    records, outcomes, fields, exclusions = parts()
    records["age"], records["stage"] = 50.0, "I"
    with pytest.raises(CohortError, match="no usable covariate"):
        assemble_cohort(records, outcomes, fields, exclusions, None, COHORT, CohortParameters(minimum_events=1))


def test_follow_up_by_reverse_kaplan_meier_against_counting() -> None:
    # censorings at 2 (5 at risk) and 4 (2 at risk): 4/5, then 4/5 x 1/2 = 0.4; the median is 4
    outcomes = pd.DataFrame({"time": [1.0, 2, 3, 3, 4, 5], "event": [True, False, True, True, False, True]})
    assert follow_up(outcomes)["median"] == 4.0
    assert follow_up(outcomes)["longest"] == 5.0
    assert follow_up(outcomes.assign(event=True))["median"] is None
    assert follow_up(outcomes.iloc[:0])["median"] is None


def test_follow_up_equals_lifelines() -> None:
    lifelines = pytest.importorskip("lifelines")
    rng = np.random.default_rng(5)
    outcomes = pd.DataFrame({"time": rng.integers(0, 30, 300) * 1.0, "event": rng.random(300) < 0.4})
    fit = lifelines.KaplanMeierFitter().fit(outcomes["time"], outcomes["event"])
    assert follow_up(outcomes)["median_survival"] == fit.median_survival_time_


def test_table_one_counts_everyone_once() -> None:
    made = assemble()
    rows = table_one(made.records, made.fields, made.outcomes)
    for field in ("stage", "drug"):
        levels = [row for row in rows if row["field"] == field]
        for group in ("all", "event", "censored"):
            assert sum(row[group]["count"] for row in levels) == levels[0][group]["known"]
        assert levels[0]["event"]["known"] + levels[0]["censored"]["known"] == levels[0]["all"]["known"]
    age = next(row for row in rows if row["field"] == "age")
    assert age["all"]["median"] == made.records["age"].median()
    assert age["missing"] == made.records["age"].isna().sum()
