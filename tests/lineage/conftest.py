"""The ledger of a study that was run twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from groprog_assets.store.workspace import Workspace


@pytest.fixture
def ledger_copy(twice_run: Path, tmp_path: Path) -> Path:
    """The ledger of the study with its head, free to be spoilt."""
    folder = tmp_path / "ledger"
    shutil.copytree(Workspace(twice_run).ledger_path.parent, folder)
    return folder / "lineage.duckdb"
