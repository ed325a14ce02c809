"""A run in coverage mode: the unit model reads bases, genes and tests count reads."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import open_workspace


def results(study: Path) -> dict[str, pd.DataFrame]:
    outcome = CliRunner().invoke(main, ["run", str(study), "--select", "+gene_signal or +coverage"])
    assert outcome.exit_code == 0, outcome.output
    workspace = open_workspace(study)
    return {
        "gene_signal": read_asset(workspace, "gene_signal").value(),
        "coverage": read_asset(workspace, "coverage", "control_1").value(),
    }


def test_windows_hold_bases_and_genes_count_reads(study: Path):
    ends = results(study)
    document = yaml.safe_load(study.read_text())
    for library in document["libraries"]:
        library["read_end"] = "coverage"
    study.write_text(yaml.safe_dump(document))
    bases = results(study)
    pd.testing.assert_frame_equal(bases["gene_signal"], ends["gene_signal"])
    ratio = bases["coverage"]["count"].sum() / ends["coverage"]["count"].sum()
    assert 35 < ratio <= 36.01  # simulated reads are 36 bp long
