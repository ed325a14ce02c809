"""Numbers of genes in a user's text table. Files in, tables and problems out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.cohort.clinical_tables import missing_cells, read_table, to_number
from groprog_assets.study.text_tables import count_of


def gene_ids(path: Path, id_column: str) -> list[str]:
    """The ids of a table, as they stand; none without that column. They can be compared where numbers are wrong."""
    cells = read_table(path).cells
    return [] if id_column not in cells.columns else cells[id_column].str.strip().tolist()


def gene_columns(path: Path, id_column: str, columns: Sequence[str], field: str) -> tuple[pd.DataFrame, list[Problem]]:
    """(columns of numbers indexed by gene, missing where a cell is empty or NA; problems of ids and cells).

    columns: none means all but the id. field: of the study file, which names them. Raises AnnotationError for missing columns.
    """
    cells = read_table(path).cells
    where = str(path)
    named = list(columns) or [str(name) for name in cells.columns if name != id_column]
    lacking = [name for name in (id_column, *named) if name not in cells.columns]
    remedy = f"There are: {', '.join(map(str, cells.columns[:12]))}."
    rule = f"The table has every column that {field} asks for."
    if lacking:
        raise AnnotationError([Problem(where, f"no column {name!r}", rule, remedy) for name in lacking])
    problems = []
    ids = cells[id_column].str.strip()
    if ids.duplicated().any():
        twice = ids[ids.duplicated()].iloc[0]
        problems.append(Problem(where, f"{twice} stands twice", "A gene has one row.", "Keep one row of each gene."))
    rule = "Targets are numbers." if field == "sequence.targets" else "Side columns are numbers."
    found, wrong = numbers(path, cells, named, rule, "Correct the cell, or leave it empty.")
    problems += wrong
    for name, values in found.items():
        if infinite := int(np.isinf(values).sum()):
            rule = "Missing is an empty cell or NA; any other value is a finite number."
            remedy = "Leave cells empty where nothing was measured; log2(0) is avoided by a pseudocount, as in log2(TPM + 1)."
            problems.append(Problem(where, f"{count_of(infinite, 'infinite value')} in column {name}", rule, remedy))
        found[name] = np.where(np.isinf(values), np.nan, values)
    return pd.DataFrame(found, index=pd.Index(ids, name="gene")), problems


def numbers(
    path: Path, cells: pd.DataFrame, columns: Sequence[str], rule: str, remedy: str
) -> tuple[dict[str, NDArray[np.float64]], list[Problem]]:
    """({column: its numbers (n,), missing where a cell is empty, NA or no number}; a problem of each column with text, which
    quotes `rule` and `remedy`)."""
    found, problems = {}, []
    for name in columns:
        text = cells[name].str.strip()
        number, wrong = to_number(text, missing_cells(text))
        if wrong.any():
            problems.append(Problem(str(path), f"{text[wrong].iloc[0]!r} in column {name}", rule, remedy))
        found[name] = number.to_numpy(float)
    return found, problems
