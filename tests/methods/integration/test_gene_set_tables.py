"""Gene sets, signatures and targets as tables: what the files say, each gene a row."""

from __future__ import annotations

from pathlib import Path

import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.integration.gene_set_tables import gene_set_tables


def test_sets_signatures_and_targets(tmp_path: Path):
    (tmp_path / "sets.gmt").write_text("ONE\thttp://x/ONE\tTP53\tDMD\nTWO\tmuscle genes\tDMD\n")
    (tmp_path / "drugs.gmt").write_text("fix_up\tna\tTP53\nfix_down\tna\tDMD\tUTRN\n")
    (tmp_path / "targets.tsv").write_text(
        "drug_id\tname\tgene_id\taction\tsource\tversion\nD1\tone\tDMD\tagonist\tx\t1\n"
    )
    found = gene_set_tables(*(tmp_path / name for name in ("sets.gmt", "drugs.gmt", "targets.tsv")))
    rows = found.table.astype(object).where(found.table.notna(), None)
    assert rows.to_numpy().tolist() == [
        ["ONE", "ONE", "sets.gmt", "TP53", None],
        ["ONE", "ONE", "sets.gmt", "DMD", None],
        ["TWO", "muscle genes", "sets.gmt", "DMD", None],
        ["fix", "fix", "drugs.gmt", "TP53", "up"],
        ["fix", "fix", "drugs.gmt", "DMD", "down"],
        ["fix", "fix", "drugs.gmt", "UTRN", "down"],
    ]
    assert found.targets.to_numpy().tolist() == [["D1", "one", "DMD", "agonist", "x", "1"]]


def test_what_is_not_given_has_no_row_and_a_missing_column_is_named(tmp_path: Path):
    empty = gene_set_tables(None, None, None)
    assert empty.table.empty
    assert empty.targets.empty
    (tmp_path / "targets.tsv").write_text("drug_id\tname\nD1\tone\n")
    with pytest.raises(CohortError, match="gene_id"):
        gene_set_tables(None, None, tmp_path / "targets.tsv")


def test_only_the_action_of_a_drug_may_be_unknown(tmp_path: Path):
    header = "drug_id\tname\tgene_id\taction\tsource\tversion\n"
    (tmp_path / "targets.tsv").write_text(f"{header}D:1\tdrug\tTP53\t\tx\t1\n")
    assert gene_set_tables(None, None, tmp_path / "targets.tsv").targets["action"].isna().all()
    (tmp_path / "other.tsv").write_text(f"{header}D:1\tdrug\t\tinhibitor\tx\t1\n")
    with pytest.raises(CohortError, match=r"other\.tsv:2, column gene_id: empty"):
        gene_set_tables(None, None, tmp_path / "other.tsv")
