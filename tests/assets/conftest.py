"""A tiny simulated study, written once; each test copies it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from groprog_assets.definitions import defs
from groprog_assets.workspace import Workspace, open_workspace

assert defs  # loading them registers every asset's specification


@pytest.fixture(scope="session")
def written_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from groprog_assets.simulation import simulate_study

    return simulate_study(tmp_path_factory.mktemp("written"), scale="tiny", fastq=False)


@pytest.fixture
def workspace(written_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    folder = tmp_path / "study"
    shutil.copytree(written_study.parent, folder)
    monkeypatch.setenv("GROPROG_STUDY", str(folder / "study.yaml"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return open_workspace(folder / "study.yaml")
