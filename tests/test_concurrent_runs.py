"""Eight runs at once on one instance, SQLite and PostgreSQL, projectors killed meanwhile: every row once, no lock errors.

The instance does not exist when the eight start. `python -m tests.test_concurrent_runs` prints the figures.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import dagster as dg
import pytest

from groprog_assets.definitions import build_definitions
from groprog_assets.graph.instance_storage import POSTGRES_VARIABLE
from groprog_assets.lineage.collect import collect
from groprog_assets.lineage.verification import verify
from groprog_assets.running.execution import study_instance
from groprog_assets.simulation import simulate_study
from groprog_assets.store.workspace import Workspace
from tests.ledger_rows import table_rows
from tests.postgres import server

WRITERS, RUNS = 8, 6
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "postgres" / "dagster.yaml"
JOBS = (("gene_models", "annotation_job"), ("clinical_records", "study_job"))
PATIENCE = 900.0


def write(study: str, said: str, url: str) -> None:
    """One of eight: run small jobs one after the other."""
    _begin(said, url)
    workspace, definitions = Workspace(Path(study)), build_definitions(study_path=study)
    with study_instance(workspace) as instance:
        for number in range(RUNS):
            asset, job = JOBS[number % len(JOBS)]
            made = definitions.resolve_job_def(job).execute_in_process(
                instance=instance, asset_selection=[dg.AssetKey(asset)]
            )
            assert made.success


def project(study: str, said: str, url: str) -> None:
    """Project until killed."""
    _begin(said, url)
    workspace = Workspace(Path(study))
    with study_instance(workspace) as instance:
        while True:
            collect(instance, workspace.ledger_path, workspace.derivations)


def _begin(path: str, url: str) -> None:
    """What is said goes to a file; the server that forks has the environment of its own start."""
    os.environ[POSTGRES_VARIABLE] = url
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)


def eight_at_once(study: Path, seed: int) -> dict[str, Any]:
    """Run them; every claim is asserted here, the figures returned."""
    context, random = multiprocessing.get_context("forkserver"), Random(seed)
    context.set_forkserver_preload(["groprog_assets.definitions", "pandas", __name__])
    url = os.environ.get(POSTGRES_VARIABLE, "")
    log, began = study.parent / "said", time.monotonic()
    writers = [context.Process(target=write, args=(str(study), f"{log}{number}", url)) for number in range(WRITERS)]
    for process in writers:
        process.start()
    killed = 0
    while any(process.is_alive() for process in writers):
        assert time.monotonic() - began < PATIENCE
        projector = context.Process(target=project, args=(str(study), f"{log}p", url))
        projector.start()
        projector.join(random.uniform(0.2, 3.0))
        assert projector.pid
        assert projector.is_alive(), Path(f"{log}p").read_text()[-3000:]
        os.kill(projector.pid, signal.SIGKILL)
        projector.join()
        killed += 1
    seconds = time.monotonic() - began
    for number, process in enumerate(writers):
        process.join()
        assert process.exitcode == 0, Path(f"{log}{number}").read_text()[-3000:]
    output = "".join(path.read_text() for path in study.parent.glob("said*")).lower()
    assert "locked" not in output
    assert "deadlock" not in output
    workspace = Workspace(study)
    with study_instance(workspace) as instance:
        collect(instance, workspace.ledger_path, workspace.derivations)
        records = instance.get_run_records()
        fresh = study.parent / "fresh" / "lineage.duckdb"
        assert collect(instance, fresh, workspace.derivations) == WRITERS * RUNS
    assert [record.dagster_run.status for record in records] == [dg.DagsterRunStatus.SUCCESS] * WRITERS * RUNS
    rows, again = table_rows(workspace.ledger_path), table_rows(fresh)
    assert len(rows["seals"]) == len(again["seals"]) == WRITERS * RUNS
    assert sorted(row[0] for row in rows["runs"]) == sorted(record.dagster_run.run_id for record in records)
    assert len(rows["materializations"]) == WRITERS * RUNS
    rows.pop("seals"), again.pop("seals")  # chained in the order of projection
    assert rows == again
    assert verify(workspace.ledger_path) == []
    return {
        "runs": len(records),
        "events": len(rows["events"]),
        "projectors killed": killed,
        "seconds": round(seconds, 1),
    }


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["sqlite", "postgres"])
def test_eight_runs_at_once(storage: str, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("DAGSTER_HOME", "GROPROG_STUDY"):
        monkeypatch.setenv(name, str(tmp_path))
    shutil.copytree(written.parent, tmp_path / "study")
    with ExitStack() as stack:
        if storage == "postgres":
            monkeypatch.setenv(POSTGRES_VARIABLE, stack.enter_context(server()).database("eight"))
            shutil.copy(EXAMPLE, tmp_path / "study" / "dagster.yaml")
        found = eight_at_once(tmp_path / "study" / "study.yaml", seed=1)
    assert found["projectors killed"] > 2


if __name__ == "__main__":
    for storage in sys.argv[1:] or ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            os.environ["DAGSTER_HOME"] = os.environ["GROPROG_STUDY"] = folder
            study = simulate_study(Path(folder) / "study", scale="tiny", fastq=False)
            if storage == "postgres":
                os.environ[POSTGRES_VARIABLE] = stack.enter_context(server()).database("eight")
                shutil.copy(EXAMPLE, study.parent / "dagster.yaml")
            print(storage, eight_at_once(study, seed=1))
