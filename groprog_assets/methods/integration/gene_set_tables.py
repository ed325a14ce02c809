"""Gene sets, signatures and targets of drugs as tables. Files in, tables out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.annotation.gmt import described, genes_of_sets, named_sets
from groprog_assets.methods.integration.signature_reversal import signatures_of
from groprog_assets.methods.omics.text_columns import text_columns
from groprog_assets.tables import TABLES, conform

TARGET_COLUMNS = ("drug_id", "name", "gene_id", "action", "source", "version")


class GeneSetTables(NamedTuple):
    """Tables gene_sets and drug_target."""

    table: pd.DataFrame
    targets: pd.DataFrame


def gene_set_tables(gene_sets: Path | None, drug_signatures: Path | None, drug_targets: Path | None) -> GeneSetTables:
    """The genes of the sets of one GMT file, of the signatures of another (sets NAME_up and NAME_down become the drug NAME), and
    the table of targets; of files that are not given, no row. Raises as their readers do."""
    rows: list[tuple[str, str, str, str, str | None]] = []
    if gene_sets is not None:
        for name, held in named_sets(gene_sets)[0].items():
            rows += [(name, described(held) or name, gene_sets.name, gene, None) for gene in held.genes]
    if drug_signatures is not None:
        for drug, halves in signatures_of(genes_of_sets(drug_signatures)).items():
            for direction, genes in (("up", halves.up), ("down", halves.down)):
                rows += [(drug, drug, drug_signatures.name, gene, direction) for gene in genes]
    table = pd.DataFrame(rows, columns=TABLES["gene_sets"].column_names)
    return GeneSetTables(conform(table, "gene_sets"), conform(read_targets(drug_targets), "drug_target"))


def read_targets(path: Path | None) -> pd.DataFrame:
    """The columns of `drug_target` as a table has them; no row where none is given, an action that is not known missing.

    Raises as `text_columns`, and CohortError for an empty cell."""
    if path is None:
        return pd.DataFrame(columns=TARGET_COLUMNS)
    table = text_columns(path, TARGET_COLUMNS)
    cells = table.cells[list(TARGET_COLUMNS)]
    problems = [
        Problem(
            f"{path}:{table.line_numbers[k]}, column {name}", "empty", "Only the action may be unknown.", "Fill it in."
        )
        for name in TARGET_COLUMNS
        if name != "action"
        for k in (cells[name] == "").to_numpy().nonzero()[0][:5].tolist()
    ]
    if problems:
        raise CohortError(problems)
    return cells.assign(action=cells["action"].where(cells["action"] != "", None))
