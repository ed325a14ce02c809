"""A full disk, a folder that cannot be written, a clock that jumps, many runs at once: said plainly, nothing half-written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.definitions import build_definitions
from groprog_assets.errors import ArtifactError, LedgerError
from groprog_assets.lineage import ledger, questions
from groprog_assets.lineage.collect import collect
from groprog_assets.lineage.verification import verify
from groprog_assets.running.execution import failed_checks, run_lock, run_study, study_instance
from groprog_assets.store.artifacts import digest_file
from groprog_assets.store.derivations import output
from groprog_assets.store.workspace import Workspace
from tests.ledger_rows import table_rows


def run(path: Path, select: str):
    workspace = Workspace(path)
    with run_lock(workspace):
        return run_study(workspace, build_definitions(study_path=str(path)), select)


def test_a_blocking_check_is_quoted_and_a_warning_is_not():
    found = [("leak", dg.AssetCheckSeverity.ERROR, "dose knows the outcome"), ("odd", dg.AssetCheckSeverity.WARN, "")]

    @dg.asset(name="thing", check_specs=[dg.AssetCheckSpec(name, asset="thing", blocking=True) for name, *_ in found])
    def thing():
        results = [
            dg.AssetCheckResult(passed=False, check_name=name, severity=severity, description=description)
            for name, severity, description in found
        ]
        return dg.MaterializeResult(check_results=results)

    made = dg.materialize([thing], raise_on_error=False)
    assert failed_checks(made.all_events) == {"thing": "check leak: dose knows the outcome"}


def test_a_disk_that_fills_up_is_said_and_leaves_whole_values_only(study: Path, monkeypatch: pytest.MonkeyPatch):
    store = str(Workspace(study).store.root)
    real, left = os.replace, [3]

    def full(source, target):
        if str(target).startswith(store):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(28, "No space left on device")
        return real(source, target)

    monkeypatch.setattr(os, "replace", full)
    report = run(study, "+cohort")
    assert "No space left on device" in report.failures[0][1]
    assert "Free space" in report.failures[0][1]
    monkeypatch.undo()
    monkeypatch.setenv("GROPROG_STUDY", str(study))
    workspace = Workspace(study)
    assert not list(workspace.store.root.rglob("*.part"))
    for path in workspace.store.root.glob("??/*"):
        assert workspace.store.get_bytes(path.name)
    assert not run(study, "+cohort").failures
    assert verify(workspace.ledger_path) == []


def test_each_library_of_damaged_reads_is_told_once_and_the_others_are_done(study: Path):
    """One pass over the study finds every damaged file, so that all are mended before the next."""
    workspace = Workspace(study)
    files = {library.id: workspace.resolve(library.alignments) for library in workspace.study.libraries}
    damaged = [next(name for name in files if name.startswith(side)) for side in ("control", "treated")]
    whole = {files[name]: files[name].read_bytes() for name in damaged}
    for path, data in whole.items():
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes(200) + data[middle + 200 :])
    words = ("run", study, "--pool", "threads:2", "--select", "+library_sizes or read_quality")
    result = groprog(*words)
    assert result.exit_code == 2, result.output
    for name, path in files.items():
        told = result.output.count(f"]: {path}: ")
        assert told == result.output.count(f"`samtools view -c {path}`") == (name in damaged), result.output
        assert (workspace.derivations.current("filtered_alignments", name) is None) == (name in damaged)
        assert workspace.derivations.current("raw_reads", name)
    assert workspace.derivations.current("library_sizes") is None
    for path, data in whole.items():
        path.write_bytes(data)
    again = groprog(*words)
    assert again.exit_code == 0, again.output
    computed = int(again.output.partition(" values computed")[0].split()[-1])
    assert computed <= 5 * len(damaged) + 1, "what was finished is kept"


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(study: Path):
    folder = study.parent
    document = yaml.safe_load(study.read_text())
    for parsed_by_a_child in ("ontology", "marks"):  # the other user may not be able to start this Python
        document.pop(parsed_by_a_child, None)
    study.write_text(yaml.safe_dump(document))
    program = [str(Path(sys.executable).with_name("groprog")), "run", str(study), "--select", "gene_models"]
    if os.geteuid() == 0:
        program = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *program]
    for place in (folder, *folder.parents):
        if place.owner() == "root" and place.is_relative_to(Path(tempfile.gettempdir())):
            place.chmod(place.stat().st_mode | 0o555)
    folder.chmod(0o555)
    done = subprocess.run(program, capture_output=True, text=True, env={**os.environ, "HOME": "/nonexistent"})
    folder.chmod(0o755)
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert "Permission denied" in done.stderr
    assert not (folder / ".groprog").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A file system of its own; call it with the kilobytes it shall have, again to make it larger."""
    place = tmp_path / "disk"
    place.mkdir()

    def size(kilobytes: int) -> Path:
        how = f"remount,size={kilobytes}k" if place.is_mount() else f"size={kilobytes}k"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", how, "tmpfs", str(place)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no file system may be mounted here: {done.stderr.strip()}")
        return place

    yield size
    subprocess.run(["umount", "-l", str(place)], capture_output=True)


def kilobytes(folder: Path) -> int:
    return sum(-(-path.stat().st_size // 4096) * 4 for path in folder.rglob("*"))


def groprog(*words: object):
    return CliRunner().invoke(main, [str(word) for word in words])


SOME = "gene_models or raw_reads or +cohort"


@pytest.mark.parametrize("room", [100, 2000])
def test_a_full_disk_is_said_and_the_rest_is_done_when_there_is_room(study: Path, small_disk, room: int):
    disk = small_disk(kilobytes(study.parent) + room)
    try:
        moved = Path(shutil.copytree(study.parent, disk / "study")) / "study.yaml"
    except shutil.Error:
        pytest.skip("the study takes more room than its files say")
    full = groprog("run", moved, "--select", SOME)
    assert full.exit_code == 2, full.output
    assert re.search("No space left on device|disk is full|disk I/O error", full.output)
    assert "Free space" in full.output
    assert "Traceback" not in full.output
    workspace = Workspace(moved)
    for path in workspace.store.root.glob("??/*"):
        assert digest_file(path) == path.name, "half of a value"
    small_disk(100_000)
    again = groprog("run", moved, "--select", SOME)
    assert again.exit_code == 0, again.output
    assert groprog("lineage", "verify", "--study", moved).exit_code == 0
    assert not list(disk.rglob("*.part"))


def test_a_disk_full_of_other_things_costs_the_ledger_nothing(study: Path, small_disk):
    """The ledger alone on a disk that is full after a part of it: what is sealed stays, and the rest follows."""
    assert groprog("run", study, "--select", SOME).exit_code == 0
    workspace, disk = Workspace(study), small_disk(100_000)
    whole, sealed = table_rows(workspace.ledger_path), []
    with study_instance(workspace) as instance:
        for room in (0, 12, 24, 40):
            place = disk / str(room) / "lineage.duckdb"
            with ledger.open_ledger(place, make=True):
                pass
            (disk / "other").write_bytes(bytes(shutil.disk_usage(disk).free - room * 1024))
            with pytest.raises((LedgerError, ArtifactError), match="Free space"):
                collect(instance, place, workspace.derivations)
            sealed.append(len(ledger.sealed_runs(place)))
            assert verify(place) == []
            (disk / "other").unlink()
            collect(instance, place, workspace.derivations)
            assert table_rows(place) == whole
            assert verify(place) == []
    assert sealed == sorted(sealed)
    assert 0 < sealed[-1] < 6


@pytest.mark.parametrize("name", ["history/runs.db", "history/runs/index.db"])
def test_a_damaged_database_is_named_and_values_outlive_it(study: Path, name: str):
    assert groprog("run", study, "--select", "gene_models").exit_code == 0
    workspace = Workspace(study)
    (workspace.home / name).write_bytes(b"no database" * 1000)
    result = groprog("run", study, "--select", "gene_models")
    assert result.exit_code == 2, result.output
    assert "not a database" in result.output
    assert "move it aside" in result.output
    assert "Traceback" not in result.output
    shutil.rmtree(workspace.home / "history")
    again = groprog("run", study, "--select", "gene_models")
    assert again.exit_code == 0, again.output
    assert "0 values computed, 1 kept" in again.output
    runs = [name for name in ledger.sealed_runs(workspace.ledger_path) if not name.startswith("event-")]
    assert len(runs) == 2
    assert verify(workspace.ledger_path) == []
    assert groprog("lineage", "rebuild", "--study", study).exit_code == 2, "a rebuild would lose the first run"


def test_a_database_held_by_another_program_is_said(study: Path):
    assert groprog("run", study, "--select", "gene_models").exit_code == 0
    held = sqlite3.connect(Workspace(study).home / "history" / "runs.db", isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    result = groprog(
        "run", study, "--select", "clinical_records"
    )  # what is new needs the database; what is kept does not
    held.execute("ROLLBACK")
    held.close()
    assert result.exit_code == 2, result.output
    assert "locked" in result.output
    assert "Another program holds" in result.output
    assert groprog("run", study, "--select", "clinical_records").exit_code == 0


def test_a_missing_upstream_value_is_named_with_the_command_that_makes_it(study: Path):
    def lose_bytes() -> None:
        for member in workspace.store.members(output(workspace.derivations.current_record("gene_models"))).values():
            workspace.store.path(member.sha256).unlink(missing_ok=True)

    def lose_record() -> None:
        digest = workspace.derivations.current("gene_models")
        (workspace.derivations.root / "records" / digest[:2] / f"{digest}.json").unlink()

    def lose_pointer() -> None:
        (workspace.derivations.root / "current" / "gene_models" / "_.json").unlink()

    workspace = Workspace(study)
    for lose in (lambda: None, lose_bytes, lose_record, lose_pointer):
        lose()
        result = groprog("run", study, "--select", "raw_reads or alignments or filtered_alignments")
        assert result.exit_code == 2, result.output
        assert "gene_models" in result.output
        assert "missing" in result.output
        assert "Traceback" not in result.output
        assert "errors.ArtifactError" not in result.output
        said = re.search(r"`groprog (run [^`]*--select \+gene_models)`", result.output)
        assert said, result.output
        made = groprog(*said[1].split())
        assert made.exit_code == 0, made.output
    assert groprog("run", study, "--select", "raw_reads or alignments or filtered_alignments").exit_code == 0


def test_the_command_that_a_remedy_names_works_where_nothing_was_made_before(study: Path):
    """What is missing rests on values that were never made either: each command named makes all that it needs."""
    for _ in range(3):
        result = groprog("run", study, "--select", "filtered_alignments")
        if result.exit_code == 0:
            break
        said = re.search(r"`groprog (run [^`]*--select [^`]*)`", result.output)
        assert said, result.output
        made = groprog(*shlex.split(said[1]))
        assert made.exit_code == 0, made.output
    assert result.exit_code == 0, result.output


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime (libfaketime) is not installed")
def test_a_clock_that_jumps_back_loses_and_doubles_nothing(study: Path):
    """A run today, the next under a clock a year behind: what came later is newest, and nothing is lost or made twice."""

    def at(clock: str, width: int) -> str:
        document = yaml.safe_load(study.read_text())
        document.setdefault("parameters", {})["annotation"] = {"minimum_width": width}
        study.write_text(yaml.safe_dump(document))
        command = ["faketime", "-f", clock, str(Path(sys.executable).with_name("groprog")), "run", str(study)]
        done = subprocess.run([*command, "--select", "gene_models"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        record = Workspace(study).derivations.current("gene_models")
        assert record
        return record

    made = [at("+0d", 900), at("-365d", 901), at("-1d", 902), at("-800d", 903)]
    workspace = Workspace(study)
    assert verify(workspace.ledger_path) == []
    fresh = study.parent / "fresh" / "lineage.duckdb"
    with study_instance(workspace) as instance:
        assert collect(instance, workspace.ledger_path, workspace.derivations) == 0
        assert collect(instance, fresh, workspace.derivations) == 4
    assert table_rows(fresh) == table_rows(workspace.ledger_path), "in the same order too"
    with ledger.open_ledger(workspace.ledger_path) as connection:
        assert [row["derivation"] for row in questions.history(connection, "gene_models")] == made
        assert questions.current(connection, "gene_models")["derivation"] == made[-1]
        ended = [
            row[0]
            for row in connection.execute(
                "SELECT ended FROM runs JOIN seals USING (run_id) ORDER BY sequence"
            ).fetchall()
        ]
    assert ended != sorted(ended), "the clock did not jump"
    assert (ended[0] - datetime.now(UTC).replace(tzinfo=None)).days < 2


def test_a_restored_study_computes_nothing(study: Path, tmp_path: Path):
    """A copy of the folder, put back elsewhere, is the same study."""
    assert groprog("run", study, "--select", SOME).exit_code == 0
    head = groprog("lineage", "head", "--study", study).output
    restored = Path(shutil.copytree(study.parent, tmp_path / "backup" / "restored")) / "study.yaml"
    shutil.rmtree(study.parent)
    again = groprog("run", restored, "--select", SOME)
    assert again.exit_code == 0, again.output
    assert "0 values computed" in again.output
    seal = re.search(r"\d+:[0-9a-f]{64}", head)
    assert seal, head
    verified = groprog("lineage", "verify", "--study", restored, "--head", seal[0])
    assert verified.exit_code == 0, verified.output
    assert groprog("lineage", "rebuild", "--study", restored).exit_code == 0
