"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

# A first kernel call compiles, so no deadline; in CI the examples are the same every time, elsewhere they vary.
settings.register_profile("varied", deadline=None)
settings.register_profile("fixed", deadline=None, derandomize=True)
settings.load_profile("fixed" if os.environ.get("CI") else "varied")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and reference-program outputs; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"real data and oracles are not beside the project ({SHARED})")
    return SHARED


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of a tiny simulated study that nobody runs or changes."""
    from groprog_assets.simulation import simulate_study

    return simulate_study(tmp_path_factory.mktemp("written"), scale="tiny", fastq=False)


@pytest.fixture
def study(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """study.yaml of a copy that a test may run and spoil; the environment names it."""
    path = Path(shutil.copytree(written.parent, tmp_path / "study")) / written.name
    monkeypatch.setenv("GROPROG_STUDY", str(path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return path


@pytest.fixture(scope="session")
def twice_run(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of one whose annotation and clinical table were read, then read again under a changed parameter."""
    from tests.trained_study import copied, run

    select = "gene_models or clinical_records or patient_expression"
    path = copied(written, tmp_path_factory.mktemp("twice") / "study")
    run(path, select)
    document = yaml.safe_load(path.read_text())
    document.setdefault("parameters", {})["annotation"] = {"minimum_width": 900}
    path.write_text(yaml.safe_dump(document))
    run(path, select)
    return path
