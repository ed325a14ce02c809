"""The study on PostgreSQL, with the settings of `examples/postgres`: runs, ledger, what the server commits late, what is said."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.graph.instance_storage import POSTGRES_VARIABLE
from groprog_assets.lineage import ledger
from groprog_assets.lineage.collect import collect, rebuild
from groprog_assets.running.execution import study_instance
from groprog_assets.store.workspace import Workspace
from tests.ledger_rows import table_rows
from tests.postgres import Server, server

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "postgres" / "dagster.yaml"
SOME = "gene_models or raw_reads or +cohort"
PACKAGED = Path(__file__).resolve().parents[1] / "groprog_assets" / "dagster.yaml"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    with server() as up:
        yield up


@pytest.fixture
def study(study: Path, cluster: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """On a database of its own."""
    shutil.copy(EXAMPLE, study.parent / "dagster.yaml")
    monkeypatch.setenv(POSTGRES_VARIABLE, cluster.database(f"d{abs(hash(tmp_path))}"))
    return study


def groprog(*words: object):
    return CliRunner().invoke(main, [str(word) for word in words])


def same_rows(first: Path, second: Path) -> bool:
    left, right = table_rows(first), table_rows(second)
    return {**left, "seals": 0} == {**right, "seals": 0} and len(left["seals"]) == len(right["seals"])


def test_the_example_differs_from_the_packaged_settings_by_its_storage_only():
    example, packaged = (yaml.safe_load(path.read_text()) for path in (EXAMPLE, PACKAGED))
    storage = example.pop("storage")
    assert example == packaged
    assert storage == {"postgres": {"postgres_url": {"env": POSTGRES_VARIABLE}}}
    assert "postgresql+psycopg2://" in EXAMPLE.read_text()


def test_a_study_runs_on_it_and_its_ledger_verifies(study: Path, tmp_path: Path):
    first = groprog("run", study, "--select", SOME)
    assert first.exit_code == 0, first.output
    assert "0 values computed" in groprog("run", study, "--select", SOME).output
    workspace = Workspace(study)
    with study_instance(workspace) as instance:
        for part in (instance.run_storage, instance.event_log_storage, instance.schedule_storage):
            assert type(part).__module__.startswith("dagster_postgres")
        assert not list(workspace.home.rglob("*.db"))
        fresh = tmp_path / "fresh" / "lineage.duckdb"
        # annotation, four libraries, the cohort; an export; that the second run kept all
        assert collect(instance, fresh, workspace.derivations) == 8
        assert same_rows(fresh, workspace.ledger_path)
        before = table_rows(workspace.ledger_path)
        rebuild(instance, workspace.ledger_path, workspace.derivations)
    assert table_rows(workspace.ledger_path) == before
    assert groprog("lineage", "verify", "--study", study).exit_code == 0
    secret = {path for path in study.parent.rglob("*") if path.is_file() and b"groprog@/" in path.read_bytes()}
    assert not secret, "the URL was written down"


def test_what_the_server_commits_late_is_not_skipped(study: Path, tmp_path: Path):
    """An event that took its number before others and is committed after the ledger has read those."""
    workspace = Workspace(study)
    assert groprog("run", study, "--select", "gene_models").exit_code == 0
    with study_instance(workspace) as instance:
        slow = instance.create_run_for_job(job_def=_empty_job())
        storage = instance.event_log_storage
        event = dg.EventLogEntry(
            error_info=None,
            user_message="late",
            level="debug",
            run_id=slow.run_id,
            timestamp=1.0,
            dagster_event=dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, slow.job_name),
        )
        with storage._engine.connect() as late:  # type: ignore[attr-defined]
            transaction = late.begin()
            late.execute(storage.prepare_insert_event(event))  # numbered, not committed
            assert groprog("run", study, "--select", "clinical_records").exit_code == 0
            with study_instance(workspace) as other:
                collect(other, workspace.ledger_path, workspace.derivations)
            before = ledger.sealed_runs(workspace.ledger_path)
            transaction.commit()
        instance.report_run_canceled(slow)
        assert collect(instance, workspace.ledger_path, workspace.derivations) == 1
        assert ledger.sealed_runs(workspace.ledger_path) - before == {slow.run_id}
        collect(instance, tmp_path / "fresh" / "lineage.duckdb", workspace.derivations)
    assert same_rows(tmp_path / "fresh" / "lineage.duckdb", workspace.ledger_path)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        query = "SELECT e.storage_id, s.sequence FROM events e JOIN seals s USING (run_id) ORDER BY s.sequence, 1"
        rows = connection.execute(query).fetchall()
    ids = [number for number, _ in rows]
    assert ids != sorted(ids), "the late event has a lower number than those sealed before it"


def _empty_job() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def slow() -> None:
        nothing()

    return slow


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, f"Set {POSTGRES_VARIABLE}"),
        ("postgresql+psycopg2://groprog@/nobody?host=/nowhere", "See that the server answers"),
        ("postgresql+psycopg2://groprog@/absent?host={socket}", "absent"),
        ("postgresql+psycopg://groprog@/absent", "psycopg2"),
    ],
    ids=["no URL", "no server", "no database", "another driver"],
)
def test_what_is_wrong_with_the_server_is_said(
    study: Path, cluster: Server, url: str | None, said: str, monkeypatch: pytest.MonkeyPatch
):
    if url is None:
        monkeypatch.delenv(POSTGRES_VARIABLE)
    else:
        monkeypatch.setenv(POSTGRES_VARIABLE, url.format(socket=cluster.folder))
    result = groprog("run", study, "--select", "gene_models")
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_dump_restored_elsewhere_is_the_same_study(study: Path, cluster: Server, tmp_path: Path, monkeypatch):
    assert groprog("run", study, "--select", "gene_models").exit_code == 0
    name = os.environ[POSTGRES_VARIABLE].partition("@/")[2].partition("?")[0]
    place = ("-h", cluster.folder, "-U", "groprog")
    cluster.call("pg_dump", *place, "-Fc", "-f", cluster.folder / "dump", name)
    restored = Path(shutil.copytree(study.parent, tmp_path / "restored")) / "study.yaml"
    cluster.call("dropdb", *place, name)
    shutil.rmtree(study.parent)
    monkeypatch.setenv(POSTGRES_VARIABLE, cluster.database(f"{name}_again"))
    cluster.call("pg_restore", *place, "-d", f"{name}_again", cluster.folder / "dump")
    again = groprog("run", restored, "--select", "gene_models")
    assert again.exit_code == 0, again.output
    assert "0 values computed, 1 kept" in again.output
    assert groprog("lineage", "verify", "--study", restored).exit_code == 0
    assert groprog("lineage", "rebuild", "--study", restored).exit_code == 0
    assert len(ledger.sealed_runs(Workspace(restored).ledger_path)) == 3  # two runs, an export
