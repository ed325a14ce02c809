"""The files of events during a job: opened once, written as ever, closed at the end."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite import sqlite_event_log

from groprog_assets.definitions import build_definitions
from groprog_assets.graph.instance_storage import events_kept_open
from groprog_assets.running import execution
from groprog_assets.store.workspace import Workspace


@dg.asset
def upper() -> int:
    return 1


@dg.asset
def lower(upper: int) -> int:
    return upper + 1


def materialized(instance: dg.DagsterInstance) -> list[str]:
    """The events of a run of both assets, as the storage has them."""
    made = dg.materialize([upper, lower], instance=instance, resources={"io_manager": dg.mem_io_manager})
    return [str(entry.dagster_event_type) for entry in instance.all_logs(made.run_id)]


def test_a_file_of_events_has_one_engine_and_stays_open_until_the_end_of_a_job(tmp_path: Path, monkeypatch):
    engines: list[str] = []
    folder = tmp_path / "history" / "runs"
    make = sqlite_event_log.create_engine

    def counted(address: str, **options):
        engines.append(address)
        return make(address, **options)

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        expected = materialized(instance)
        monkeypatch.setattr(sqlite_event_log, "create_engine", counted)
        with events_kept_open():
            assert materialized(instance) == expected
            files = {path.name for path in folder.glob("*.db-wal")}
        assert len(engines) == len(set(engines)) == 2  # the run's file, and that of all runs
        assert files == {f"{Path(address).stem}.db-wal" for address in engines}
        assert not list(folder.glob("*.db-wal"))
        assert sqlite_event_log.create_engine is counted
        assert materialized(instance) == expected


def test_a_job_of_a_command_makes_one_engine_for_its_file(workspace: Workspace, monkeypatch):
    engines: list[str] = []
    make, ended = sqlite_event_log.create_engine, execution._stop_if_interrupted
    made_until_then: list[int] = []

    def counted(address: str, **options):
        engines.append(address)
        return make(address, **options)

    def at_the_end(instance, made):
        made_until_then.append(sum(made.run_id in address for address in engines))
        ended(instance, made)

    monkeypatch.setattr(sqlite_event_log, "create_engine", counted)
    monkeypatch.setattr(execution, "_stop_if_interrupted", at_the_end)
    report = execution.run_study(workspace, build_definitions(), "gene_models", "tester")
    assert not report.failures
    assert made_until_then == [1]
