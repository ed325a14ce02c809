"""The command that tells what splits of a user's pairs are worth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
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


@pytest.mark.parametrize(
    ("column", "row", "cell", "said"),
    [
        ("chrom", 0, "", "1 row without chrom, row 1 below the header first"),
        ("chrom", 4, "c2", "gene g1 on 'c1', 'c2'"),
        ("gene", 7, "", "1 row without gene, row 8 below the header first"),
        ("split", 5, "valid", "split 'valid' in 1 row, row 6 below the header first"),
        ("distal", 2, "E" * 30, "'E' in distal, row 3 below the header"),
        ("target", slice(None), "1", "target 1 in every row"),
        ("promoter", 3, "A" * 29, "promoter of 29 to 30 bases, row 4 below the header has 29 All are equally long"),
        ("promoter", 3, "A" * 31, "Cut them to one stretch around the start, such as 1,000 bp before it"),
        (
            "distal",
            slice(None),
            "A" * 19,
            "distal of 19 bases in every row All are equally long, 20 or more. Give longer",
        ),
    ],
)
def test_pairs_whose_groups_or_values_say_nothing_are_refused(tmp_path, column, row, cell, said):
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("ACGT"), 30)) for _ in range(60)]
    names = [f"g{n // 3}" for n in range(60)]
    table = pd.DataFrame({"gene": names, "promoter": texts, "distal": texts[::-1], "target": range(60)}, dtype=str)
    table["chrom"] = [f"c{n // 3 % 2}" for n in range(60)]
    table["split"] = ["test" if n % 3 else "train" for n in range(60)]
    path = tmp_path / "pairs.tsv"
    table.to_csv(path, sep="\t", index=False)
    assert CliRunner().invoke(main, ["sequence", "leak-check", str(path)]).exit_code == 0
    table.loc[row, column] = cell
    table.to_csv(path, sep="\t", index=False)
    answer = CliRunner().invoke(main, ["sequence", "leak-check", str(path)])
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())
