"""The notebook of the sequence half runs, and its file holds the same cells."""

from __future__ import annotations

import json
import runpy

from tests.architecture.sources import ROOT


def test_the_notebook_runs(capsys):
    runpy.run_path(str(ROOT / "docs" / "sequence_notebook.py"))
    printed = capsys.readouterr().out
    assert "240 genes" in printed
    assert "CCGGAAG" in printed
    assert "ridge_kmer+words" in printed


def test_the_file_holds_the_same_cells():
    book = json.loads((ROOT / "docs" / "sequence_notebook.ipynb").read_text())
    code = "\n".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code")
    script = (ROOT / "docs" / "sequence_notebook.py").read_text()
    written = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert [line for line in code.splitlines() if line and not line.startswith("#")] == written
