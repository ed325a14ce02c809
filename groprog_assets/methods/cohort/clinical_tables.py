"""Delimited clinical text as cells: what is missing, what is a number, which line a row came from. No typing of columns."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.study.files import clinical_path, is_missing, open_text, table_layout

MONTHS = {"days": 12 / 365.25, "months": 1.0, "years": 12.0}
"""Months in one unit of the file."""


class Table(NamedTuple):
    """Cells as text, stripped header; `first_line` is the line (1-based) of the first row in the file."""

    path: Path
    cells: pd.DataFrame
    first_line: int

    def rows(self, chosen: pd.Series | np.ndarray) -> str:
        """The lines of the chosen rows, at most five by number."""
        lines = np.flatnonzero(np.asarray(chosen)) + self.first_line
        shown = ", ".join(map(str, lines[:5]))
        return f"line{'s' if len(lines) > 1 else ''} {shown}" + (", ..." if len(lines) > 5 else "")


def read_table(path: Path) -> Table:
    """A TSV or CSV (delimiter found from the header) or a cBioPortal file or study folder, every cell as text.

    Plain or gzip, UTF-8. Rows that are entirely empty are dropped. Raises CohortError for a missing, empty, ragged or
    undecodable file and for a header with repeated names.
    """
    path = clinical_path(path)
    try:
        layout = table_layout(path)
        with open_text(path) as file:
            cells = pd.read_csv(
                file,
                sep=layout.delimiter,
                skiprows=layout.skipped,
                dtype="str",
                keep_default_na=False,
                skip_blank_lines=False,
                header=None,
                index_col=False,
                names=range(len(layout.columns)),
                on_bad_lines="error",
            )
    except (OSError, ValueError, EOFError) as error:
        text = str(error).splitlines()[0]
        raise CohortError(
            Problem(
                str(path),
                text,
                "A clinical table is TSV or CSV text with one header row.",
                "Mend or re-export the file.",
            )
        ) from None
    repeated = sorted({name for name in layout.columns if layout.columns.count(name) > 1})
    if repeated:
        raise CohortError(
            Problem(str(path), f"columns twice: {', '.join(repeated)}", "A column stands once.", "Rename one of them.")
        )
    cells = cells.iloc[1:].fillna("").set_axis(layout.columns, axis=1)
    filled = (cells.map(str.strip) != "").any(axis=1)
    last = int(np.flatnonzero(filled.to_numpy())[-1]) + 1 if filled.any() else 0
    if not filled.iloc[:last].all():
        gap = int(np.flatnonzero(~filled.to_numpy()[:last])[0])
        raise CohortError(
            Problem(
                f"{path}:{layout.skipped + 2 + gap}", "an empty row", "Rows follow each other.", "Remove the empty row."
            )
        )
    return Table(path, cells.iloc[:last].reset_index(drop=True), layout.skipped + 2)


def missing_cells(cells: pd.Series) -> pd.Series:
    """Which cells mean "no value": empty, NA, [Not Available] and their kin (study_files.MISSING)."""
    known = {value: is_missing(value) for value in cells.unique()}
    return cells.map(known).astype(bool)


def to_number(cells: pd.Series, missing: pd.Series) -> tuple[pd.Series, pd.Series]:
    """(float64 with NaN where missing, which non-missing cells are no number). A decimal comma is no number."""
    values = pd.to_numeric(cells.where(~missing), errors="coerce").astype(np.float64)
    return values, values.isna() & ~missing


def normalised_code(value: str) -> str:
    """A code as compared: no surrounding space, no case, 1.0 as 1."""
    text = value.strip().casefold()
    if text.endswith(".0") and text[:-2].lstrip("-").isdigit():
        return text[:-2]
    return text


def examples(values: Iterable[object], most: int = 5) -> str:
    """The first distinct values, in quotes."""
    distinct = list(dict.fromkeys(str(value) for value in values))
    return ", ".join(repr(value) for value in distinct[:most]) + (", ..." if len(distinct) > most else "")
