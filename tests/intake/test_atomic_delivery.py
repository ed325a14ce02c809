"""A delivery is accepted whole or not at all: the process is killed before and after every durable step."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from groprog_assets.errors import StudyError
from groprog_assets.intake import inbox
from groprog_assets.intake.delivery_decisions import DeliveryDecisions
from groprog_assets.intake.inbox import Delivery, finish, sort_inbox
from groprog_assets.lineage.decisions import decisions
from groprog_assets.running import sensors
from groprog_assets.running.execution import run_study, study_lock
from groprog_assets.store.workspace import Workspace
from tests.alignment_files import another_library
from tests.trained_study import with_inbox

KILLED = 9


class Written:
    """Decisions in a file of their own, one a line; like the event log, each is there or not."""

    def __init__(self, folder: Path):
        self.path = folder / "decisions"

    def record(self, delivery: Delivery, actor: str) -> None:
        held = self.all()
        (self.path.parent / "new").write_text("".join(json.dumps(line) + "\n" for line in [*held, [*delivery, actor]]))
        os.replace(self.path.parent / "new", self.path)

    def has(self, delivery: Delivery, since: float) -> bool:
        return any(line[0] == delivery.sha256 and line[3] == delivery.verdict for line in self.all())

    def all(self) -> list[list[Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.is_file() else []


def killed_at(folder: Path, step: int) -> bool:
    """Sort the inbox in a child that dies before (even steps) or after (odd) its durable call step // 2; whether it died."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == KILLED
    count = -1

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def durable(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if 2 * count == step:
                os._exit(KILLED)
            at = count
            try:
                return call(*arguments, **options)
            finally:
                if 2 * at + 1 == step:
                    os._exit(KILLED)

        return durable

    try:
        os.replace, os.unlink = dying(os.replace), dying(os.unlink)
        sort_inbox(Workspace(folder / "study.yaml"), 0, Written(folder), "eve")
        os._exit(0)
    finally:
        os._exit(1)


def deliver_table(folder: Path) -> None:
    table = pd.read_csv(folder / "cohort" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)
    table.iloc[:-2].to_csv(folder / "inbox" / "new.tsv", sep="\t", index=False)


def deliver_bad_table(folder: Path) -> None:
    (folder / "inbox" / "bad.tsv").write_text("PATIENT_ID\tAGE\nA\tseven\n")


def deliver_withdrawal(folder: Path) -> None:
    table = pd.read_csv(folder / "cohort" / "clinical.tsv", sep="\t", dtype=str)
    (folder / "inbox" / "gone.withdraw.txt").write_text(f"{table['PATIENT_ID'].iloc[3]}\n")


def deliver_library(folder: Path) -> None:
    another_library(folder / "reads" / "treated_1.bam", folder / "inbox" / "treated_3.bam")
    (folder / "inbox" / "one.libraries.tsv").write_text(
        "id\tcondition\treplicate\talignments\ntreated_3\ttreated\t3\ttreated_3.bam\n"
    )


@pytest.mark.parametrize("deliver", [deliver_table, deliver_bad_table, deliver_withdrawal, deliver_library])
def test_killed_at_every_step_a_delivery_is_whole_or_not_there(
    written: Path, tmp_path: Path, deliver: Callable[[Path], None]
) -> None:
    made = with_inbox(Path(shutil.copytree(written.parent, tmp_path / "made")) / "study.yaml").parent
    deliver(made)
    whole = Path(shutil.copytree(made, tmp_path / "whole"))
    assert not killed_at(whole, -1)
    wanted = outcome(whole)
    assert wanted["decisions"] == 1
    unchanged = outcome(made)
    for step in range(100):
        folder = Path(shutil.copytree(made, tmp_path / f"killed_{step}"))
        if not killed_at(folder, step):
            break
        before = outcome(folder)
        if not (folder / ".groprog" / "inbox" / "unfinished.json").is_file() and before != wanted:
            for told in ("snapshot", "libraries", "decisions", "waiting", "records", "withdrawals"):
                assert before[told] == unchanged[told], (step, "a part of a delivery")
            assert finish(Workspace(folder / "study.yaml"), Written(folder)) == []
        sort_inbox(Workspace(folder / "study.yaml"), 0, Written(folder), "eve")
        assert outcome(folder) == wanted, step
        shutil.rmtree(folder)
    assert step >= 10, "the steps of a delivery were counted"


def outcome(folder: Path) -> dict[str, Any]:
    """What a delivery leaves: snapshot, decisions and by whom, notes, where the file lies, who has withdrawn, the record."""
    workspace = Workspace(folder / "study.yaml")
    held = Written(folder).all()
    state = workspace.snapshots.root
    return {
        "snapshot": workspace.snapshots.current()[0],
        "libraries": [library.id for library in workspace.study.libraries],
        "decisions": len(held),
        "actors": {line[-1] for line in held},
        "evidence": [line[4] for line in held],
        "files": sorted(str(path.relative_to(folder)) for path in (folder / "inbox").glob("*/*.t*")),
        "waiting": sorted(path.name for path in (folder / "inbox").glob("*.t*")),
        "records": [json.loads(path.read_bytes()) for path in sorted((state / "deliveries").glob("*.json"))],
        "withdrawals": len(list((state / "withdrawals").glob("*.json"))),
    }


def test_a_decision_in_the_event_log_is_known_again(written: Path) -> None:
    with dg.instance_for_test() as instance:
        log = DeliveryDecisions(instance)
        one = Delivery("a" * 64, "new.tsv", "table", "accepted", {"new": 1})
        other = Delivery("b" * 64, "one.libraries.tsv", "libraries", "accepted", {})
        log.record(one, "eve")
        log.record(other, "eve")
        assert log.has(one, 0)
        assert log.has(other, 0)
        assert not log.has(one._replace(verdict="repeated"), 0)
        assert not log.has(one, 2e10), "an earlier decision is not this one"
        assert len(decisions(instance)) == 2


def test_the_sensor_waits_for_the_command_line(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(with_inbox(study))
    deliver_table(workspace.folder)
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(instance, resources={"study": sensors.StudyResource(path=str(study))})
        with study_lock(workspace):
            told = sensors.inbox(context)
            assert isinstance(told, dg.SkipReason)
            assert "already running" in str(told.skip_message)
            assert (workspace.folder / "inbox" / "new.tsv").is_file()
            with pytest.raises(StudyError, match="already running"), study_lock(workspace):
                pass
        sensors.inbox(context)
        assert not (workspace.folder / "inbox" / "new.tsv").is_file()


def test_a_run_carries_out_first_what_a_killed_process_decided(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from groprog_assets.definitions import build_definitions

    workspace = Workspace(with_inbox(study))
    deliver_table(workspace.folder)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(inbox, "finish", lambda *given: [] if len(given) < 3 else dies())
        with pytest.raises(KeyboardInterrupt):
            sort_inbox(workspace, 0, Written(workspace.folder), "eve")
    assert workspace.snapshots.current()[0] == ""
    with study_lock(workspace):
        run_study(workspace, build_definitions(study_path=str(study)), "clinical_records")
    assert workspace.snapshots.current()[0]
    record = workspace.derivations.current_record("clinical_records")
    assert record is not None
    assert record["files"][0]["path"].startswith(".groprog/inbox/tables")
