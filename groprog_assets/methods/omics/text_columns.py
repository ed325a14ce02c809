"""Tables of reference data and records with every column as text: the one reader of text tables, or Parquet by its suffix."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from unicodedata import is_normalized, normalize

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem, TextTableError
from groprog_assets.methods.cohort.clinical_tables import Table, read_table
from groprog_assets.study.text_tables import open_text


def text_columns(path: Path, needed: tuple[str, ...]) -> Table:
    """Every column as text in NFC, an empty cell as "", with the line of each row (of Parquet its number).

    Lines before the header that begin with '#' are no rows; '#' inside a row is text. Raises TextTableError for a file that
    cannot be read, rows that do not fit the header, a column named twice, and columns of `needed` that are not there.
    """
    status = path.stat() if path.exists() else None
    table = _read(path, status.st_size if status else -1, status.st_mtime_ns if status else -1)
    missing = [name for name in needed if name not in table.cells.columns]
    if missing:
        rule = f"The header names {', '.join(needed)}."
        raise TextTableError(Problem(str(path), f"no column {', '.join(missing)}", rule, "Is it the right file?"))
    return table


@lru_cache(maxsize=8)
def _read(path: Path, size: int, changed: int) -> Table:
    """A file is read once per process, for the check before a run and for the run. Size and time identify its version."""
    if path.suffix == ".parquet":
        try:
            frame = pd.read_parquet(path).fillna("").astype("str")
        except (OSError, ValueError) as error:
            rule = "A file named .parquet is a Parquet table."
            raise TextTableError(Problem(str(path), str(error), rule, "Write it again, or as text.")) from None
        return Table(path, _composed(frame), np.arange(1, len(frame) + 1))
    table = read_table(path)
    return table._replace(cells=_composed(table.cells))


def _composed(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells with their text in NFC, as the stored tables have it, so that one name in two files is one."""
    made = {
        name: {text: normalize("NFC", text) for text in cells[name].unique() if not is_normalized("NFC", text)}
        for name in cells.columns
    }
    return cells.assign(**{name: cells[name].replace(found) for name, found in made.items() if found})


def comment_lines(path: Path) -> list[str]:
    """The lines before the header that begin with '#', without it; none of a Parquet table."""
    if path.suffix == ".parquet":
        return []
    found = []
    with open_text(path) as file:
        for line in file:
            if not line.startswith("#"):
                break
            found.append(line[1:].rstrip("\r\n"))
    return found
