"""A full disk, a folder that cannot be written, a clock that jumps, many runs at once: said plainly, nothing half-written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from groprog_assets.definitions import build_definitions
from groprog_assets.execution import run_lock, run_study, study_instance
from groprog_assets.lineage import ledger, questions
from groprog_assets.lineage.collect import collect
from groprog_assets.workspace import Workspace


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from groprog_assets.simulation import simulate_study

    return simulate_study(tmp_path_factory.mktemp("failing"), scale="tiny", fastq=False)


@pytest.fixture
def study(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(written.parent, tmp_path / "study")
    monkeypatch.setenv("GROPROG_STUDY", str(tmp_path / "study" / "study.yaml"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path / "study" / "study.yaml"


def run(path: Path, select: str):
    workspace = Workspace(path)
    with run_lock(workspace):
        return run_study(workspace, build_definitions(study_path=str(path)), select)


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
    assert ledger.verify(workspace.ledger_path) == []


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(study: Path):
    folder = study.parent
    program = [str(Path(sys.executable).with_name("groprog")), "run", str(study), "--select", "gene_models"]
    if os.geteuid() == 0:
        program = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *program]
    for place in (folder, *folder.parents):
        if place.owner() == "root" and place != Path("/") and place.is_relative_to("/tmp/pytest-of-root"):
            place.chmod(0o755)
    folder.chmod(0o555)
    done = subprocess.run(program, capture_output=True, text=True, env={**os.environ, "HOME": "/nonexistent"})
    folder.chmod(0o755)
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert "Permission denied" in done.stderr
    assert not (folder / ".groprog").exists()


def test_a_clock_that_jumps_back_loses_and_doubles_nothing(study: Path, monkeypatch: pytest.MonkeyPatch):
    run(study, "gene_models")
    workspace = Workspace(study)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        first = questions.current(connection, "gene_models")
    import time

    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 86_400)
    run(study, "clinical_records")
    monkeypatch.undo()
    monkeypatch.setenv("GROPROG_STUDY", str(study))
    assert ledger.verify(workspace.ledger_path) == []
    with study_instance(workspace) as instance:
        assert collect(instance, workspace.ledger_path, workspace.derivations) == 0
    with ledger.open_ledger(workspace.ledger_path) as connection:
        assert questions.current(connection, "gene_models") == first
        assert questions.current(connection, "clinical_records")["sha256"]
        moments = connection.execute("SELECT ended FROM runs").fetchall()
    assert all(abs((moment - datetime.now(UTC).replace(tzinfo=None)).days) <= 2 for (moment,) in moments)
