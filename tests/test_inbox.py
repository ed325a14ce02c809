"""New clinical files: accepted whole, set aside with every problem, known by content."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from groprog_assets.inbox import sort_inbox
from groprog_assets.workspace import Workspace, open_workspace


@pytest.fixture(scope="session")
def written_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from groprog_assets.simulation import simulate_study

    return simulate_study(tmp_path_factory.mktemp("written"), scale="tiny", fastq=False)


@pytest.fixture
def workspace(written_study: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(written_study.parent, tmp_path / "study")
    path = tmp_path / "study" / "study.yaml"
    document = yaml.safe_load(path.read_text())
    document["cohort"]["inbox"] = "inbox"
    path.write_text(yaml.safe_dump(document))
    (path.parent / "inbox").mkdir()
    return open_workspace(path)


def deliver(workspace: Workspace, name: str, table: pd.DataFrame) -> Path:
    path = workspace.folder / "inbox" / name
    table.to_csv(path, sep="\t", index=False)
    os.utime(path, (1, 1))
    return path


def clinical(workspace: Workspace) -> pd.DataFrame:
    return pd.read_csv(workspace.folder / "cohort" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)


def test_a_good_file_becomes_the_clinical_table(workspace: Workspace):
    table = clinical(workspace).iloc[:-2]
    deliver(workspace, "new.tsv", table)
    (sha256,) = sort_inbox(workspace, 10)
    again = open_workspace(workspace.path)
    assert (
        again.study.cohort.clinical.read_bytes() == (workspace.folder / "inbox" / "accepted" / "new.tsv").read_bytes()
    )
    assert sha256 in str(again.study.cohort.clinical)
    deliver(workspace, "same.tsv", table)
    assert sort_inbox(again, 10) == []
    assert (workspace.folder / "inbox" / "accepted" / "same.tsv").is_file()


def test_a_bad_file_is_set_aside_with_its_problems(workspace: Workspace):
    table = clinical(workspace)
    deliver(workspace, "bad.tsv", pd.concat([table, table.iloc[:1]]))
    assert sort_inbox(workspace, 10) == []
    folder = workspace.folder / "inbox" / "quarantine"
    assert table.iloc[0, 0] in (folder / "bad.tsv.problems.txt").read_text()
    assert (folder / "bad.tsv").is_file()
    assert open_workspace(workspace.path).study.cohort.clinical.name == "clinical.tsv"


def test_a_file_still_being_written_is_left_alone(workspace: Workspace):
    path = deliver(workspace, "new.tsv", clinical(workspace))
    os.utime(path)
    deliver(workspace, ".hidden.tsv", clinical(workspace))
    assert sort_inbox(workspace, 10) == []
    assert path.is_file()
