"""A search for words in every byte of a study, in what its files hold, and in a bucket: independent of the program's own search.

Parquet, npz, gzip, zip, SQLite and DuckDB files are searched as bytes and as what they decode to.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd


def found_in(places: Iterable[Path], words: Iterable[str], bucket: Any = None) -> dict[str, set[str]]:
    """{file or object: the words that its name, its bytes or its decoded content hold}."""
    found: dict[str, set[str]] = {}
    for name, content in _everything(places, bucket):
        here = {word for word in words if word in name or any(word.encode() in form for form in forms(content))}
        if here:
            found[name] = here
    return found


def _everything(places: Iterable[Path], bucket: Any) -> Iterator[tuple[str, bytes]]:
    for place in places:
        for path in sorted(place.rglob("*")):
            if path.is_file():
                yield str(path), path.read_bytes()
    if bucket is not None:
        for name in bucket.fs.find(bucket.path):
            yield name, bucket.fs.cat_file(name)


def forms(content: bytes) -> Iterator[bytes]:
    """The bytes themselves, and what they decode to."""
    yield content
    with contextlib.suppress(Exception):
        if content[:2] == b"\x1f\x8b":
            yield from forms(gzip.decompress(content))
        elif content[:2] == b"PK":
            yield from _members(content)
        elif content[:4] == b"PAR1":
            frame = pd.read_parquet(io.BytesIO(content))
            yield "\n".join("\n".join(frame[name].astype(str)) for name in frame).encode()
        elif content[:15] == b"SQLite format 3":
            yield _rows(sqlite3.connect(":memory:"), content)
        elif content[8:12] == b"DUCK":
            yield _duckdb_rows(content)


def _members(content: bytes) -> Iterator[bytes]:
    import numpy as np

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            member = archive.read(name)
            if name.endswith(".npy"):
                array = np.lib.format.read_array(io.BytesIO(member), allow_pickle=False)
                if array.dtype.kind in "US":
                    member = "\n".join(array.astype(str).ravel()).encode()
            yield from forms(member)


def _rows(connection: sqlite3.Connection, content: bytes) -> bytes:
    with contextlib.closing(connection):
        connection.deserialize(content)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]
    return "\n".join(str(cell) for row in rows for cell in row).encode()


def _duckdb_rows(content: bytes) -> bytes:
    import tempfile

    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.duckdb"
        path.write_bytes(content)
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            rows = [row for table in tables for row in connection.execute(f'SELECT * FROM "{table}"').fetchall()]
    return "\n".join(str(cell) for row in rows for cell in row).encode()
