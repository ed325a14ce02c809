"""The guard on real cohorts: silent on honest columns, and on LIHC it names progression under any field name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from groprog_assets.intake.preflight import preflight
from groprog_assets.methods.cohort.clinical_records import read_clinical
from groprog_assets.methods.cohort.cohort import assemble_cohort
from groprog_assets.methods.cohort.folds import make_folds
from groprog_assets.prognosis.leak_guard import leaks_in, told_leaks
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.check import check_study, load_study
from groprog_assets.study.parameters import CohortParameters, EvaluationParameters
from groprog_assets.study.schema import ClinicalField, Cohort, Endpoint

STUDY = Path(__file__).parents[2] / "studies" / "mcf7_lihc" / "study.yaml"


@pytest.mark.parametrize("name", ["metabric", "gbsg"])
def test_it_is_silent_on_public_cohorts(shared: Path, name: str):
    path = shared / "data" / "cohorts" / name / "cohort.csv"
    names = [column for column in pd.read_csv(path, nrows=0) if column.startswith("x")]
    fields = [ClinicalField(column=column, name=column, kind="continuous") for column in names]
    endpoint = Endpoint(time_column="time", event_column="event")
    own = Cohort(clinical=path, patient_column="patient_id", endpoint=endpoint, fields=fields)
    settings = CohortParameters()
    read = read_clinical(own, settings)
    made = assemble_cohort(read.records, read.outcomes, read.fields, read.exclusions, None, own, settings)
    folds = make_folds(made.outcomes, None, EvaluationParameters(repeats=1), 1, made.index)
    assert leaks_in(Bundle(made._asdict()), None, folds, settings) == []
    leaking = made.records.assign(x0=np.where(made.outcomes["event"], 1.0, 0.0))
    found = told_leaks(Bundle({**made._asdict(), "records": leaking}), None, folds, settings)
    assert [field for field, _ in found] == ["x0"]


def test_it_is_silent_on_the_real_study_and_names_progression(shared: Path, tmp_path: Path):
    document = yaml.safe_load(STUDY.read_text())
    document["data_roots"] = [str(shared / "data")]
    path = tmp_path / "study.yaml"

    def said(*fields: dict[str, object]) -> str:
        changed = {**document, "cohort": {**document["cohort"], "fields": [*document["cohort"]["fields"], *fields]}}
        text = yaml.safe_dump(changed)
        for relative in ("../../../shared/data", "../../shared/data"):
            text = text.replace(relative, str(shared / "data"))
        path.write_text(text)
        assert check_study(path) == []
        return "\n".join(map(str, preflight(load_study(path))))

    assert said() == ""
    assert "PFS_MONTHS" in said({"column": "PFS_MONTHS", "name": "prior_interval", "kind": "continuous"})
    vouched = {"column": "PFS_MONTHS", "name": "prior_interval", "kind": "continuous", "baseline_despite_name": True}
    assert "it is the follow-up itself" in said(vouched)
