"""From a file in the inbox to the model that scores: only what depends on it is made again, in the run a sensor asked for."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.definitions import build_definitions
from groprog_assets.graph.resources import StudyResource
from groprog_assets.graph.specification import LIBRARY_ASSETS, SPECIFICATIONS
from groprog_assets.intake.model_decisions import known_models
from groprog_assets.intake.retraining import left_behind
from groprog_assets.lineage import ledger
from groprog_assets.lineage.decisions import decisions
from groprog_assets.lineage.verification import verify
from groprog_assets.running import sensors
from groprog_assets.running.execution import study_instance
from groprog_assets.running.planning import plan
from groprog_assets.running.selection import selected_assets
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import OMICS_ASSETS, SEQUENCE_ASSETS, Workspace
from tests.alignment_files import another_library
from tests.trained_study import answer, copied, run, trained_study, without_drawing

COHORT = {
    "clinical_records",
    "patient_expression",
    "cohort",
    "encoded_tensors",
    "baselines",
    "risk_model",
    "evaluation",
    "champion",
    "risk_scores",
    "figures",
    "report",
    "lineage_snapshot",
}
GENOMIC = {"reads", "alignments", "signal", "transcription", "annotation", "features"}
"""Groups that no clinical table reaches."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        without_drawing(patch)
        return trained_study(tmp_path_factory.mktemp("made") / "study")


@pytest.fixture
def study(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = copied(made, tmp_path / "study")
    monkeypatch.setenv("GROPROG_STUDY", str(path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    without_drawing(monkeypatch)
    return path


def look(path: Path) -> list[dg.RunRequest]:
    """One look of the inbox sensor: its requests; partitions it asks for are added."""
    with study_instance(Workspace(path)) as instance:
        context = dg.build_sensor_context(instance=instance, resources={"study": StudyResource(path=str(path))})
        found = sensors.inbox(context)
        if isinstance(found, dg.SkipReason):
            return []
        for request in found.dynamic_partitions_requests or []:
            instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        return list(found.run_requests or [])


def table_of(path: Path) -> pd.DataFrame:
    return pd.read_csv(path.parent / "cohort" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)


def later(path: Path, rows: int = 12) -> pd.DataFrame:
    """Six months more for some patients under observation."""
    table = table_of(path)
    alive = table[
        table["OS_STATUS"].str.startswith("0") & (pd.to_numeric(table["OS_MONTHS"], errors="coerce") > 0)
    ].head(rows)
    return alive.assign(OS_MONTHS=(alive["OS_MONTHS"].astype(float) + 6).map("{:g}".format))[
        ["PATIENT_ID", "OS_MONTHS"]
    ]


def deliver(path: Path, name: str, table: pd.DataFrame) -> None:
    table.to_csv(path.parent / "inbox" / name, sep="\t", index=False)


def test_an_accepted_table_makes_the_cohorts_values_again_and_no_genomic_one(study: Path):
    table = table_of(study)
    old = table.head(15).assign(AGE="99", OS_MONTHS="1", OS_STATUS="1:DECEASED")
    old["PATIENT_ID"] = [f"NEW-{k}" for k in range(15)]
    deliver(study, "june.update.tsv", pd.concat([later(study), old]).fillna(""))
    (request,) = look(study)
    assert request.job_name == "cohort_job"
    found = answer(study, [request])
    assert set(found) >= COHORT
    assert not {name for name in found if SPECIFICATIONS[name].group in GENOMIC}, (
        "a genomic asset is not even looked at"
    )
    assert all(found[name] == 1 for name in COHORT)
    assert look(study) == [], "what was asked for is done"

    record = Workspace(study).derivations.current_record("champion")
    assert record is not None
    inputs, outcomes = (
        next(item for item in record["verdicts"] if item["name"] == name)
        for name in ("inputs_drift", "calibration_drift")
    )
    assert not inputs["passed"]
    assert "age" in inputs["description"]
    assert inputs["values"]["new_patients"] == 15
    assert inputs["values"]["age"] > 1
    assert outcomes["values"]["observed"] == 15, "the other twelve were followed without an event"
    assert 20 < outcomes["values"]["patients"] <= 27, "months after the last event the champion saw do not count"
    with study_instance(Workspace(study)) as instance:
        sensors.project(instance, Workspace(study))
    with ledger.open_ledger(Workspace(study).ledger_path) as connection:
        query = "SELECT e.body FROM checks c JOIN events e USING (run_id, storage_id) WHERE c.name = 'inputs_drift' ORDER BY 1"
        kept = [json.loads(body)["metadata"].get("age") for (body,) in connection.execute(query).fetchall()]
    assert inputs["values"]["age"] in kept, "the ledger holds the numbers as a history"

    again = run(study)
    assert set(again) == set(SPECIFICATIONS) - {*SEQUENCE_ASSETS, *OMICS_ASSETS, "patient_assays"}
    assert sum(again.values()) == 0, "and nothing else was to be done"


def test_a_retraining_that_stopped_after_its_first_step_is_due_again_and_said(study: Path):
    deliver(study, "june.update.tsv", later(study))
    (request,) = look(study)
    assert left_behind(Workspace(study)) == []
    run(study, "clinical_records")
    assert left_behind(Workspace(study)) == ["champion", "report"]
    (again,) = look(study)
    assert (again.job_name, again.run_key) == ("cohort_job", request.run_key)
    shown = CliRunner().invoke(main, ["status", str(study)])
    assert shown.exit_code == 2
    assert "champion is not of the current clinical records" in shown.output
    answer(study, [again])
    assert look(study) == []
    assert left_behind(Workspace(study)) == []
    assert "current clinical records" not in CliRunner().invoke(main, ["status", str(study)]).output


def test_with_a_cron_the_schedule_trains_what_the_sensor_accepted(study: Path):
    document = yaml.safe_load(study.read_text())
    study.write_text(yaml.safe_dump({**document, "retrain_cron": "*/5 * * * *"}))
    deliver(study, "june.update.tsv", later(study))
    assert look(study) == []
    definitions = build_definitions(study_path=str(study))
    (schedule,) = [item for item in definitions.schedules if item.name == "retraining"]
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.cron_schedule == "*/5 * * * *"
    with study_instance(Workspace(study)) as instance:
        context = dg.build_schedule_context(instance, resources={"study": StudyResource(path=str(study))})
        (request,) = schedule.evaluate_tick(context).run_requests
    assert request.run_key
    assert schedule.job_name == "cohort_job"


def new_library(path: Path, id_: str = "treated_3", replicate: int = 3) -> str:
    """A library as a hospital's sequencing unit would send it: its BAM, then the manifest."""
    from groprog_assets.store.artifacts import digest_file

    document = yaml.safe_load(path.read_text())
    (source,) = [item for item in document["libraries"] if item["id"] == "treated_1"]
    bam = path.parent / "inbox" / f"{id_}.bam"
    another_library(path.parent / source["alignments"], bam)
    row = {
        "id": id_,
        "condition": source["condition"],
        "replicate": replicate,
        "alignments": bam.name,
        "sha256": digest_file(bam),
        "operator": "eve",
    }
    deliver(path, f"{id_}.libraries.tsv", pd.DataFrame([row]))
    return id_


def test_a_new_library_runs_its_own_steps_and_what_depends_on_it(study: Path):
    new_library(study)
    requests = look(study)
    assert [(item.job_name, item.partition_key) for item in requests] == [("library_job", "treated_3")]
    workspace = Workspace(study)
    (library,) = [item for item in workspace.study.libraries if item.id == "treated_3"]
    assert library.metadata == {"operator": "eve"}
    assert library.alignments is not None
    assert library.alignments.stat().st_mode & 0o222 == 0
    found = answer(study, requests)
    assert found == dict.fromkeys(LIBRARY_ASSETS, 1), "the four others are left alone"
    (request,) = look(study)
    assert request.job_name == "study_job"
    found = answer(study, [request])
    assert found["transcript_counts"] == found["risk_model"] == found["report"] == 1
    for name in ("clinical_records", "patient_expression", "cohort"):
        assert found[name] == 0, f"{name} does not depend on libraries"
    assert look(study) == []
    assert "treated_3" in set(load_asset(Workspace(study), "transcript_counts")["library"])
    with study_instance(workspace) as instance:
        (decided,) = [item.asset_observation for item in decisions(instance)]
    assert decided is not None
    assert decided.asset_key.to_user_string() == "raw_reads"
    assert sum(run(study).values()) == 0


def test_a_dry_run_says_what_the_run_then_does(study: Path):
    select = "+risk_scores"

    def foreseen() -> dict[str, str]:
        chosen = selected_assets(build_definitions(study_path=str(study)), select)
        return {step.name: step.verdict for step in plan(Workspace(study), chosen)}

    assert set(foreseen().values()) == {"keep"}
    document = yaml.safe_load(study.read_text())
    original = study.read_text()
    document["parameters"]["evaluation"]["bootstrap_samples"] = 30
    study.write_text(yaml.safe_dump(document))
    said = foreseen()
    done = run(study, select)
    computed = {name for name, count in done.items() if count}
    assert {name for name, verdict in said.items() if verdict == "compute"} <= computed
    assert computed <= {name for name, verdict in said.items() if verdict != "keep"}
    assert (said["source_cohorts"], said["encoded_tensors"]) == ("compute", "follow")
    assert said["risk_model"] == "follow"
    assert "cohort" not in computed
    study.write_text(original)
    said = foreseen()
    assert said["evaluation"] == "keep", "as it was before: foreseen through what its inputs will be, not what they are"
    computed = {name for name, count in run(study, select).items() if count}
    assert {name for name, verdict in said.items() if verdict == "compute"} <= computed
    assert computed <= {name for name, verdict in said.items() if verdict != "keep"}


def groprog(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    return result.output


def test_scores_and_report_are_of_the_model_that_stands(study: Path):
    first = load_asset(Workspace(study), "risk_scores")
    document = yaml.safe_load(study.read_text())
    document["parameters"]["training"]["seed"] = 5
    document["parameters"]["evaluation"]["promotion_margin"] = 0.5
    study.write_text(yaml.safe_dump(document))
    run(study)
    workspace = Workspace(study)
    second = load_asset(workspace, "risk_scores")
    old, new = (str(table["model_version"].iloc[0]) for table in (first, second))
    assert old != new
    assert [item.model_version for item in known_models(workspace)] == [old, new]
    decided = json.loads(groprog("model", "show", study, "--json"))
    assert decided["model_version"] == new
    assert decided["comparison"]["patients"] == len(second)
    assert f"* {new[:16]}" in groprog("model", "list", study)

    groprog("model", "rollback", study, "--reason", "broke on the new site", "--user", "eve")
    back = pd.read_csv(study.parent / "results" / "risk_scores.tsv", sep="\t")
    assert set(back["model_version"]) == {old}
    assert back["risk"].to_numpy() == pytest.approx(first["risk"].to_numpy(), rel=1e-9)
    assert old[:12] in (study.parent / "results" / "report.html").read_text()
    assert f"* {old[:16]}" in groprog("model", "list", study)
    trace = json.loads(groprog("lineage", "trace", "risk_scores", "--study", study, "--json"))
    (model,) = [step for step in trace["steps"] if step["derivation"] == known_models(workspace)[0].derivation]
    assert model["asset"] == "risk_model", "the score is traced to the model it is by, not to the newest"
    patient = str(back["patient_id"].iloc[0])
    for name in (patient, pseudonym(patient, study_key(workspace.state))):  # the second is what the portal shows
        told = json.loads(groprog("lineage", "trace", "risk_scores", "--study", study, "--patient", name, "--json"))
        assert told["patient"]["patient_id"] == patient
    assert "not among the scored" in groprog(
        "lineage", "trace", "risk_scores", "--study", study, "--patient", "p-0", status=2
    )
    done = {name for name, count in run(study).items() if count}
    assert done <= {"champion", "lineage_snapshot"}, "the decision is looked at again and left as it is"
    assert f"* {old[:16]}" in groprog("model", "list", study)

    groprog("model", "promote", study, new[:12], "--reason", "the site mended its table", "--user", "eve")
    assert set(load_asset(Workspace(study), "risk_scores")["model_version"]) == {new}
    groprog("model", "promote", study, new[:12], "--reason", "again", status=2)


def test_who_withdraws_is_left_out_of_the_next_training_and_erased(study: Path):
    workspace = Workspace(study)
    scores = load_asset(workspace, "risk_scores")
    leaving, version = scores["patient_id"].iloc[3], scores["model_version"].iloc[0]
    before = {path for path in workspace.state.glob("store/*/*") if path.is_file()}
    holding = {path for path in before if holds(path, leaving)}
    assert holding
    listed = study.parent / "inbox" / "june.withdraw.txt"
    listed.write_text(f"{leaving}\n")
    told = groprog("inbox", "check", study, listed)
    assert f"model {version[:16]} was trained on one of them" in told
    assert "clinical.tsv still names one of them" in told
    (request,) = look(study)
    flags = (study.parent / "inbox" / "accepted" / "june.withdraw.txt.flags.txt").read_text()
    assert version[:16] in flags
    assert all(path.is_file() for path in before), "nothing is erased while the present values rest on it"
    answer(study, [request])
    with study_instance(Workspace(study)) as instance:
        sensors.project(instance, Workspace(study))
        made = [item.asset_observation for item in decisions(instance)]
    decided = [item.metadata["groprog/decision"].value for item in made if item is not None]
    assert "erased" in decided
    workspace = Workspace(study)
    after = load_asset(workspace, "risk_scores")
    assert len(after) == len(scores) - 1
    assert leaving not in set(after["patient_id"])
    champion = load_asset(workspace, "champion")
    assert champion["reason"] == "the champion was trained on a patient who has withdrawn"
    assert champion["model_version"] != version
    left = [path for path in workspace.state.rglob("*") if path.is_file() and holds(path, leaving)]
    assert left == [], "not a byte of the state names the patient"
    assert not [path for path in (study.parent / "results").rglob("*.tsv") if holds(path, leaving)]
    assert not [path for path in (study.parent / "inbox").rglob("*") if path.is_file() and holds(path, leaving)]
    assert verify(workspace.ledger_path) == [], "digests and derivations stay"
    assert {item.model_version for item in known_models(workspace)} == {version, champion["model_version"]}
    assert "is missing" in groprog("model", "rollback", study, "--reason", "try", status=2)
    assert f"{version[:16]}" in groprog("model", "list", study).split("its bytes are erased")[0]
    deliver(study, "july.update.tsv", pd.DataFrame({"PATIENT_ID": [leaving], "OS_MONTHS": ["99"]}))
    assert look(study) == []
    problem = (study.parent / "inbox" / "quarantine" / "july.update.tsv.problems.txt").read_text()
    assert f"patient {leaving} has withdrawn" in problem


def holds(path: Path, patient: str) -> bool:
    """Whether a file names the patient: in its bytes, or in a Parquet or npz column."""
    content = path.read_bytes()
    if patient.encode() in content:
        return True
    if content[:4] == b"PAR1":
        frame = pd.read_parquet(path)
        return any((frame[name].astype(str) == patient).any() for name in frame)
    if content[:2] == b"PK":
        import numpy as np

        with np.load(path, allow_pickle=False) as archive:
            return any((archive[name].astype(str) == patient).any() for name in archive.files)
    return False
