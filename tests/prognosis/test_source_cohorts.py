"""Cohorts that the model learns from: what `study check` says of them, and a study that names some."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.intake.preflight import StudyRead, preflight
from groprog_assets.methods.evaluation.transfer_gain import gain_by_patients
from groprog_assets.prognosis.source_cohorts import fitted_sources, read_sources, who_withdrew
from groprog_assets.store.pseudonyms import pseudonym, study_key, withdrawal_mark
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.check import check_study, load_study
from tests.remains import found_in
from tests.trained_study import LITTLE, run, without_drawing

CODES: dict[str, Any] = {"event_values": ["dead"], "censored_values": ["alive"]}


def with_sources(path: Path, *changes: dict[str, Any]) -> Path:
    """The study with its external cohort as a source, once for each of `changes` to it."""
    document = yaml.safe_load(path.read_text())
    source = {key: value for key, value in document.pop("validation")[0].items() if key != "harmonize"}
    document["cohort"]["sources"] = [
        {**source, "name": f"source_{place}", **change} for place, change in enumerate(changes)
    ]
    document["parameters"] = {**document["parameters"], **LITTLE}
    path.write_text(yaml.safe_dump(document))
    return path


def problems(path: Path) -> list[str]:
    found = check_study(path)
    if not found:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = preflight(load_study(path))
    return [str(problem) for problem in found]


def own_cohort(path: Path) -> dict[str, Any]:
    """The study's own cohort, written as a source."""
    cohort = yaml.safe_load(path.read_text())["cohort"]
    return {
        "clinical": cohort["clinical"],
        "patient_column": "PATIENT_ID",
        "endpoint": cohort["endpoint"],
        "fields": [],
    }


def test_a_source_is_told_with_what_it_shares(study: Path):
    with pytest.warns(UserWarning, match="cohort.sources, source_0.*events, fields age.*genes of the study"):
        assert preflight(load_study(with_sources(study, {}))) == []


def test_a_source_equal_to_the_target_is_refused(study: Path):
    (told,) = problems(with_sources(study, own_cohort(study) | {"expression": None}))
    assert "cohort.sources, source_0" in told
    assert "all who have an outcome are in the training cohort too" in told


def test_a_source_given_twice_is_refused(study: Path):
    (told,) = problems(with_sources(study, {}, {}))
    assert "cohort.sources, source_1" in told
    assert "in an earlier source left out" in told


def test_another_endpoint_is_refused(study: Path):
    endpoint = {"name": "PFS", "time_column": "days", "event_column": "vital", "time_unit": "days", **CODES}
    (told,) = problems(with_sources(study, {"endpoint": endpoint}))
    assert "PFS" in told
    assert "another one has another hazard" in told


def test_another_time_unit_is_refused(study: Path):
    endpoint = {"name": "OS", "time_column": "days", "event_column": "vital", "time_unit": "years", **CODES}
    told = problems(with_sources(study, {"endpoint": endpoint}))
    assert any("cohort.sources, source_0" in line and "days" in line for line in told), told


def test_other_genes_are_refused(study: Path):
    matrix = study.parent / "validation" / "expression.tsv"
    table = pd.read_csv(matrix, sep="\t", index_col=0)
    table.index = [f"ENSG{number:011d}" for number in range(len(table))]
    table.to_csv(matrix, sep="\t")
    (told,) = problems(with_sources(study, {}))
    assert "0 of its" in told
    assert "Use the same gene symbols" in told


def test_other_fields_and_kinds_are_refused(study: Path):
    fields = [
        {"column": "age", "name": "weight", "kind": "continuous"},
        {"column": "sex", "name": "age", "kind": "categorical"},
    ]
    told = problems(with_sources(study, {"fields": fields}))
    assert any("weight" in line for line in told)
    assert any("age is continuous in the study's cohort" in line for line in told)


def test_shared_patients_are_left_out_and_counted(study: Path):
    clinical = study.parent / "validation" / "clinical.csv"
    table = pd.read_csv(clinical, dtype=str)
    own = pd.read_csv(study.parent / "cohort" / "clinical.tsv", sep="\t", dtype=str)["PATIENT_ID"].tolist()
    matrix = study.parent / "validation" / "expression.tsv"
    renamed = dict(zip(table["id"][:3], own[:3]))
    table["id"] = table["id"].replace(renamed)
    table.to_csv(clinical, index=False)
    pd.read_csv(matrix, sep="\t", index_col=0).rename(columns=renamed).to_csv(matrix, sep="\t")
    with pytest.warns(UserWarning, match="3 in the study's cohort left out"):
        preflight(load_study(with_sources(study, {})))


def test_who_withdrew_is_not_learned_from(study: Path):
    path = with_sources(study, {})
    workspace = Workspace(path)
    patient = pd.read_csv(study.parent / "validation" / "clinical.csv", dtype=str)["id"].iloc[4]
    key = study_key(workspace.state)
    place = workspace.snapshots.root / "withdrawals"
    place.mkdir(parents=True)
    record = {"marks": [withdrawal_mark(pseudonym(patient, key), key)], "tables": [], "erased": None}
    (place / "one.json").write_text(json.dumps(record))
    given, keep = load_study(path), StudyRead()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert preflight(given, keep) == []
        assert keep.patients is not None
        _, expression, cohort = keep.patients
        held = read_sources(given.patients, cohort, expression, given.parameters, who_withdrew(workspace))
    assert held[0].document["left_out"] == {"withdrawn": 1}
    assert patient not in held[0].source.inputs.patient_id


def test_few_events_are_refused(study: Path):
    clinical = study.parent / "validation" / "clinical.csv"
    table = pd.read_csv(clinical, dtype=str)
    dead = table.index[table["vital"] == "dead"]
    table.drop(index=dead[4:]).to_csv(clinical, index=False)
    (told,) = problems(with_sources(study, {}))
    assert "cohort.sources, source_0" in told
    assert "at least 10 events" in told


def test_a_study_with_a_source(study: Path, monkeypatch: pytest.MonkeyPatch):
    """The whole run: coefficients without patients, fixed columns in the model, the report, scores, lineage."""
    without_drawing(monkeypatch)
    path = with_sources(study, {})
    run(path)
    workspace = Workspace(path)
    value = load_asset(workspace, "source_cohorts")
    assert value.sources[0]["events"] >= 10
    record = workspace.derivations.current_record("source_cohorts")
    assert record is not None
    assert {item["path"] for item in record["files"]} == {"validation/clinical.csv", "validation/expression.tsv"}
    model = load_asset(workspace, "risk_model")
    assert model.transferred["final"]["kept"] == ["source_0"] or model.transferred["final"]["dropped"] == ["source_0"]
    assert len(model.transferred["folds"]) == 2
    held = set(load_asset(workspace, "encoded_tensors").folds["patient_id"])
    theirs = pd.read_csv(study.parent / "validation" / "clinical.csv", dtype=str)["id"].tolist()
    assert not held & set(theirs), "no patient of a source is ever tested on"
    stored = workspace.store.path(record["output"]["sha256"]).parent
    assert found_in([stored], theirs[:5]) == {}, "what is kept of a source names nobody"
    page = load_asset(workspace, "report").content.decode()
    assert "Other cohorts that the model learned from" in page
    scored = CliRunner().invoke(main, ["score", str(path), str(study.parent / "cohort" / "clinical.tsv")])
    assert scored.exit_code == 0, scored.output
    assert sum(run(path).values()) == 0
    clinical = study.parent / "validation" / "clinical.csv"
    clinical.write_text(clinical.read_text().replace("dead", "alive", 1))
    assert run(path, "source_cohorts")["source_cohorts"] == 1


def test_gains_are_paired_by_fold():
    same = {"repeat": 0, "patients": 50, "trained_on": 50, "tested_on": 20, "events": 15}
    rows = [
        {**same, "fold": fold, "variant": variant, "cindex": cindex}
        for fold, plain, gained in ((0, 0.6, 0.65), (1, 0.7, 0.72), (2, 0.5, 0.58))
        for variant, cindex in (("without", plain), ("with_sources", gained))
    ]
    (gain,) = gain_by_patients(rows)["gains"]
    assert gain["gain"] == pytest.approx(0.05)
    assert gain["without"] == pytest.approx(0.6)
    half = 4.302653 * np.sqrt((1 / 3 + 20 / 50) * np.var([0.05, 0.02, 0.08], ddof=1))
    assert (gain["lower"], gain["upper"]) == (pytest.approx(0.05 - half), pytest.approx(0.05 + half))
    assert gain_by_patients([]) == {"rows": [], "gains": []}


def expression_there(study: Path) -> tuple[Path, pd.DataFrame]:
    matrix = study.parent / "validation" / "expression.tsv"
    return matrix, pd.read_csv(matrix, sep="\t", index_col=0)


def test_a_copy_under_other_names_is_said_where_too_few_are_left(study: Path):
    path = with_sources(study, own_cohort(study) | {"shared_patients": "renumbered"})
    document = yaml.safe_load(path.read_text())
    document["cohort"]["sources"][0]["expression"] = document["cohort"]["expression"]
    document["cohort"]["sources"][0]["fields"] = document["cohort"]["fields"][1:2]
    clinical = pd.read_csv(path.parent / document["cohort"]["clinical"], sep="\t", dtype=str)
    time = document["cohort"]["endpoint"]["time_column"]
    clinical[time] = (clinical[time].astype(float) + 1).round(2)  # followed longer: rows tell nothing, expression does
    clinical.to_csv(path.parent / "followed_longer.tsv", sep="\t", index=False)
    document["cohort"]["sources"][0]["clinical"] = "followed_longer.tsv"
    path.write_text(yaml.safe_dump(document))
    (told,) = problems(path)
    found = re.search(r"\((\d+) of (\d+) left out, who are in the study's cohort", told)
    assert found is not None, told
    rows = len(pd.read_csv(path.parent / document["cohort"]["clinical"], sep="\t"))
    assert int(found[1]) <= int(found[2]) == rows, "patients without an outcome are among both"


def test_follow_up_in_another_unit_is_said(study: Path):
    endpoint = {"name": "OS", "time_column": "days", "event_column": "vital", "time_unit": "months", **CODES}
    clinical = study.parent / "validation" / "clinical.csv"
    table = pd.read_csv(clinical, dtype=str)
    table["days"] = (table["days"].astype(float) / 365.25).round(3)
    table.to_csv(clinical, index=False)
    with pytest.warns(UserWarning, match=r"median follow-up [0-9.]+ months, [0-9.]+ in the study"):
        preflight(load_study(with_sources(study, {"endpoint": endpoint})))


def test_genes_that_do_not_vary_are_refused(study: Path):
    matrix, table = expression_there(study)
    (table * 0 + 3).to_csv(matrix, sep="\t")
    (told,) = problems(with_sources(study, {}))
    assert "0 genes vary among its" in told


def test_a_source_measured_in_part_teaches_genes_by_those_who_were_measured(study: Path):
    clinical = study.parent / "validation" / "clinical.csv"
    matrix, table = expression_there(study)
    dead = pd.read_csv(clinical, dtype=str).query("vital == 'dead'")["id"]
    held = [name for name in table if name in set(dead)][:16]
    table[held].to_csv(matrix, sep="\t")
    path = with_sources(study, {})
    given, keep = load_study(path), StudyRead()
    with pytest.warns(UserWarning, match="16 patients with expression"):
        assert preflight(given, keep) == []
    assert keep.patients is not None
    _, expression, cohort = keep.patients
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = fitted_sources(given.patients, cohort, expression or {}, given.parameters, lambda patient: False)
    assert np.abs(made.arrays["molecular"]).max() > 0
    table[held[:3]].to_csv(matrix, sep="\t")
    (told,) = problems(path)
    assert "3 events among the 3 of" in told
    assert "give this source no expression" in told


@pytest.mark.parametrize("kind", ["field", "gene"])
def test_a_source_whose_column_knows_its_outcome_is_refused(study: Path, kind: str):
    clinical = study.parent / "validation" / "clinical.csv"
    table = pd.read_csv(clinical, dtype=str)
    if kind == "field":
        table.assign(age=(table["days"].astype(float) / 60).round(1)).to_csv(clinical, index=False)
    else:
        matrix, expression = expression_there(study)
        dead = table.set_index("id")["vital"].eq("dead")
        expression.iloc[0] = [3.0 + 2.0 * dead[name] + 0.01 * place for place, name in enumerate(expression)]
        expression.to_csv(matrix, sep="\t")
    (told,) = problems(with_sources(study, {}))
    assert ("age (age)" if kind == "field" else "expression row OTHER01") in told
    assert "Inputs must not know the outcome" in told
