"""Tables as Parquet bytes, and back: at once, or a piece at a time where a table is long. Nothing is pickled; no Dagster.

A file holds groups of rows. A long table is read group by group straight into its columns, so that reading takes little more
memory than the table; who needs each row once can read the pieces and never hold the table.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.columns import CHROM_CATEGORY, INTEGER_LIST, STRAND_CATEGORY, TEXT_LIST
from groprog_assets.tables.values import Value

if TYPE_CHECKING:
    import pandas as pd


PARQUET = b"PAR1"
"""The first bytes of a Parquet file."""
GROUP = 1 << 17
"""Rows of a group in a table of reads: a chromosome's strand takes a few of them."""
PIECE = 1 << 19
"""Rows that are read at a time from a long table, unless one of its groups has more."""


def parquet_texts(path: Path) -> Iterator[str]:
    """Each text that a Parquet file of anybody's holds: names of columns, its notes, and what stands in columns of text or whole
    numbers, also in lists. Columns of other numbers are not read. Raises OSError or ValueError for a file that is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = pa.types
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        yield from schema.names
        yield from (note.decode("utf-8", "replace") for note in (schema.metadata or {}).values())
        read = [field.name for field in schema if not _holds_no_text(field.type)]
        if not read:
            return
        for batch in file.iter_batches(columns=read, use_threads=False):
            for column in batch.columns:
                while (
                    kinds.is_list(column.type)
                    or kinds.is_large_list(column.type)
                    or kinds.is_fixed_size_list(column.type)
                ):
                    column = column.flatten()
                if kinds.is_dictionary(column.type):
                    column = column.dictionary
                plain = (
                    kinds.is_string(column.type) or kinds.is_large_string(column.type) or kinds.is_integer(column.type)
                )
                for cell in (column.unique() if plain else column).to_pylist():
                    yield cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def _holds_no_text(kind: Any) -> bool:
    import pyarrow as pa

    kinds = pa.types
    while kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
        kind = kind.value_type
    return any(
        fits(kind) for fits in (kinds.is_floating, kinds.is_boolean, kinds.is_temporal, kinds.is_decimal, kinds.is_null)
    )


def encode_table(frame: pd.DataFrame, table: str) -> bytes:
    """Parquet bytes (no index) of `frame`, conformed to `TABLES[table]` when a table is named; zstd, but a table of reads as the
    differences of its places, which take a third of the bytes that zstd makes of them and half the time to read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if table:
        frame = conform(frame, table)
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    kinds = {TEXT_LIST: pa.string(), INTEGER_LIST: pa.int8()}
    for column in TABLES[table].columns if table else ():
        if column.dtype in kinds:  # a column of empty lists has no type of its own
            lists = pa.array(frame[column.name].tolist(), pa.list_(kinds[column.dtype]))
            arrow = arrow.set_column(arrow.schema.get_field_index(column.name), column.name, lists)
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), b"groprog_table": table.encode()})
    if _holds_reads(table):  # no value is missing, so that none is looked for where it is read
        arrow = arrow.cast(pa.schema([field.with_nullable(False) for field in arrow.schema], arrow.schema.metadata))
    sink = io.BytesIO()
    pq.write_table(arrow, sink, **_layout(table))
    return sink.getvalue()


def _holds_reads(table: str) -> bool:
    """Whether a table has a place and a count in each row; such a table is long and has no missing values."""
    return bool(table) and TABLES[table].columns[:2] == (CHROM_CATEGORY, STRAND_CATEGORY)


def _layout(table: str) -> dict[str, Any]:
    """How Parquet writes the columns of a table."""
    if not _holds_reads(table):
        return {"compression": "zstd"}
    place = TABLES[table].key[-1]
    return {
        "compression": "none",
        "use_dictionary": [name for name in TABLES[table].column_names if name != place],
        "column_encoding": {place: "DELTA_BINARY_PACKED"},
        "row_group_size": GROUP,
        "write_statistics": False,
    }


def decode_table(source: bytes | Path, table: str) -> Value:
    """The table of Parquet bytes or of a file of them, conformed to `TABLES[table]` when a table is named."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
        if file.num_row_groups < 2:
            frame = file.read().to_pandas()
        else:
            frame = _in_groups(file)
            pa.default_memory_pool().release_unused()
    return conform(frame, table) if table else frame


def table_pieces(source: bytes | Path, table: str) -> Iterator[pd.DataFrame]:
    """The same table in consecutive pieces of its rows, of whole groups, each conformed; one piece without rows for an empty
    table."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
        for groups in _joined_groups(file):
            yield _conformed(file.read_row_groups(groups), table)  # no name here keeps a piece while the next is read
        if not file.num_row_groups:
            yield _conformed(file.read(), table)


def _joined_groups(file: Any) -> Iterator[list[int]]:
    """The numbers of consecutive groups that are read at a time."""
    joined: list[int] = []
    rows = 0
    for group in range(file.num_row_groups):
        own = file.metadata.row_group(group).num_rows
        if joined and rows + own > PIECE:
            yield joined
            joined, rows = [], 0
        joined.append(group)
        rows += own
    if joined:
        yield joined


def _conformed(arrow: Any, table: str) -> Any:
    frame = arrow.to_pandas()
    return conform(frame, table) if table else frame


def _in_groups(file: Any) -> pd.DataFrame:
    import pandas as pd

    schema = file.schema_arrow  # made anew, of all columns, each time it is asked for
    columns = {name: _column(file, name, schema.field(name).type) for name in schema.names}
    return pd.DataFrame(columns, copy=False)


def _column(file: Any, name: str, kind: Any) -> Any:
    """One column: numbers and categories piece by piece into one array; what is neither, or has missing values, at once."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    coded = pa.types.is_dictionary(kind)
    if not (coded or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return file.read(columns=[name]).to_pandas()[name]
    values: Any = None
    names: Any = None
    at = 0
    for groups in _joined_groups(file):
        chunk = file.read_row_groups(groups, columns=[name]).column(0).combine_chunks()
        if chunk.null_count:
            return file.read(columns=[name]).to_pandas()[name]
        if coded:
            part = chunk.to_pandas()
            if values is None:
                names = part.dtype
            elif part.dtype != names:
                return file.read(columns=[name]).to_pandas()[name]
            held = part.cat.codes.to_numpy()
        else:
            held = chunk.to_numpy()
        values = np.empty(file.metadata.num_rows, held.dtype) if values is None else values
        values[at : at + len(held)] = held
        at += len(held)
    return pd.Categorical.from_codes(values, dtype=names) if coded else values
