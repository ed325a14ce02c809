"""Reader of delimited clinical tables: text cells, missing values, numbers, line numbers. Columns are not typed here."""

from __future__ import annotations

import difflib
import io
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import Notice, Problem, TextTableError
from groprog_assets.study import text_tables
from groprog_assets.study.annotation_files import some
from groprog_assets.study.files import clinical_path
from groprog_assets.study.text_tables import RowReader, TableLayout, count_of, is_missing, table_layout

WIDE = 10_000
"""Columns from which a table is kept as one block of objects: a block for each column takes seconds to make."""

MONTHS = {"days": 12 / 365.25, "months": 1.0, "years": 12.0}
"""Months per unit of the file."""

COMPARED = 2_000
"""Columns among which a near name is looked for."""
SHOWN = 60
"""Columns that are listed where one is absent."""


class Table(NamedTuple):
    """Cells as text, stripped header; `line_numbers` (rows,) are the lines (1-based) of the rows in the file."""

    path: Path
    cells: pd.DataFrame
    line_numbers: np.ndarray

    def rows(self, chosen: pd.Series | np.ndarray) -> str:
        """The lines of the chosen rows, at most five by number."""
        lines = self.line_numbers[np.asarray(chosen, dtype=bool)]
        shown = ", ".join(map(str, lines[:5]))
        return f"line{'s' if len(lines) > 1 else ''} {shown}" + (", ..." if len(lines) > 5 else "")


def read_table(path: Path) -> Table:
    """A table of users' text (see `study.text_tables`) or a cBioPortal study folder, every cell as text.

    Row numbers that R wrote without a name of their own are left out, with a Notice. Raises TextTableError for a file that is
    missing, no readable text, without header, with repeated column names, or with rows that do not fit the header.
    """
    layout = table_layout(clinical_path(path))
    path = layout.path
    repeated = [repr(name) for name, count in Counter(layout.columns).items() if count > 1]
    if repeated:
        where = f"{path}:{layout.header_line}"
        value = f"columns twice: {', '.join(repeated[:5])}" + (", ..." if len(repeated) > 5 else "")
        raise TextTableError(Problem(where, value, "A column stands once.", "Rename one of them."))
    reader = RowReader(layout)
    lines: list[str] = []
    numbers: list[int] = []
    for rows in reader:
        lines += rows.lines
        numbers += rows.numbers
    if lines and len(layout.columns) > WIDE:
        split = np.array([text_tables.cells(line, layout.delimiter)[: len(layout.columns)] for line in lines], object)
        cells = pd.DataFrame(split, columns=pd.Index(layout.columns), dtype=object)
    elif lines:
        cells = pd.read_csv(
            io.StringIO("\n".join(lines)),
            sep=layout.delimiter,
            dtype="str",
            keep_default_na=False,
            skip_blank_lines=False,
            header=None,
            index_col=False,
            names=range(len(layout.columns)),
            on_bad_lines="error",
            low_memory=False,
        )
        cells.columns = pd.Index(layout.columns)
    else:
        cells = pd.DataFrame({name: pd.Series(dtype="str") for name in layout.columns})
    if layout.row_names:
        cells = _without_row_numbers(layout, cells)
    if reader.open_ended:
        warn_open_ended(path, numbers)
    return Table(path, cells, np.array(numbers, dtype=np.int64))


def _without_row_numbers(layout: TableLayout, cells: pd.DataFrame) -> pd.DataFrame:
    """Cells under a header one name short, where the unnamed first cells are the row numbers R writes; else it is refused."""
    if layout.delimiter != "\t" or cells.iloc[:, 0].str.strip().tolist() != [str(k + 1) for k in range(len(cells))]:
        raise TextTableError(layout.short_header)
    warnings.warn(
        Notice(
            Problem(
                f"{layout.path}:{layout.header_line}",
                f"the header has {count_of(len(layout.columns) - 1, 'name')}, "
                f"the rows have {count_of(len(layout.columns), 'cell')}",
                "The first cells are the row numbers that R's write.table adds; they are left out.",
                "Nothing, if that is so. To write none: write.table(..., row.names = FALSE).",
            )
        ),
        stacklevel=2,
    )
    return cells.iloc[:, 1:]


def warn_open_ended(path: Path, numbers: Sequence[int]) -> None:
    """Warn that the last line has no line end. It has all its cells, but the last cell may be cut off."""
    if len(numbers):
        value, rule = "the last line has no line end", "A file cut off in its last cell looks like this."
        problem = Problem(f"{path}:{numbers[-1]}", value, rule, "Nothing, if the last value is whole.")
        warnings.warn(Notice(problem), stacklevel=2)


def missing_cells(cells: pd.Series) -> pd.Series:
    """Which cells mean a missing value: empty, NA, [Not Available] and others (text_tables.MISSING)."""
    known = {value: is_missing(value) for value in cells.unique()}
    return cells.map(known).astype(bool)


def to_number(cells: pd.Series, missing: pd.Series) -> tuple[pd.Series, pd.Series]:
    """(float64 with NaN where missing, mask of non-missing cells that are not numbers). A decimal comma is not accepted."""
    values = pd.to_numeric(cells.where(~missing), errors="coerce").astype(np.float64)
    return values, values.isna() & ~missing


def decimal_commas(cells: pd.Series) -> bool:
    """Whether cells that are no number would all be one with a decimal point for their comma."""
    single = cells.str.count(",") == 1
    return bool(single.all() and pd.to_numeric(cells.str.replace(",", "."), errors="coerce").notna().all())


def normalised_code(value: str) -> str:
    """A code in the form used for comparison: no surrounding space, lower case, 1.0 as 1."""
    text = value.strip().casefold()
    if text.endswith(".0") and text[:-2].lstrip("-").isdigit():
        return text[:-2]
    return text


def examples(values: Iterable[object], most: int = 5) -> str:
    """The first distinct values, in quotes."""
    distinct = list(dict.fromkeys(str(value) for value in values))
    return ", ".join(repr(value) for value in distinct[:most]) + (", ..." if len(distinct) > most else "")


def absent_columns(table: Table, needed: Iterable[tuple[str, str]], remedy: str) -> list[Problem]:
    """A problem for each column that the table lacks, once, with the column whose name is near, else with `remedy`.

    needed: (what is read from it, column). A column that is needed itself is no misspelling of another.
    """
    needed = list(needed)
    taken = {column for _, column in needed}
    columns = [str(name) for name in table.cells.columns]
    folded = {name.casefold(): name for name in columns[:COMPARED] if name not in taken}
    problems: dict[str, Problem] = {}
    for what, column in needed:
        if column in table.cells or column in problems:
            continue
        near = difflib.get_close_matches(column.casefold(), folded, 1, 0.6)
        rule = f"{what} is read from it; the columns are {some(columns, SHOWN)}."
        said = f"Did you mean {folded[near[0]]!r}?" if near else remedy
        problems[column] = Problem(str(table.path), f"no column {column!r}", rule, said)
    return list(problems.values())
