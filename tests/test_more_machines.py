"""One study in one process, on the workers of a scheduler, and with its values on object storage: the same values and records."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.store.object_storage import STORE_VARIABLE, open_store
from groprog_assets.store.workspace import Workspace
from tests.trained_study import copied

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = "gene_models or raw_reads or alignments or filtered_alignments or coverage"
COUNTS = "+transcript_counts or +gene_signal"


@pytest.fixture(scope="module")
def alone(written: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Values and records of the study's counts, made in one process."""
    study = copied(written, tmp_path_factory.mktemp("alone") / "study")
    subprocess.run(command(study, COUNTS), cwd=ROOT, check=True, capture_output=True)
    return content(study)


def command(study: Path, select: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "groprog_assets.cli.main", "run", str(study), "--select", select, *options]


def content(study: Path, *parts: str) -> dict[str, bytes]:
    state = study.parent / ".groprog"
    files = [path for part in parts or ("store", "derivations") for path in (state / part).rglob("*") if path.is_file()]
    kept = [path for path in files if "studies" not in path.relative_to(state).parts]  # claims name the study's folder
    return {str(path.relative_to(state)): path.read_bytes() for path in kept}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def scheduler() -> Iterator[tuple[str, int]]:
    """The address and process of `groprog workers --count 2`."""
    pytest.importorskip("distributed")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "groprog_assets.cli.main", "workers", "--count", "2", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        said = process.stdout.readline()
        assert f"--pool tcp://127.0.0.1:{port}" in said
        yield f"tcp://127.0.0.1:{port}", process.pid
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, "ctrl-C ends the workers"


def test_a_run_on_workers_of_which_one_is_killed_is_the_run_of_one_process(
    scheduler: tuple[str, int], written: Path, alone: dict[str, bytes], tmp_path: Path
):
    address, owner = scheduler
    study = copied(written, tmp_path / "study")
    process = subprocess.Popen(command(study, COUNTS, "--pool", address), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    seen = []
    killed = 0
    for line in process.stdout:
        seen.append(line)
        if "alignments [control_1]" in line and not killed:
            killed = kill_a_worker(owner)
    assert process.wait() == 0, seen
    assert killed
    assert content(study) == alone


def kill_a_worker(owner: int) -> int:
    """kill -9 one worker of the process `owner`: a child of the fork server that is its child."""
    parents = {
        int(status.parent.name): int(status.read_text().rpartition(")")[2].split()[1])
        for status in Path("/proc").glob("[0-9]*/stat")
    }
    for process, parent in parents.items():
        if parents.get(parent) == owner and "forkserver" in (Path("/proc") / str(parent) / "cmdline").read_text():
            os.kill(process, signal.SIGKILL)
            return process
    return 0


def test_values_on_object_storage_are_those_of_a_folder(
    written: Path, alone: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    address = f"memory://bucket/{uuid.uuid4().hex}"
    study = copied(written, tmp_path / "study")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("GROPROG_STUDY", "")
    monkeypatch.setenv(STORE_VARIABLE, address)
    made = CliRunner().invoke(main, ["run", str(study), "--select", LIBRARIES])
    assert made.exit_code == 0, made.output
    assert not (study.parent / ".groprog" / "store").exists()
    store = open_store(address)
    records = content(study, "derivations")
    assert records.items() <= {name: item for name, item in alone.items() if name.startswith("derivations")}.items()
    workspace = Workspace(study)
    for asset, partition, digest in workspace.derivations.pointers():
        output = workspace.derivations.read(digest)["output"]
        assert store.get_bytes(output["sha256"]) == alone[f"store/{output['sha256'][:2]}/{output['sha256']}"], (
            asset,
            partition,
        )
    again = CliRunner().invoke(main, ["run", str(study), "--select", LIBRARIES])
    assert "0 values computed" in again.output, again.output


def test_the_study_file_names_the_store_and_the_pool(written: Path, tmp_path: Path):
    study = copied(written, tmp_path / "study")
    text = study.read_text()
    for wrong in ("pool: tcp://host:8786", "store: ftp://host/x", "store: s3://key:secret@bucket/x", "pool: dask:0"):
        study.write_text(f"{text}\ncompute:\n  {wrong}\n")
        result = CliRunner().invoke(main, ["study", "check", str(study)])
        assert result.exit_code == 2, wrong
        assert "compute" in result.output
    study.write_text(f"{text}\ncompute:\n  pool: threads:2\n  store: /elsewhere/values\n")
    assert "data_roots" in CliRunner().invoke(main, ["study", "check", str(study)]).output
    study.write_text(f"{text}\ncompute:\n  pool: threads:2\n  store: values\n")
    assert Workspace(study).store.address == str(study.parent / "values")


def test_an_address_that_others_reach_must_be_asked_for():
    result = CliRunner().invoke(main, ["workers", "--host", "0.0.0.0"])
    assert result.exit_code == 2
    assert "--allow-remote" in result.output


@pytest.mark.slow
def test_folds_trained_on_workers_are_those_of_one_process(written: Path, tmp_path: Path):
    pytest.importorskip("distributed")
    study = copied(written, tmp_path / "study")
    subprocess.run(command(study, "+encoded_tensors"), cwd=ROOT, check=True, capture_output=True)
    other = copied(study, tmp_path / "other" / "study")
    subprocess.run(command(study, "risk_model"), cwd=ROOT, check=True, capture_output=True)
    subprocess.run(command(other, "risk_model", "--pool", "dask:2"), cwd=ROOT, check=True, capture_output=True)
    assert content(other) == content(study)


@pytest.mark.slow
def test_a_whole_study_on_s3_with_dask_workers(written: Path, tmp_path: Path):
    """moto's server stands for S3; the graph from reads to report, workers reading and the run writing over HTTP."""
    pytest.importorskip("s3fs")
    program = shutil.which("moto_server")
    if program is None:
        pytest.skip("moto_server is not on PATH")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {**os.environ, **credentials, "AWS_ENDPOINT_URL": url}
    server = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        make = "import s3fs, time\nfs = s3fs.S3FileSystem()\nfs.mkdir('bucket')"
        for _ in range(60):
            time.sleep(1)
            if not subprocess.run([sys.executable, "-c", make], env=environment, capture_output=True).returncode:
                break
        folder, bucket = (copied(written, tmp_path / name / "study") for name in ("folder", "bucket"))
        subprocess.run(command(folder, ""), cwd=ROOT, check=True, capture_output=True)
        environment[STORE_VARIABLE] = "s3://bucket/study"
        done = subprocess.run(
            command(bucket, "", "--pool", "dask:2"), cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert not (bucket.parent / ".groprog" / "store").exists()
        moving = {"lineage.duckdb", "lineage_head.json"}  # they say when and in which run
        for path in (folder.parent / "results").rglob("*"):
            other = bucket.parent / "results" / path.relative_to(folder.parent / "results")
            assert path.is_dir() or path.name in moving or other.read_bytes() == path.read_bytes(), path
        again = subprocess.run(command(bucket, ""), cwd=ROOT, env=environment, capture_output=True, text=True)
        assert "0 values computed" in again.stdout, again.stdout
    finally:
        server.terminate()
        server.wait()
