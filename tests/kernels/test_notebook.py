"""The notebook runs with the kernels alone, and the package says what it holds."""

from __future__ import annotations

import json
import subprocess
import sys

import groprog_kernels
from tests.architecture.sources import ROOT
from tests.architecture.test_house_rules import NOUNS

SCRIPT = """
import runpy, sys
before = set(sys.modules)
import groprog_kernels
assert not {name for name in set(sys.modules) - before if not name.startswith("groprog_kernels")}, "importing loads nothing"
held = runpy.run_path("docs/hmm_notebook.py")
print(len(held["units"].start), "units")
heavy = {"groprog_assets", "torch", "dagster", "pandas", "scipy", "duckdb"} & {name.split(".")[0] for name in sys.modules}
assert not heavy, heavy
"""


def test_the_notebook_runs_without_the_rest():
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("3 units\n")
    assert "chr1 +: 3 units" in done.stdout


def test_the_notebook_file_holds_the_same_cells():
    book = json.loads((ROOT / "docs" / "hmm_notebook.ipynb").read_text())
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    code = "\n".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code")
    script = (ROOT / "docs" / "hmm_notebook.py").read_text()
    written = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert [line for line in code.splitlines() if line and not line.startswith("#")] == written


def test_the_package_names_every_kernel():
    words = (groprog_kernels.__doc__ or "").replace(",", " ").split()
    assert set(NOUNS) <= set(words), set(NOUNS) - set(words)
