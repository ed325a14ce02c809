"""New clinical files: accepted whole, set aside with every problem, known by content."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
import yaml

from groprog_assets.errors import StudyError
from groprog_assets.graph.resources import StudyResource
from groprog_assets.intake.deliveries import Judgement, judge
from groprog_assets.intake.inbox import Delivery, sort_inbox
from groprog_assets.lineage.decisions import decisions
from groprog_assets.methods.cohort.clinical_tables import read_table
from groprog_assets.running import sensors
from groprog_assets.running.schedules import retraining
from groprog_assets.store.workspace import Workspace, open_workspace
from tests.trained_study import with_inbox


@pytest.fixture
def workspace(study: Path) -> Workspace:
    return open_workspace(with_inbox(study))


def deliver(workspace: Workspace, name: str, table: pd.DataFrame) -> Path:
    path = workspace.folder / "inbox" / name
    table.to_csv(path, sep="\t", index=False)
    os.utime(path, (1, 1))
    return path


def clinical(workspace: Workspace) -> pd.DataFrame:
    return pd.read_csv(workspace.folder / "cohort" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)


def test_a_good_file_becomes_the_clinical_table(workspace: Workspace):
    table = clinical(workspace).iloc[:-2]
    deliver(workspace, "new.tsv", table)
    (made,) = sort_inbox(workspace, 0)
    assert made.verdict == "accepted"
    assert made.evidence["withdrawn"] == 2
    again = open_workspace(workspace.path)
    assert (
        again.study.cohort.clinical.read_bytes() == (workspace.folder / "inbox" / "accepted" / "new.tsv").read_bytes()
    )
    assert made.sha256 in str(again.study.cohort.clinical)
    deliver(workspace, "same.tsv", table)
    assert [item.verdict for item in sort_inbox(again, 0)] == ["repeated"]
    assert (workspace.folder / "inbox" / "accepted" / "same.tsv").is_file()


def test_a_bad_file_is_set_aside_with_its_problems(workspace: Workspace):
    table = clinical(workspace)
    deliver(workspace, "bad.tsv", pd.concat([table, table.iloc[:1]]))
    assert [item.verdict for item in sort_inbox(workspace, 0)] == ["quarantine"]
    folder = workspace.folder / "inbox" / "quarantine"
    assert table.iloc[0, 0] in (folder / "bad.tsv.problems.txt").read_text()
    assert (folder / "bad.tsv").is_file()
    assert open_workspace(workspace.path).study.cohort.clinical.name == "clinical.tsv"


def test_the_command_names_the_file_that_it_does_not_take_in_yet(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    from click.testing import CliRunner

    from groprog_assets.cli.main import main

    (workspace.folder / "inbox" / "june.withdraw.txt").write_text(f"{clinical(workspace).iloc[0, 0]}\n")
    told = CliRunner().invoke(main, ["inbox", "take", str(workspace.path)])
    assert told.exit_code == 0
    assert "june.withdraw.txt waits, and is not taken in yet" in told.output
    assert "for 10 s" in told.output
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    again = CliRunner().invoke(main, ["inbox", "take", str(workspace.path)])
    assert "1 file; " in again.output
    assert "waits" not in again.output


def test_a_file_still_being_written_is_left_alone(workspace: Workspace):
    path = deliver(workspace, "new.tsv", clinical(workspace))
    deliver(workspace, ".hidden.tsv", clinical(workspace))
    (workspace.folder / "inbox" / "empty.tsv").touch()
    assert sort_inbox(workspace, 10) == [], "a copy that keeps old times is still being written"
    assert path.is_file()
    assert [item.name for item in sort_inbox(workspace, 0)] == ["new.tsv"]


def columns(workspace: Workspace) -> tuple[str, str, str]:
    cohort = workspace.study.cohort
    return cohort.patient_column, cohort.endpoint.time_column, cohort.endpoint.event_column


def current(workspace: Workspace) -> pd.DataFrame:
    cells = read_table(open_workspace(workspace.path).study.cohort.clinical).cells
    return cells.set_index(workspace.study.cohort.patient_column)


def only(workspace: Workspace, verdict: str) -> Delivery:
    (made,) = sort_inbox(workspace, 0)
    assert made.verdict == verdict, (made, problems(workspace))
    return made


def problems(workspace: Workspace) -> str:
    folder = workspace.folder / "inbox" / "quarantine"
    return "\n".join(path.read_text() for path in folder.glob("*.problems.txt"))


def test_longer_follow_up_of_known_patients_is_merged(workspace: Workspace):
    patient, time, _ = columns(workspace)
    table = clinical(workspace)
    rows = table.iloc[:3][[patient, time]].assign(**{time: ["200", "201", ""]})
    deliver(workspace, "march.update.tsv", rows)
    made = only(workspace, "accepted")
    counts = {name: made.evidence[name] for name in ("new", "followed", "corrected", "withdrawn", "shrunk")}
    assert counts == {"new": 0, "followed": 2, "corrected": 0, "withdrawn": 0, "shrunk": 0}
    after = current(workspace)
    assert after.loc[table.iloc[0][patient], time] == "200"
    assert after.loc[table.iloc[2][patient], time] == table.iloc[2][time], "a blank says nothing"
    assert len(after) == len(table)


def test_new_patients_and_corrected_records(workspace: Workspace):
    patient, _, _ = columns(workspace)
    table = clinical(workspace)
    rows = table.iloc[:2].copy()
    rows.loc[rows.index[0], patient] = "SIM-NEW"
    rows.loc[rows.index[1], "AGE"] = "71"
    deliver(workspace, "april.update.tsv", rows)
    made = only(workspace, "accepted")
    assert (made.evidence["new"], made.evidence["corrected"], made.evidence["followed"]) == (1, 1, 0)
    after = current(workspace)
    assert "SIM-NEW" in after.index
    assert after.loc[table.iloc[1][patient], "AGE"] == "71"


def test_withdrawals_leave_the_table(workspace: Workspace):
    patient, _, _ = columns(workspace)
    leaving = clinical(workspace)[patient].iloc[[3, 5]].tolist()
    path = workspace.folder / "inbox" / "may.withdraw.txt"
    path.write_text("\n".join(leaving) + "\n")
    os.utime(path, (1, 1))
    assert only(workspace, "accepted").evidence["withdrawn"] == 2
    assert not set(leaving) & set(current(workspace).index)
    path.write_text("NOBODY\n")
    os.utime(path, (1, 1))
    only(open_workspace(workspace.path), "quarantine")
    assert "unknown patients NOBODY" in problems(workspace)


def test_records_in_conflict_are_set_aside_with_both_versions(workspace: Workspace):
    patient, time, _ = columns(workspace)
    table = clinical(workspace)
    rows = table.iloc[[0, 0, 1, 1]].assign(**{time: ["100", "300", "5", "5"]})
    deliver(workspace, "june.update.tsv", rows)
    only(workspace, "quarantine")
    text = problems(workspace)
    assert f"{time}=100 | {time}=300" in text
    assert f"patient {table.iloc[0][patient]} is in conflict" in text
    assert table.iloc[1][patient] not in text, "rows that say the same are no conflict"
    assert open_workspace(workspace.path).study.cohort.clinical.name == "clinical.tsv"


def test_a_time_that_shrank_and_an_event_taken_back_are_flagged(workspace: Workspace):
    patient, time, event = columns(workspace)
    table = clinical(workspace)
    table[time] = table[time].where(pd.to_numeric(table[time], errors="coerce").notna(), "12")
    dead = table[table[event].isin(workspace.study.cohort.endpoint.event_values)].index[0]
    alive = table.index[table.index != dead][0]
    rows = table.loc[[alive, dead], [patient, time, event]]
    rows.loc[alive, time] = "0.01"
    rows.loc[dead, event] = "0:LIVING"
    deliver(workspace, "july.update.tsv", rows)
    assert only(workspace, "accepted").evidence["shrunk"] == 2
    flags = (workspace.folder / "inbox" / "accepted" / "july.update.tsv.flags.txt").read_text()
    assert table.loc[alive, patient] in flags
    assert table.loc[dead, patient] in flags


def test_a_changed_schema_is_named_column_by_column(workspace: Workspace):
    table = clinical(workspace)
    deliver(workspace, "august.tsv", table.drop(columns=["AGE", "STAGE"]))
    only(workspace, "quarantine")
    text = problems(workspace)
    assert "august.tsv" in text
    assert "no column 'AGE'" in text
    assert "no column 'STAGE'" in text
    deliver(workspace, "september.update.tsv", table.iloc[:2].assign(WEIGHT="70", HEIGHT="170"))
    only(workspace, "quarantine")
    assert "unknown column 'WEIGHT'" in problems(workspace)
    deliver(workspace, "october.tsv", table.assign(WEIGHT="70"))
    assert only(workspace, "accepted").evidence["columns_added"] == ["WEIGHT"]


def test_snapshots_are_immutable_and_updates_build_on_the_last(workspace: Workspace):
    patient, time, _ = columns(workspace)
    table = clinical(workspace)
    for month, value in (("a", "150"), ("b", "160")):
        path = deliver(workspace, f"{month}.update.tsv", table.iloc[[0]][[patient]].assign(**{time: value}))
        os.utime(path, (ord(month), ord(month)))
    assert [item.verdict for item in sort_inbox(workspace, 0)] == ["accepted", "accepted"]
    snapshots = sorted((workspace.state / "inbox" / "snapshots").iterdir())
    assert len(snapshots) == 2
    assert all(path.stat().st_mode & 0o222 == 0 for path in snapshots)
    assert current(workspace).loc[table.iloc[0][patient], time] == "160"


def test_a_clock_that_jumped_back_does_not_hide_a_file(workspace: Workspace):
    path = deliver(workspace, "new.tsv", clinical(workspace).iloc[:-1])
    os.utime(path, (4e9, 4e9))
    assert sort_inbox(workspace, 0) == [], "a first look"
    assert [item.verdict for item in sort_inbox(workspace, 0)] == ["accepted"]


def sensor_context(instance: dg.DagsterInstance, workspace: Workspace) -> dg.SensorEvaluationContext:
    resources = {"study": StudyResource(path=str(workspace.path))}
    return dg.build_sensor_context(instance=instance, resources=resources)


def as_if_trained(workspace: Workspace) -> None:
    """As if the study had been run to its champion from the clinical table of the study file."""
    files = workspace.source_files(("cohort.clinical",), "")
    for asset in ("clinical_records", "champion"):
        digest = workspace.derivations.write({"asset": asset, "files": files, "inputs": []})
        workspace.derivations.point(asset, "", digest)


def with_cron(workspace: Workspace, cron: str) -> None:
    document = yaml.safe_load(workspace.path.read_text())
    workspace.path.write_text(yaml.safe_dump({**document, "retrain_cron": cron}))


@pytest.mark.parametrize("cron", [None, "30 4 * * 0"])
def test_the_sensor_decides_and_starts_training_now_or_as_scheduled(
    workspace: Workspace, cron: str | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    if cron:
        with_cron(workspace, cron)
    as_if_trained(workspace)
    patient, _, _ = columns(workspace)
    table = clinical(workspace)
    deliver(workspace, "good.tsv", table.iloc[:-1])
    deliver(workspace, "bad.tsv", table.drop(columns="AGE"))
    with dg.DagsterInstance.ephemeral() as instance:
        found = sensors.inbox(sensor_context(instance, workspace))
        assert isinstance(found, dg.SensorResult)
        requests = [(item.job_name, item.run_key) for item in found.run_requests or []]
        assert [name for name, _ in requests] == ([] if cron else ["cohort_job"])
        made = [record.asset_observation for record in decisions(instance)]
        assert sorted(item.description for item in made if item) == ["accepted", "quarantine"]
        assert table[patient].iloc[0] not in repr(made), "no patient is named in an event"
        again = sensors.inbox(sensor_context(instance, workspace))
        if cron:
            assert isinstance(again, dg.SkipReason)
        else:
            assert [(item.job_name, item.run_key) for item in again.run_requests] == requests, (
                "asked until it is done, once"
            )
        as_if_trained(open_workspace(workspace.path))
        assert isinstance(sensors.inbox(sensor_context(instance, workspace)), dg.SkipReason)


def test_nothing_is_trained_before_a_person_ran_the_study(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    deliver(workspace, "good.tsv", clinical(workspace).iloc[:-1])
    with dg.DagsterInstance.ephemeral() as instance:
        found = sensors.inbox(sensor_context(instance, workspace))
        assert isinstance(found, dg.SensorResult)
        assert not found.run_requests


def test_the_schedules_are_the_studys_and_idle_without_news(workspace: Workspace, tmp_path: Path):
    assert {item.default_status for item in retraining(str(workspace.path))} == {dg.DefaultScheduleStatus.STOPPED}
    with_cron(workspace, "30 4 * * 0")
    schedules = retraining(str(workspace.path))
    assert {item.cron_schedule for item in schedules} == {"30 4 * * 0"}
    assert {item.default_status for item in schedules} == {dg.DefaultScheduleStatus.RUNNING}
    by_table, by_libraries = schedules
    resources = {"study": StudyResource(path=str(workspace.path))}
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        dg.build_schedule_context(instance, resources=resources) as context,
    ):
        assert isinstance(by_table(context), dg.RunRequest)
        as_if_trained(open_workspace(workspace.path))
        assert isinstance(by_table(context), dg.SkipReason)
        assert isinstance(by_libraries(context), dg.SkipReason)


@pytest.mark.parametrize("cron", ["every day", "* * * *", "0 2 * * 1; rm", ""])
def test_a_cron_that_is_none_is_refused(workspace: Workspace, cron: str):
    document = yaml.safe_load(workspace.path.read_text())
    workspace.path.write_text(yaml.safe_dump({**document, "retrain_cron": cron}))
    with pytest.raises(StudyError, match="retrain_cron"):
        Workspace(workspace.path)


def test_a_column_that_was_renamed_is_recognised(workspace: Workspace):
    table = clinical(workspace)
    deliver(workspace, "renamed.tsv", table.rename(columns={"AGE": "Age_years", "STAGE": "Stage"}))
    only(workspace, "quarantine")
    assert "no column 'STAGE'" in problems(workspace)
    assert "Was it renamed to 'Stage'?" in problems(workspace)


def test_cells_of_the_wrong_type_or_level_are_named_by_their_line_in_the_file(workspace: Workspace):
    _, _, event = columns(workspace)
    table = clinical(workspace).iloc[:4].copy()
    table.loc[table.index[1], "AGE"] = "sixty"
    table.loc[table.index[2], "STAGE"] = "IX"
    table.loc[table.index[3], event] = "perhaps"
    deliver(workspace, "wrong.update.tsv", table)
    only(workspace, "quarantine")
    text = problems(workspace)
    for said in ("wrong.update.tsv, AGE", "'sixty'; line 3", "'IX'; line 4", "'perhaps'"):
        assert said in text, text
    assert str(workspace.state) not in text


def test_a_table_that_was_cut_off_is_not_taken_for_a_whole_one(workspace: Workspace):
    table = clinical(workspace)
    whole = table.to_csv(sep="\t", index=False)
    path = workspace.folder / "inbox" / "cut.tsv"
    path.write_text(whole[: len(whole) * 3 // 4].rstrip("\n"))
    only(workspace, "quarantine")
    assert "its last line has no line end" in problems(workspace)
    deliver(workspace, "short.tsv", table.iloc[: len(table) * 3 // 4])
    only(workspace, "quarantine")
    assert "patients are no longer in it" in problems(workspace)
    assert open_workspace(workspace.path).study.cohort.clinical.name == "clinical.tsv"


def test_a_withdrawal_is_taken_whatever_it_does_to_the_numbers(workspace: Workspace):
    patient, _, _ = columns(workspace)
    table = clinical(workspace)
    path = workspace.folder / "inbox" / "many.withdraw.txt"
    path.write_text("\n".join(table[patient].iloc[:-5]) + "\n")
    assert only(workspace, "accepted").evidence["withdrawn"] == len(table) - 5
    assert len(current(workspace)) == 5


def test_a_withdrawal_that_was_cut_short_is_taken_up_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    from groprog_assets.store.snapshots import Snapshots

    patient, _, _ = columns(workspace)
    leaving = clinical(workspace)[patient].iloc[2]
    path = workspace.folder / "inbox" / "one.withdraw.txt"
    path.write_text(f"{leaving}\n")

    def dies(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Snapshots, "prepare", dies)
        with pytest.raises(KeyboardInterrupt):
            sort_inbox(workspace, 0)
    assert leaving in current(workspace).index
    only(open_workspace(workspace.path), "accepted")
    assert leaving not in current(workspace).index
    (workspace.folder / "inbox" / "two.withdraw.txt").write_text(f"{leaving}\n{leaving}\n")
    only(open_workspace(workspace.path), "accepted")


def test_who_has_withdrawn_does_not_come_back_with_a_table(workspace: Workspace):
    patient, _, _ = columns(workspace)
    table = clinical(workspace)
    leaving = table[patient].iloc[2]
    (workspace.folder / "inbox" / "one.withdraw.txt").write_text(f"{leaving}\n")
    only(workspace, "accepted")
    deliver(workspace, "all.tsv", table)
    only(open_workspace(workspace.path), "quarantine")
    assert f"patient {leaving} has withdrawn" in problems(workspace)


def test_the_check_says_what_would_happen_and_changes_nothing(workspace: Workspace, tmp_path: Path):
    from click.testing import CliRunner

    from groprog_assets.cli.main import main

    def said(name: str, table: pd.DataFrame, status: int) -> str:
        table.to_csv(tmp_path / name, sep="\t", index=False)
        result = CliRunner().invoke(main, ["inbox", "check", str(workspace.path), str(tmp_path / name)])
        assert result.exit_code == status, result.output
        return result.output

    patient, time, _ = columns(workspace)
    table = clinical(workspace)
    before = sorted(path for path in workspace.folder.rglob("*"))
    told = said("x.update.tsv", table.iloc[:1][[patient]].assign(**{time: "0.01"}), 0)
    assert "it would be accepted" in told
    assert f"! patient {table[patient].iloc[0]}: the follow-up is shorter" in told
    assert "no column 'AGE'" in said("y.tsv", table.drop(columns="AGE"), 2)
    assert "suffix '.bam'" in said("y.bam", table, 2)
    after = [path for path in workspace.folder.rglob("*") if path.is_file()]
    assert {path for path in after if path not in before} <= {
        workspace.state / f"pseudonym.{part}" for part in ("key", "lock")
    }


def test_an_altered_snapshot_is_refused_rather_than_passed_over(workspace: Workspace):
    deliver(workspace, "new.tsv", clinical(workspace).iloc[:-2])
    only(workspace, "accepted")
    name, _ = open_workspace(workspace.path).snapshots.current()
    path = workspace.snapshots.root / "snapshots" / f"{name}.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b'"before":""', b'"before":"x"'))
    with pytest.raises(StudyError, match="altered"):
        Workspace(workspace.path)
    path.unlink()
    with pytest.raises(StudyError, match="unreadable"):
        Workspace(workspace.path)


def judged(workspace: Workspace, name: str, text: str) -> Judgement:
    path = workspace.folder / name
    path.write_text(text)
    return judge(workspace, path)


def test_a_file_without_rows_is_no_delivery(workspace: Workspace):
    header = "\t".join(clinical(workspace).columns) + "\n"
    for name in ("all.tsv", "some.update.tsv"):
        (problem,) = judged(workspace, name, header).problems
        assert problem.value == "no rows under the header"
    for name in ("all.tsv", "some.update.tsv", "who.withdraw.txt", "more.libraries.tsv"):
        for text in ("", "\n", " \n\n"):
            (problem,) = judged(workspace, name, text).problems
            assert problem.value == "the file is empty"


def test_names_that_are_nearly_known_are_asked_about(workspace: Workspace):
    table = clinical(workspace)
    patient, _, _ = columns(workspace)
    known = table.iloc[0][patient]
    alike = known.lower().replace("-", "_")
    made = judged(workspace, "a.update.tsv", table.iloc[:1].assign(**{patient: alike}).to_csv(sep="\t", index=False))
    assert f"patient {alike} is new; did you mean {known}?" in made.flags
    assert f"1 patient is new: {alike}" in made.flags
    sequel = judged(
        workspace, "b.update.tsv", table.iloc[:1].assign(**{patient: "SIM-9999"}).to_csv(sep="\t", index=False)
    )
    assert sequel.flags == ["1 patient is new: SIM-9999"]
    (problem,) = judged(workspace, "c.withdraw.txt", f"{patient.lower()}\n{alike}\nNOBODY\n").problems
    assert problem.value == f"unknown patients NOBODY, {alike}"
    assert f"{alike}: {known}" in problem.remedy
    (problem,) = judged(
        workspace, "d.update.tsv", table.iloc[:2].rename(columns={"AGE": "Aeg"}).to_csv(sep="\t", index=False)
    ).problems
    assert (problem.value, problem.remedy) == ("unknown column 'Aeg'", "Did you mean 'AGE'?")
    (problem,) = judged(workspace, "e.update.tsv", table.iloc[:2].to_csv(sep="\t", index=False, header=False)).problems
    assert problem.remedy == "The first line is a patient: put the header above it."
    (problem,) = judged(
        workspace, "f.update.tsv", table.iloc[:2].rename(columns={patient: "Patient"}).to_csv(sep="\t", index=False)
    ).problems
    assert problem.remedy.endswith("is it 'Patient'?")
    assert judged(workspace, "g.updates.tsv", table.to_csv(sep="\t", index=False)).flags == [
        "read as a whole table; did you mean the ending .update.tsv?"
    ]
