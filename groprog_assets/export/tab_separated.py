"""Tables as tab-separated text, for people and other programs. A table in, bytes out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

ROWS = 4096
"""Rows whose cells are held as text at a time."""
_QUOTED = re.compile(r'[\t\n\r"]')


def tab_separated(table: pd.DataFrame, floats: str = "%.10g", missing: str = "NA", header: bool = True) -> bytes:
    """The table in UTF-8, as `to_csv` of pandas writes it with sep="\\t" and index=False, but sooner.

    floats: its float_format, of columns of floating-point numbers; missing: its na_rep, for NaN, None and NA. A cell that holds a
    tab, a quote or a line end is quoted, also where pandas leaves a carriage return bare. Dates are not taken.
    """
    missing = _quoted(missing)
    lines = list(_rows([[_quoted(str(name))] for name in table.columns])) if header else []
    for start in range(0, len(table), ROWS):
        part = table.iloc[start : start + ROWS]
        lines.extend(_rows([_cells(part.iloc[:, place], floats, missing) for place in range(part.shape[1])]))
    lines.append("")
    return "\n".join(lines).encode()


def _rows(columns: list[list[str]]) -> Iterator[str]:
    if len(columns) == 1:  # an empty line would be no row
        return (cell or '""' for cell in columns[0])
    return map("\t".join, zip(*columns, strict=True))


def _cells(column: pd.Series, floats: str, missing: str) -> list[str]:
    """The cells of a column as text."""
    if column.dtype.name in ("Float32", "Float64"):
        column = column.astype(np.dtype(column.dtype.name.lower()))
    kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else "O"
    lost = np.flatnonzero(column.isna().to_numpy())
    if kind == "f":
        found = [floats % value for value in column.tolist()]
    elif kind in "iub":
        found = list(map(str, column.tolist()))
    else:
        found = list(map(str, column.astype(object).tolist()))
        if _QUOTED.search("".join(found)):
            found = list(map(_quoted, found))
    for place in lost.tolist():
        found[place] = missing
    return found


def _quoted(cell: str) -> str:
    """A cell as `csv` writes it: in quotes where a reader would take part of it for an end of the cell."""
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
