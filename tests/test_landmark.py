"""Landmark mode on the bundled kind of study: who is dropped, what enters, and that the leak guard agrees."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml

from groprog_assets.report import prognosis as report_prognosis
from groprog_assets.simulation import simulate_study
from groprog_assets.store import derivations
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace
from tests.trained_study import run

LANDMARK = 3.0


@pytest.fixture(scope="module")
def landmarked(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A tiny study, clinical only (fast), with the landmark after the treatment is known (60 days), run to its model."""
    path = simulate_study(
        tmp_path_factory.mktemp("landmark"), scale="tiny", fastq=False, patients=90, landmark=LANDMARK
    )
    document = yaml.safe_load(path.read_text())
    document["parameters"] |= {
        "training": {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2, "ensemble_seeds": 1},
        "linear_path": {"penalties": [1.0]},
        "evaluation": {"folds": 2, "bootstrap_samples": 20},
    }
    document["parameters"]["representation"] = {"mode": "clinical"}
    document["cohort"].pop("expression")
    document["validation"] = []
    path.write_text(yaml.safe_dump(document))
    run(path, "cohort or clinical_records or patient_expression")
    return Workspace(path)


def test_time_restarts_and_who_left_before_is_named(landmarked: Workspace):
    clinical = pd.read_table(landmarked.folder / "cohort" / "clinical.tsv").set_index("PATIENT_ID")
    cohort = load_asset(landmarked, "cohort")
    outcomes = cohort.outcomes.set_index("patient_id")
    before = clinical.loc[outcomes.index, "OS_MONTHS"]
    pd.testing.assert_series_equal(outcomes["time"] + LANDMARK, before, check_names=False, check_exact=False)
    assert (outcomes["time"] > 0).all()
    early = set(clinical.index[clinical["OS_MONTHS"] <= LANDMARK])
    left = cohort.exclusions[cohort.exclusions["reason"].str.contains("landmark")]
    assert set(left["id"]) == early
    assert cohort.summary["landmark_months"] == LANDMARK


def test_the_report_says_from_when_time_counts(landmarked: Workspace):
    cohort = load_asset(landmarked, "cohort")
    said = [block["text"] for block in report_prognosis.cohort({"cohort": cohort}) if block["kind"] == "note"]
    early = int(cohort.exclusions["reason"].str.contains("landmark").sum())
    assert said == [report_prognosis.LANDMARK.format(months=f"{LANDMARK:g}", left=early)]
    assert early > 0
    plain = {**cohort, "summary": {**cohort.summary, "landmark_months": None}}
    assert not [block for block in report_prognosis.cohort({"cohort": plain}) if block["kind"] == "note"]


def test_treatment_known_after_two_months_enters(landmarked: Workspace):
    fields = load_asset(landmarked, "cohort").fields.set_index("field")
    assert fields.loc["treatment", "used"]
    record = landmarked.derivations.current_record("cohort")
    assert derivations.passed(record)
