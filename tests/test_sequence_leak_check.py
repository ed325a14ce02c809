"""The command that tells what splits of a user's pairs are worth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from click.testing import CliRunner

from groprog_assets.cli.main import main


def test_pairs_of_a_user_can_be_checked(tmp_path: Path):
    random = np.random.default_rng(0)
    letters = np.array(list("ACGT"))
    promoters = ["".join(letters[random.integers(0, 4, 120)]) for _ in range(90)]
    rows = [
        (f"g{n}", f"c{n % 3}", promoters[n], promoters[(n + step) % 90], value, "test" if step == 1 else "train")
        for n, value in enumerate(random.normal(size=90))
        for step in (1, 2, 3)
    ]
    path = tmp_path / "pairs.tsv"
    pd.DataFrame(rows, columns=["gene", "chrom", "promoter", "distal", "target", "split"]).to_csv(
        path, sep="\t", index=False
    )
    out = tmp_path / "leak.tsv"
    said = CliRunner().invoke(main, ["sequence", "leak-check", str(path), "-o", str(out)])
    assert said.exit_code == 0, said.output
    assert "270 pairs of 90 genes" in said.output
    table = pd.read_csv(out, sep="\t").set_index("split")
    assert table.loc["the table's own split", "genes_in_training"] == 1
    assert (table.loc[["by gene", "by chromosome"], "genes_in_training"] == 0).all()
    assert table.loc["random split of pairs", "r"] > table.loc["by chromosome", "r"] + 0.3
    picture = out.with_suffix(".svg").read_text()
    for name in table.index:
        assert f">{name}<" in picture, name
    assert not [line for line in said.output.splitlines() if "split" in line and "nan" in line]
    path.write_text("gene\tpromoter\na\tACGT\n")
    said = CliRunner().invoke(main, ["sequence", "leak-check", str(path)])
    assert said.exit_code == 2
    assert "no column 'distal'" in said.output
