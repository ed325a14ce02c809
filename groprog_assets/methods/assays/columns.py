"""Chosen columns of a text table or a Parquet file: text stays text, numbers are read where they are declared.

Nothing is guessed from the cells: a gene called NA stays one, `#` inside a row is text, and what is no number is named by its
line and column. The text goes through `study.text_tables`, the one reader of users' tables.
"""

from __future__ import annotations

import io
import itertools
import math
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AssayError, Problem
from groprog_assets.study.annotation_files import ProblemCollector, some
from groprog_assets.study.text_files import open_text
from groprog_assets.study.text_tables import RowReader, TableLayout, cells, count_of, table_layout

MISSING_CELLS = ("", "NA", "NaN", "null", ".")
"""Cells that say a number is missing, where the study file states no others."""
NUMBER_RULE = "A value is a finite number; a missing one is a cell that the study file lists under missing."
SHOWN_COLUMNS = 12
CELLS_AT_ONCE = 1 << 22
"""Cells of a Parquet file that are decoded at once: all rows of as many columns."""


class Header(NamedTuple):
    """The columns of a table before its rows are read; `layout` is None for Parquet. line: of the header, 1-based."""

    path: Path
    columns: list[str]
    layout: TableLayout | None

    @property
    def where(self) -> str:
        return f"{self.path}:{self.layout.header_line}" if self.layout else str(self.path)


class Cells(NamedTuple):
    """text: a str column each; values: (rows, numbers) float64, NaN = missing; lines: (rows,) 1-based (Parquet: row numbers);
    trimmed: cells of `text` and names of columns that had space around them, which is not kept."""

    path: Path
    text: pd.DataFrame
    values: NDArray[np.float64]
    numbers: list[str]
    lines: NDArray[np.int64]
    trimmed: int

    def mark(
        self, problems: ProblemCollector, wrong: NDArray[np.bool_], rule: str, remedy: str, column: str = ""
    ) -> None:
        """Add the cells of `wrong` to the problems: (rows, numbers), or (rows,) of one `column`."""
        if wrong.ndim == 2:
            for row, place in np.argwhere(wrong):
                text = f"{self.values[row, place]:.10g}"
                problems.add(f":{self.lines[row]}, column {self.numbers[place]}", text, rule, remedy)
            return
        for row in np.flatnonzero(wrong):
            shown = repr(self.text[column].iloc[row]) if column in self.text else f"{self.number(column)[row]:.10g}"
            problems.add(f":{self.lines[row]}, column {column}", shown, rule, remedy)

    def number(self, column: str) -> NDArray[np.float64]:
        """(rows,) one of the number columns."""
        return self.values[:, self.numbers.index(column)]


def collector(path: Path) -> ProblemCollector:
    """Problems of an assay's file, raised together as AssayError."""
    return ProblemCollector(path, AssayError)


def read_header(path: Path) -> Header:
    """The names of the columns. Raises TextTableError as `table_layout` does, AssayError for a name that stands twice, since
    a sample would pass as two."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as parquet

        try:
            header = Header(path, [str(name) for name in parquet.read_schema(path).names], None)
        except (OSError, ValueError) as error:
            rule = "A file named .parquet is a Parquet table."
            raise AssayError(Problem(str(path), str(error), rule, "Write it again, or as text.")) from None
    else:
        layout = table_layout(path)
        header = Header(layout.path, layout.columns, layout)
    repeated = [name for name, count in Counter(header.columns).items() if count > 1]
    if repeated:
        value = f"{count_of(len(repeated), 'column')} twice: {some(map(repr, repeated), 5)}"
        rule = "A column stands once; a sample that stands twice would count as two."
        raise AssayError(Problem(header.where, value, rule, "Remove one of them, or give the two different names."))
    return header


def require_columns(header: Header, needed: Sequence[str], what: str, remedy: str) -> None:
    """AssayError for columns that are not there: file, line, the absent names, what the file is, those that are there."""
    absent = [name for name in needed if name not in header.columns]
    if absent:
        rule = f"{what} has the columns {', '.join(needed)}; this header has {some(header.columns, SHOWN_COLUMNS)}."
        raise AssayError(Problem(header.where, f"no column {', '.join(absent)}", rule, remedy))


def read_cells(
    header: Header,
    text: Sequence[str],
    numbers: Sequence[str],
    problems: ProblemCollector,
    missing: Collection[str] = MISSING_CELLS,
    rule: str = NUMBER_RULE,
) -> Cells:
    """The columns `text` and `numbers` of every row, in the order asked for.

    A cell that is no finite number and not one of `missing` is added to `problems` with `rule`. Raises TextTableError for rows
    that do not fit the header.
    """
    if header.layout is None:
        return _of_parquet(header, text, numbers, problems, rule)
    layout = header.layout
    places = [header.columns.index(name) for name in [*text, *numbers]]
    texts: list[pd.DataFrame] = []
    values = [np.empty((0, len(numbers)))]
    lines: list[int] = []
    for rows in RowReader(layout):
        found, block = _block(layout, rows.lines, places, len(text), frozenset(missing))
        if block is None:
            block = _by_cell(header, found, rows.numbers, list(numbers), frozenset(missing), problems, rule)
            found = found.iloc[:, : len(text)]
        texts.append(found.set_axis(list(text), axis=1))
        values.append(block)
        lines += rows.numbers
    held = (
        pd.concat(texts, ignore_index=True) if texts else pd.DataFrame({name: pd.Series(dtype="str") for name in text})
    )
    made = _trimmed(header.path, held, np.concatenate(values), list(numbers), np.array(lines, np.int64))
    return made._replace(trimmed=made.trimmed + _spaced_names(layout))


def _block(
    layout: TableLayout, lines: list[str], places: list[int], texts: int, missing: frozenset[str]
) -> tuple[pd.DataFrame, NDArray[np.float64] | None]:
    """Text columns and numbers of a block; where a cell is no number: every column as text, and None."""
    options: Any = {
        "sep": layout.delimiter,
        "header": None,
        "names": range(len(layout.columns)),
        "usecols": sorted(set(places)),
        "index_col": False,
        "keep_default_na": False,
        "skip_blank_lines": False,
        "low_memory": False,
    }
    joined = "\n".join(lines)
    kinds = dict.fromkeys(places[:texts], "str") | dict.fromkeys(places[texts:], "float64")
    none: Any = {place: sorted(missing) for place in places[texts:]}
    try:
        frame: pd.DataFrame = pd.read_csv(io.StringIO(joined), dtype=kinds, na_values=none, **options)
        values = frame[places[texts:]].to_numpy(np.float64)
        if np.isfinite(values[~np.isnan(values)]).all() and not _words(layout, lines[0], places[texts:], values):
            return frame[places[:texts]], values
    except ValueError:
        pass
    frame = pd.read_csv(io.StringIO(joined), dtype="str", **options)
    return frame[places], None


def _words(layout: TableLayout, first: str, places: list[int], values: NDArray[np.float64]) -> bool:
    """Whether a column of 0 and 1 may be one of the words true and false, which pandas reads as these numbers."""
    flags = np.flatnonzero((np.isin(values, (0.0, 1.0)) | np.isnan(values)).all(axis=0))
    if not flags.size:
        return False
    row = cells(first, layout.delimiter)
    return any(row[places[k]].strip().lower() in ("true", "false") for k in flags)


def _by_cell(
    header: Header,
    frame: pd.DataFrame,
    lines: list[int],
    numbers: list[str],
    missing: frozenset[str],
    problems: ProblemCollector,
    rule: str,
) -> NDArray[np.float64]:
    """Numbers of a block with a cell that is none, each such cell a problem."""
    texts = frame.shape[1] - len(numbers)
    values = np.full((len(frame), len(numbers)), np.nan)
    for k, name in enumerate(numbers):
        for row, cell in enumerate(frame.iloc[:, texts + k]):
            if cell in missing:
                continue
            number = as_number(cell)
            if number is None:
                comma = cell.count(",") == 1 and as_number(cell.replace(",", ".")) is not None
                remedy = (
                    "Write numbers with a decimal point." if comma else "Correct the cell, or list it under missing."
                )
                problems.add(f":{lines[row]}, column {name}", repr(cell), rule, remedy)
            else:
                values[row, k] = number
    return values


def as_number(cell: str) -> float | None:
    """The finite number that a cell is, or None."""
    try:
        value = float(cell) if cell.isascii() and "_" not in cell else math.inf
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _of_parquet(
    header: Header, text: Sequence[str], numbers: Sequence[str], problems: ProblemCollector, rule: str
) -> Cells:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    frame = pd.read_parquet(header.path, columns=list(text))
    file = parquet.ParquetFile(header.path)
    values = np.full((file.metadata.num_rows, len(numbers)), np.nan)
    schema = file.schema_arrow  # made anew each time it is asked for, of all columns
    places = {}
    for k, name in enumerate(numbers):
        kind = schema.field(name).type
        if any(fits(kind) for fits in (arrow.types.is_integer, arrow.types.is_floating, arrow.types.is_boolean)):
            places[name] = k
        else:
            problems.add(f", column {name}", f"a column of type {kind}", rule, "Write it as numbers.")
    numeric = list(places)
    width = max(1, CELLS_AT_ONCE // max(1, len(values)))
    for at in range(0, len(places), width):  # Parquet lies by columns: rows at a time decode it many times over
        block = file.read(numeric[at : at + width], use_threads=False)
        for name, column in zip(block.column_names, block.columns, strict=True):
            values[:, places[name]] = column.cast(arrow.float64()).to_numpy()
    lines = np.arange(1, len(values) + 1)
    for row, k in np.argwhere(np.isinf(values)):
        problems.add(f":{lines[row]}, column {numbers[k]}", f"{values[row, k]}", rule, "Correct the cell.")
    held = frame[list(text)].astype("object").where(frame[list(text)].notna(), "").astype("str")
    return _trimmed(header.path, held, values, list(numbers), lines)


def _spaced_names(layout: TableLayout) -> int:
    """Names of columns that have space around them in the file; 0 where blanks separate them."""
    if layout.blanks:
        return 0
    with open_text(layout.path) as file:
        line = next(itertools.islice(file, layout.header_line - 1, None), "").rstrip("\r\n")
    return sum(name != name.strip() for name in cells(line, layout.delimiter))


def _trimmed(
    path: Path, text: pd.DataFrame, values: NDArray[np.float64], numbers: list[str], lines: NDArray[np.int64]
) -> Cells:
    plain = text.apply(lambda column: column.str.strip()) if len(text.columns) else text
    return Cells(path, plain, values, numbers, lines, int((plain != text).to_numpy().sum()))
