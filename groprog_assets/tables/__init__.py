"""Every column of every stored table: its dtype, unit and meaning; schemas and checks are generated from it.

Belongs here: declarations. Not here: how a column is computed (`methods`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unicodedata import normalize

from groprog_assets.errors import Problem, TableError
from groprog_assets.tables import (
    alignments,
    annotation,
    cohort,
    consent,
    features,
    initiation,
    integration,
    knowledge,
    model,
    omics,
    phenotypes,
    reads,
    sequence,
    signal,
    transcription,
)
from groprog_assets.tables.columns import INTEGER_LIST, TEXT_LIST, Table
from groprog_assets.wording import count_of

_ROWS = 1 << 20

TABLES: dict[str, Table] = {
    table.name: table
    for group in (
        *(reads, alignments, signal, transcription, initiation, annotation, features, cohort, model, sequence),
        *(knowledge, phenotypes, consent, omics, integration),
    )
    for table in group.DECLARED
}

COMPOSED = frozenset(
    table.name for group in (knowledge, phenotypes, consent, omics, integration) for table in group.DECLARED
)
"""Tables of subjects and of what is known of diseases: their text is in Unicode's normal form C, one spelling of each letter, and
what is not known is missing, never empty."""


def conform(frame: Any, name: str) -> Any:
    """`frame` with the columns of `TABLES[name]` in order, cast to their dtypes; its index dropped. Text of the tables in
    `COMPOSED` is in NFC.

    Raises TableError with every problem at once: missing or undeclared columns, missing values where none may be, values
    that do not fit the dtype or are none of the column's own, repeated keys.
    """
    table = TABLES[name]
    problems = []

    def problem(where: str, value: str, rule: str, remedy: str = "Mend the function that makes the table.") -> None:
        problems.append(Problem(f"table {name}, {where}", value, rule, remedy))

    present = list(frame.columns)
    missing = [column for column in table.column_names if column not in present]
    extra = [column for column in present if column not in table.column_names]
    if missing:
        problem("columns", f"missing {', '.join(missing)}", f"Declared are {', '.join(table.column_names)}.")
    if extra and not table.open_ended:
        problem("columns", f"undeclared {', '.join(map(str, extra))}", "Only declared columns may be stored.")
    if problems:
        raise TableError(problems)
    frame = frame[[*table.column_names, *extra]].reset_index(drop=True)
    casts = {}
    for column in table.columns:
        if not column.nullable and frame[column.name].isna().any():
            problem(
                f"column {column.name}",
                count_of(int(frame[column.name].isna().sum()), "missing value"),
                "None may be missing.",
            )
        elif column.dtype == TEXT_LIST:
            casts[column.name] = _lists(frame[column.name], str)
        elif column.dtype == INTEGER_LIST:
            casts[column.name] = _lists(frame[column.name], _whole_or_none)
        elif str(frame[column.name].dtype) != column.dtype:
            try:
                casts[column.name] = _as_dtype(frame[column.name], column.dtype)
            except (ValueError, TypeError, OverflowError) as error:
                problem(f"column {column.name}", str(error), f"The dtype is {column.dtype}.")
    if problems:
        raise TableError(problems)
    given, frame = frame, frame.assign(**casts)
    if name in COMPOSED:
        frame = frame.assign(**_composed(frame, table))
    for column in table.columns:
        if name in COMPOSED and column.nullable and column.dtype == "str" and (frame[column.name] == "").any():
            problem(f"column {column.name}", "empty text", "A value that is not known is missing, never empty text.")
        if column.values:
            strange = sorted(set(frame[column.name].dropna().unique()) - set(column.values))
            if strange:
                problem(f"column {column.name}", ", ".join(strange[:5]), f"It is one of {', '.join(column.values)}.")
    if problems:
        raise TableError(problems)
    if not table.key:
        return frame
    rises = _rises(frame, table.key) or (name not in COMPOSED and _texts_rise(given, table.key))
    if not rises and frame.duplicated(list(table.key)).any():
        first = frame.loc[frame.duplicated(list(table.key)), list(table.key)].iloc[0].to_dict()
        problem("key", f"{first} stands twice", f"A row is {table.row}.")
        raise TableError(problems)
    return frame


def _composed(frame: Any, table: Table) -> dict[str, Any]:
    """{column: its text in NFC} of the columns that hold text that is not."""
    found = {}
    for column in table.columns:
        if column.dtype != "str":
            continue
        made = {
            text: composed
            for text in frame[column.name].dropna().unique()
            if not text.isascii() and (composed := normalize("NFC", text)) != text
        }
        if made:
            found[column.name] = frame[column.name].replace(made)
    return found


def _texts_rise(given: Any, key: tuple[str, ...]) -> bool:
    """As `_rises`, of a table before its categories of text were cast: no two of them become one text."""
    categories = [given[name].cat.categories.dtype for name in key if given[name].dtype == "category"]
    return all(dtype == "str" for dtype in categories) and _rises(given, key)


def _as_dtype(values: Any, dtype: str) -> Any:
    """`values` cast to `dtype`. Categories of text are taken by their codes; pandas makes an object of each row meanwhile."""
    if dtype == "str" and values.dtype == "category" and values.cat.categories.dtype == "str":
        text = values.cat.categories.array.take(values.cat.codes.to_numpy(), allow_fill=True)
        return type(values)(text, index=values.index, name=values.name)
    return values.astype(dtype)


def _lists(values: Any, kind: Callable[[Any], Any]) -> Any:
    """A column whose cells are lists; Parquet gives them as arrays."""
    made = values.astype(object)
    made[:] = [[kind(item) for item in cell] for cell in values]
    return made


def _whole_or_none(item: Any) -> int | None:
    """A whole number, or None for what is missing; Parquet gives that as NaN."""
    return None if item is None or item != item else int(item)


def _rises(frame: Any, key: tuple[str, ...]) -> bool:
    """Whether every row comes after the one before in its key, which then cannot repeat; False also where it is not known.

    Compared a block at a time: tables of tens of millions of rows come sorted, and hashing them takes a hundred times the memory.
    """
    columns = []
    for name in key:
        column = frame[name]
        if column.dtype != "category" and column.dtype.kind not in "iu":
            return False
        values = (column.cat.codes if column.dtype == "category" else column).to_numpy()
        if values.dtype.kind not in "iu":
            return False
        columns.append(values)
    for at in range(0, len(frame) - 1, _ROWS):
        rises, level = False, True
        for values in columns:
            after = values[at + 1 : at + 1 + _ROWS]
            before = values[at : at + len(after)]
            rises |= level & (after > before)
            level &= after == before
        if not rises.all():  # type: ignore[attr-defined]
            return False
    return True
