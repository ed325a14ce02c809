"""The built wheel works outside the checkout: it holds all of the project that simulating and running a study needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("groprog_assets", "groprog_kernels")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
BUILT = ("*.so", "*.c", "__pycache__")


def call(*words: object, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GROPROG"))}
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_wheel_simulates_and_runs_a_study(tmp_path: Path):
    source, away = tmp_path / "source", tmp_path / "away"
    away.mkdir()
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns(*BUILT))
    for name in FILES:
        shutil.copy(ROOT / name, source / name)
    pip = (sys.executable, "-m", "pip")
    call(*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, ".", folder=source)
    (wheel,) = tmp_path.glob("groprog-*.whl")
    call(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", folder=away)
    python = tmp_path / "venv" / "bin" / "python"
    call(*pip, "--python", python, "install", "-q", "--no-deps", wheel, folder=away)
    # The dependencies of this environment, but not the checkout that is installed in it: of a folder named in a .pth file, Python
    # does not read the .pth files.
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    folders = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (site / "dependencies.pth").write_text("".join(f"{path}\n" for path in folders))
    where = call(python, "-c", "import groprog_assets; print(groprog_assets.__file__)", folder=away)
    assert Path(where.strip()).is_relative_to(site)
    groprog = tmp_path / "venv" / "bin" / "groprog"
    call(groprog, "simulate", "study", "--scale", "tiny", folder=away)
    said = call(groprog, "run", "study", "--nascent", folder=away)
    assert "values computed, 0 kept" in said
    assert (away / "study" / "results" / "transcripts" / "all.bed").stat().st_size
    assert "0 to compute" in call(groprog, "run", "study", "--nascent", "--dry-run", folder=away)
