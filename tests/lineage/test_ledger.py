"""The ledger: the same rows from the event log each time, and no edit, deletion, addition, reordering or truncation unseen."""

from __future__ import annotations

import hashlib
import multiprocessing
import shutil
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.errors import LedgerError
from groprog_assets.lineage import ledger
from groprog_assets.lineage.collect import collect, rebuild
from groprog_assets.lineage.verification import verify
from groprog_assets.running.execution import study_instance
from groprog_assets.store.workspace import Workspace
from tests.ledger_rows import table_rows


def spoil(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_rebuild_from_the_event_log_gives_the_same_rows(twice_run: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    workspace = Workspace(twice_run)
    before = table_rows(workspace.ledger_path)
    with study_instance(workspace) as instance:
        fresh = tmp_path / "fresh" / "lineage.duckdb"
        assert collect(instance, fresh, workspace.derivations) == 3
        assert table_rows(fresh) == before
        assert collect(instance, fresh, workspace.derivations) == 0, "a second projection adds nothing"
        rebuild(instance, workspace.ledger_path, workspace.derivations)
    assert table_rows(workspace.ledger_path) == before
    assert verify(workspace.ledger_path) == []
    assert all(before[table] for table in ledger.TABLES if table not in ("patients_seen", "data_queries"))


def test_a_projector_that_dies_adds_all_of_a_run_or_nothing(twice_run: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    workspace = Workspace(twice_run)
    whole = table_rows(workspace.ledger_path)
    fresh = tmp_path / "fresh" / "lineage.duckdb"
    real, calls = ledger.seal_run, []

    def dies(connection, run_id):
        calls.append(run_id)
        if len(calls) in (1, 3):
            raise KeyboardInterrupt
        return real(connection, run_id)

    monkeypatch.setattr(ledger, "seal_run", dies)
    with study_instance(workspace) as instance:
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                collect(instance, fresh, workspace.derivations)
            assert verify(fresh) == []
        collect(instance, fresh, workspace.derivations)
    assert table_rows(fresh) == whole


def test_an_untouched_ledger_verifies(ledger_copy: Path):
    assert verify(ledger_copy) == []


LAST = "(SELECT max(sequence) FROM seals)"
ATTACKS = {
    "edit a value": ("UPDATE materializations SET sha256 = repeat('0', 64) WHERE asset = 'gene_models'",),
    "edit who ran it": ("UPDATE runs SET actor = 'mallory'",),
    "edit when": ("UPDATE events SET happened = happened + INTERVAL 1 SECOND WHERE kind = 'ASSET_MATERIALIZATION'",),
    "edit a check": ("UPDATE checks SET passed = NOT passed",),
    "edit a derivation": ("UPDATE derivations SET body = replace(body, '900', '901')",),
    "edit a parameter row": ("UPDATE derivation_parameters SET value = '1' WHERE name = 'annotation.minimum_width'",),
    "edit a file row": ("UPDATE derivation_files SET sha256 = repeat('0', 64)",),
    "delete an event": ("DELETE FROM events WHERE storage_id = (SELECT min(storage_id) FROM events)",),
    "delete a derivation": ("DELETE FROM derivations WHERE asset = 'gene_models'",),
    "delete a run": ("DELETE FROM runs WHERE run_id = (SELECT min(run_id) FROM runs)",),
    "add a run": (
        "INSERT INTO runs SELECT 'forged', job, status, partition, started, ended, actor, tags FROM runs LIMIT 1",
    ),
    "truncate": tuple(
        f"DELETE FROM {table} WHERE run_id = (SELECT run_id FROM seals WHERE sequence = {LAST})"
        for table in (*ledger.SEALED, "seals")
    ),
    "drop a middle seal": ("DELETE FROM seals WHERE sequence = 2",),
    "reorder": (
        "UPDATE seals SET run_id = 'parked' WHERE sequence = 1",
        "CREATE TEMP TABLE moved AS SELECT run_id FROM seals WHERE sequence = 2",
        "UPDATE seals SET run_id = 'elsewhere' WHERE sequence = 2",
        "UPDATE seals SET run_id = (SELECT run_id FROM moved) WHERE sequence = 1",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_found(ledger_copy: Path, name: str):
    before = {table: len(rows) for table, rows in table_rows(ledger_copy).items()}
    assert min(count for table, count in before.items() if table not in ("patients_seen", "data_queries")) > 0
    spoil(ledger_copy, *ATTACKS[name])
    assert verify(ledger_copy), name


def test_a_forged_chain_does_not_fit_a_head_kept_elsewhere(ledger_copy: Path):
    head = ledger.read_head(ledger_copy)
    assert verify(ledger_copy, head) == []
    spoil(ledger_copy, "UPDATE runs SET actor = 'mallory'")
    with ledger.open_ledger(ledger_copy) as connection:
        runs = [row[0] for row in connection.execute("SELECT run_id FROM seals ORDER BY sequence").fetchall()]
        connection.execute("DELETE FROM seals")
        for run_id in runs:
            ledger.seal_run(connection, run_id)
        ledger.write_head(ledger_copy, connection)
    assert verify(ledger_copy) == [], "whole by itself"
    (problem,) = verify(ledger_copy, head)
    assert problem.where == "head"


def test_a_missing_or_newer_ledger_is_said(tmp_path: Path, ledger_copy: Path):
    with pytest.raises(LedgerError, match="no ledger"), ledger.open_ledger(tmp_path / "none.duckdb"):
        pass
    spoil(ledger_copy, "UPDATE about SET value = '99'")
    with pytest.raises(LedgerError, match="version 99"), ledger.open_ledger(ledger_copy):
        pass
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"not a database" * 1000)
    with pytest.raises(LedgerError), ledger.open_ledger(broken):
        pass


def _add(path: str, name: str) -> None:
    for place in range(5):
        with ledger.open_ledger(Path(path), make=True) as connection:
            connection.execute("INSERT INTO about VALUES (?, ?)", [f"{name}-{place}", "x"])


def test_processes_that_write_at_once_lose_no_row(tmp_path: Path):
    path = tmp_path / "shared.duckdb"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_add, args=(str(path), str(number))) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert len(table_rows(path)["about"]) == 1 + 4 * 5


def test_a_published_copy_opens_while_the_ledger_is_held(ledger_copy: Path, tmp_path: Path):
    target = tmp_path / "copy.duckdb"
    ledger.publish(ledger_copy, target)
    with ledger.open_ledger(ledger_copy), duckdb.connect(str(target), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM seals").fetchone()[0] == 3


def test_merkle_roots_by_hand():
    def h(data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    a, b, c = (h(b"\0" + leaf) for leaf in (b"a", b"b", b"c"))
    assert ledger.merkle_root([]) == ledger.GENESIS
    assert ledger.merkle_root([b"a"]) == a.hex()
    assert ledger.merkle_root([b"a", b"b", b"c"]) == h(b"\1" + h(b"\1" + a + b) + c).hex()
    assert ledger.merkle_root([b"b", b"a"]) != ledger.merkle_root([b"a", b"b"])


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def newer_ledger(path: Path) -> None:
    spoil(path, "CREATE TABLE later (a INTEGER)", "DROP TABLE patients_seen", "UPDATE about SET value = '2'")


def newer_duckdb(path: Path) -> None:
    """The storage version in the file's header raised, and the header's checksum with it."""
    content, checksum = bytearray(path.read_bytes()), 5381
    content[12:20] = (250).to_bytes(8, "little")
    for place in range(8, 4096, 8):
        checksum ^= int.from_bytes(content[place : place + 8], "little") * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    content[:8] = checksum.to_bytes(8, "little")
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("newer", [newer_ledger, newer_duckdb])
def test_a_ledger_from_a_newer_version_is_refused_and_left_alone(ledger_copy: Path, newer):
    newer(ledger_copy)
    before = digest(ledger_copy)
    for use in (
        lambda: verify(ledger_copy),
        lambda: table_rows(ledger_copy),
        lambda: ledger.publish(ledger_copy, ledger_copy.with_name("copy.duckdb")),
        lambda: ledger.sealed_runs(ledger_copy),
        lambda: ledger.open_ledger(ledger_copy, make=True).__enter__(),
    ):
        with pytest.raises(LedgerError, match="Use the program that wrote it"):
            use()
    assert digest(ledger_copy) == before
    assert not ledger_copy.with_name("copy.duckdb").exists()


def test_a_run_does_not_begin_over_a_ledger_it_cannot_add_to(twice_run: Path, tmp_path: Path, monkeypatch):
    study = tmp_path / "study" / "study.yaml"
    shutil.copytree(twice_run.parent, study.parent)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("GROPROG_STUDY", "")
    workspace = Workspace(study)
    newer_ledger(workspace.ledger_path)
    before = {path: digest(path) for path in study.parent.rglob("*") if path.is_file()}
    for command in (["run", study, "--select", "genes"], ["lineage", "rebuild", "--study", study]):
        said = CliRunner().invoke(main, [str(word) for word in command])
        assert said.exit_code == 2
        assert "version 2" in said.output
        assert "Traceback" not in said.output
    assert digest(workspace.ledger_path) == before[workspace.ledger_path]
    assert not (study.parent / ".groprog" / "derivations" / "current" / "genes").exists()


def test_a_rebuild_loses_no_run(twice_run: Path, tmp_path: Path, monkeypatch):
    study = tmp_path / "study" / "study.yaml"
    shutil.copytree(twice_run.parent, study.parent)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    workspace = Workspace(study)
    before = digest(workspace.ledger_path)
    with study_instance(workspace) as instance:
        instance.delete_run(instance.get_run_records(limit=1)[0].dagster_run.run_id)
        for spoilt in (b"", b"not a ledger at all" * 1000):
            if spoilt:
                workspace.ledger_path.write_bytes(spoilt)
                before = digest(workspace.ledger_path)
            with pytest.raises(LedgerError, match="1 run that the event log no longer has"):
                rebuild(instance, workspace.ledger_path, workspace.derivations)
            assert digest(workspace.ledger_path) == before
    assert not list(workspace.state.rglob("*.part"))


def test_a_damaged_ledger_is_named_and_rebuilt(twice_run: Path, tmp_path: Path, monkeypatch):
    study = tmp_path / "study" / "study.yaml"
    shutil.copytree(twice_run.parent, study.parent)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    workspace = Workspace(study)
    before = table_rows(workspace.ledger_path)
    workspace.ledger_path.write_bytes(b"not a ledger at all" * 1000)
    with pytest.raises(LedgerError, match="lineage rebuild"):
        verify(workspace.ledger_path)
    with study_instance(workspace) as instance:
        assert rebuild(instance, workspace.ledger_path, workspace.derivations) == 3
    assert table_rows(workspace.ledger_path) == before
    assert verify(workspace.ledger_path) == []
