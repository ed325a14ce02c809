"""Reader of a text table of genes x samples, block by block; only the numbers are kept in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from groprog_assets.errors import Problem, TextTableError
from groprog_assets.methods.cohort.clinical_tables import warn_open_ended
from groprog_assets.study.text_tables import RowReader, Rows, TableLayout, cells, first_cell, is_missing

MOST_COLUMNS = 5
"""Number of columns with wrong cells that are named; further ones are counted."""


class Matrix(NamedTuple):
    """genes (g,): first cells, trimmed; line_numbers (g,); values (g, c) float64 of the chosen columns, NaN = missing;
    problems: cells that are no finite number, by row and column, and rows that do not fit the header."""

    genes: list[str]
    line_numbers: list[int]
    values: np.ndarray
    problems: list[Problem]


class _Wrong(NamedTuple):
    line: int
    gene: str
    cell: str


def read_matrix(
    layout: TableLayout,
    chosen: Sequence[int],
    rule: str = "Expression is a finite number; missing is an empty cell or NA.",
    remedy: str = "Correct the cell.",
) -> Matrix:
    """The numbers of the `chosen` columns (places in `layout.columns`, ascending), all rows of the file in their order.

    A missing cell (`text_tables.MISSING`) is NaN. Raises TextTableError for a file that cannot be read at all; other errors
    are in `problems`. rule, remedy: of a cell that is no finite number.
    """
    genes: list[str] = []
    numbers: list[int] = []
    parts = [np.empty((0, len(chosen)))]
    wrong: dict[int, list[_Wrong]] = {}
    reader = RowReader(layout)
    problems: list[Problem] = []
    try:
        for rows in reader:
            names = [first_cell(line, layout.delimiter) for line in rows.lines]
            parts.append(_numbers(rows, names, layout.delimiter, chosen, wrong))
            genes += names
            numbers += rows.numbers
    except TextTableError as error:
        problems += error.problems
    if reader.open_ended and not problems:
        warn_open_ended(layout.path, numbers)
    named = {layout.columns[chosen[place]]: found for place, found in wrong.items()}
    problems += _wrong_cells(layout.path, named, rule, remedy)
    return Matrix(genes, numbers, np.concatenate(parts), problems)


def _numbers(
    rows: Rows, genes: list[str], delimiter: str, chosen: Sequence[int], wrong: dict[int, list[_Wrong]]
) -> np.ndarray:
    """(rows, chosen) float64. NumPy reads a block where all cells are numbers, empty or NA; others are read cell by cell."""
    if not chosen:
        return np.empty((len(rows.lines), 0))
    try:
        plain = [_missing_as_nan(line, delimiter) for line in rows.lines]
        values = np.loadtxt(plain, delimiter=delimiter, usecols=chosen, comments=None, quotechar='"', ndmin=2)
        if not np.isinf(values).any():
            return values
    except ValueError:
        pass
    values = np.empty((len(rows.lines), len(chosen)))
    for row, (line, number, gene) in enumerate(zip(rows.lines, rows.numbers, genes, strict=True)):
        found = cells(line, delimiter)
        for place, column in enumerate(chosen):
            value = _number(found[column])
            if value is None:
                wrong.setdefault(place, []).append(_Wrong(number, gene, found[column]))
                value = math.nan
            values[row, place] = value
    return values


def _missing_as_nan(line: str, delimiter: str) -> str:
    """The line with empty cells and NA as NumPy reads them."""
    if "NA" in line:
        for _ in range(2):  # neighbouring cells share a delimiter
            line = line.replace(f"{delimiter}NA{delimiter}", f"{delimiter}nan{delimiter}")
        if line.endswith(f"{delimiter}NA"):
            line = f"{line[:-2]}nan"
    if delimiter * 2 in line:
        for _ in range(2):
            line = line.replace(delimiter * 2, f"{delimiter}nan{delimiter}")
    return f"{line}nan" if line.endswith(delimiter) else line


def _number(cell: str) -> float | None:
    """A cell's number, NaN where missing, None where it is no finite number."""
    if is_missing(cell):
        return math.nan
    try:
        value = float(cell) if cell.isascii() and "_" not in cell else math.inf
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _wrong_cells(path: Path, wrong: dict[str, list[_Wrong]], rule: str, remedy: str) -> Iterator[Problem]:
    for k, (name, found) in enumerate(wrong.items()):
        first = found[0]
        more = [f"{len(found) - 1} more in this column"] if len(found) > 1 else []
        if k == MOST_COLUMNS - 1 and len(wrong) > MOST_COLUMNS:
            more.append(f"{len(wrong) - MOST_COLUMNS} more columns with such cells")
        comma = first.cell.count(",") == 1 and _number(first.cell.replace(",", ".")) is not None
        yield Problem(
            f"{path}:{first.line}, patient {name}, gene {first.gene}",
            " and ".join([repr(first.cell), *more]),
            rule,
            "Write numbers with a decimal point." if comma else remedy,
        )
        if k == MOST_COLUMNS - 1:
            return
