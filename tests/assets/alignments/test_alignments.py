"""FASTQ becomes a BAM that is a value like any other: hashed, verified, made again when lost or altered, to the same bytes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from groprog_assets.definitions import build_definitions
from groprog_assets.errors import ArtifactError
from groprog_assets.running.execution import run_lock, run_study
from groprog_assets.store.artifacts import StoredFile
from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import Workspace

pytestmark = pytest.mark.skipif(shutil.which("bowtie2") is None, reason="bowtie2 is not on PATH")
LIBRARY = "control_1"


@pytest.fixture
def fastq_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny study with one library, as FASTQ."""
    from groprog_assets.simulation import simulate_study

    path = simulate_study(tmp_path / "study", scale="tiny")
    document = yaml.safe_load(path.read_text())
    index = path.parent / "genome" / "index"
    fasta = path.parent / document["genome"]["fasta"]
    subprocess.run(["bowtie2-build", "--quiet", str(fasta), str(index)], check=True)
    document["genome"]["bowtie2_index"] = "genome/index"
    del document["libraries"][0]["alignments"]
    path.write_text(yaml.safe_dump(document))
    monkeypatch.setenv("GROPROG_STUDY", str(path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return path


def run(path: Path, select: str) -> tuple[Workspace, StoredFile]:
    workspace = Workspace(path)
    workspace.study.libraries[:] = workspace.study.libraries[:1]
    with run_lock(workspace):
        report = run_study(workspace, build_definitions(study_path=str(path)), select)
    assert not report.failures
    return workspace, read_asset(workspace, "alignments", LIBRARY).value().made


def test_the_bam_made_is_a_verified_value(fastq_study: Path):
    workspace, made = run(fastq_study, "gene_models or +filtered_alignments")
    first, content = made.path, made.path.read_bytes()
    assert workspace.store.root in first.parents
    assert not list((workspace.state / "alignments").iterdir()), "no second copy"
    before = workspace.derivations.current_record("filtered_alignments", LIBRARY)
    assert before is not None
    assert before["headline"]["reads_kept"] > 100

    first.write_bytes(content[:-10] + b"altered...")
    with pytest.raises(ArtifactError, match=r"--select \+alignments"):
        read_asset(workspace, "alignments", LIBRARY).value()
    _, again = run(fastq_study, "raw_reads or alignments")
    assert again.path == first
    assert again.path.read_bytes() == content, "the same reads give the same bytes"

    first.unlink()
    _, mended = run(fastq_study, "raw_reads or alignments")
    assert mended.path.read_bytes() == content
