"""A tiny simulated study whose annotation and clinical table were read, then read again under a changed parameter."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from groprog_assets.definitions import build_definitions
from groprog_assets.execution import run_lock, run_study
from groprog_assets.workspace import Workspace

SELECTED = "gene_models or clinical_records or patient_expression"


def run(path: Path, select: str = SELECTED) -> Workspace:
    workspace = Workspace(path)
    with run_lock(workspace):
        report = run_study(workspace, build_definitions(study_path=str(path)), select, actor="ada")
    assert not report.failures
    return workspace


@pytest.fixture(scope="session")
def twice_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from groprog_assets.simulation import simulate_study

    path = simulate_study(tmp_path_factory.mktemp("lineage"), scale="tiny", fastq=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROPROG_STUDY", str(path))
        patch.setenv("DAGSTER_HOME", str(path.parent))
        run(path)
        document = yaml.safe_load(path.read_text())
        document.setdefault("parameters", {})["annotation"] = {"minimum_width": 900}
        path.write_text(yaml.safe_dump(document))
        run(path)
    return path


@pytest.fixture
def ledger_copy(twice_run: Path, tmp_path: Path) -> Path:
    """The ledger of the study with its head, free to be spoilt."""
    folder = tmp_path / "ledger"
    shutil.copytree(Workspace(twice_run).ledger_path.parent, folder)
    return folder / "lineage.duckdb"
