"""A value is made again from its record beside the study; a changed file is named, and shows in the bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from groprog_assets.lineage.reproduction import execute, recipe
from groprog_assets.store.workspace import Workspace
from tests.trained_study import copied, run


@pytest.fixture(scope="module")
def made(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = copied(written, tmp_path_factory.mktemp("made") / "study")
    run(path, "+cohort or +coverage or genes")
    return path


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made.parent, tmp_path / "study")
    return Workspace(tmp_path / "study" / made.name)


def states(workspace: Workspace) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in workspace.derivations.root.rglob("*.json")}


@pytest.mark.parametrize("asset", ["cohort", "genes"])
def test_a_value_is_made_again_to_the_same_bytes(workspace: Workspace, tmp_path: Path, asset: str):
    before = states(workspace)
    found = recipe(workspace, asset)
    assert found.changed == []
    assert found.command.endswith(f"--select +{asset}")
    outcomes = execute(workspace, asset, "", tmp_path / "scratch", lambda text: None)
    assert [item.name for item in outcomes] == [step["name"] for step in found.steps]
    assert all(item.equal for item in outcomes)
    assert outcomes[-1].found == found.sha256
    assert states(workspace) == before


def test_a_fan_in_reads_every_library_it_read(workspace: Workspace):
    names = [step["name"] for step in recipe(workspace, "genes").steps]
    libraries = [library.id for library in workspace.study.libraries]
    assert {f"filtered_alignments[{name}]" for name in libraries} <= set(names)
    assert names.index("gene_models") < names.index(f"filtered_alignments[{libraries[0]}]") < names.index("genes")


def test_a_changed_file_is_named_and_shows(workspace: Workspace, tmp_path: Path):
    path = workspace.study.cohort.clinical
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n")
    found = recipe(workspace, "cohort")
    assert [text for text in found.changed if "cohort/clinical.tsv" in text]
    outcomes = execute(workspace, "cohort", "", tmp_path / "scratch", lambda text: None)
    assert not outcomes[-1].equal


def test_a_lost_file_is_named_where_it_is_needed(workspace: Workspace, tmp_path: Path):
    workspace.study.cohort.clinical.unlink()
    assert "file cohort/clinical.tsv: not there" in recipe(workspace, "cohort").changed
    outcomes = execute(workspace, "cohort", "", tmp_path / "scratch", lambda text: None)
    assert outcomes[-1].name == "clinical_records"
    assert "clinical.tsv" in outcomes[-1].problem
