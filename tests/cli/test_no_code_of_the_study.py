"""Nothing in a study's folder is imported: modules that lie there, under the names of what GroProg uses, leave no mark."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.test_dev import Served, launch

NAMES = (
    "dagster",
    "numpy",
    "pandas",
    "pysam",
    "yaml",
    "random",
    "tempfile",
    "distributed",
    "groprog_assets",
    "sitecustomize",
)
SCRIPT = "from groprog_assets.cli.main import main\n\nif __name__ == '__main__':\n    main()\n"


@pytest.fixture
def beside(study: Path) -> Path:
    """The study with a SAM among its libraries, and with modules beside it, and in its Dagster home, that leave a mark."""
    import pysam

    document = yaml.safe_load(study.read_text())
    bam = study.parent / document["libraries"][0]["alignments"]
    sam = bam.with_suffix(".sam")
    pysam.view("-h", "-o", str(sam), str(bam), catch_stdout=False)
    document["libraries"][0]["alignments"] = str(sam.relative_to(study.parent))
    study.write_text(yaml.safe_dump(document))
    mark = study.parent.parent / "mark"
    home = study.parent / ".groprog" / "dagster"
    home.mkdir(parents=True)
    for folder in (study.parent, home):
        for name in NAMES:
            place = folder / name / "__init__.py" if name in ("dagster", "groprog_assets") else folder / f"{name}.py"
            place.parent.mkdir(exist_ok=True)
            place.write_text(f"open({str(mark)!r}, 'a').write({name!r} + '\\n')\nraise ImportError({name!r})\n")
    return study


def marks(study: Path) -> str:
    mark = study.parent.parent / "mark"
    return mark.read_text() if mark.exists() else ""


def plain_environment() -> dict[str, str]:
    """That of a user, without the safe import path that an earlier test of this process may have set."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}


def groprog(study: Path, *arguments: str) -> str:
    """The command as its installed script runs it, in the study's folder; what it printed."""
    script = study.parent.parent / "bin" / "groprog"
    script.parent.mkdir(exist_ok=True)
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        cwd=study.parent,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_modules_would_leave_a_mark(beside: Path):
    command = [sys.executable, "-c", "import pysam"]
    subprocess.run(command, cwd=beside.parent, env=plain_environment(), check=False, capture_output=True)
    assert marks(beside)


def test_check_and_run_import_nothing_of_the_study(beside: Path):
    groprog(beside, "study", "check", "study.yaml")
    groprog(beside, "run", "study.yaml", "--select", "raw_reads")
    assert marks(beside) == ""


@pytest.mark.slow
def test_workers_import_nothing_of_the_study(beside: Path):
    groprog(beside, "run", "study.yaml", "--select", "+filtered_alignments", "--pool", "dask:2")
    assert marks(beside) == ""


@pytest.mark.slow
def test_the_ui_imports_nothing_of_the_study(beside: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(beside.parent)
    (beside.parent / ".env").write_text("GROPROG_STUDY=elsewhere\n")
    with Served(beside) as served:
        assert launch(served.port, "gene_models")["__typename"] == "LaunchRunSuccess"
    assert marks(beside) == ""
