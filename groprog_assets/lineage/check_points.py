"""The last verification of a ledger, and its check-point: digests of every table, signed with the key of the study.

A later verification compares the rows that were there by one sha256 a table, which DuckDB computes, and looks closely only at
what was added. DuckDB and the standard library only.
"""

from __future__ import annotations

import contextlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from groprog_assets.errors import GroProgError
from groprog_assets.store.artifacts import canonical_json, write_atomically
from groprog_assets.store.signatures import signature
from groprog_assets.tables.values import Document

PURPOSE = "ledger check-point"
ROWS_A_PART = 65_536


def check_point_path(ledger_path: Path) -> Path:
    """Where the last verification of the ledger at `ledger_path` is kept."""
    return ledger_path.with_name("verified.json")


def table_rows(connection: duckdb.DuckDBPyConnection, tables: tuple[str, ...]) -> dict[str, int]:
    """{table: rows} of `tables`."""
    counts = {}
    for table in tables:
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        counts[table] = int(found[0]) if found else 0
    return counts


def table_digests(connection: duckdb.DuckDBPyConnection, table: str, rows: int, start: int = 0) -> list[str]:
    """sha256 of each `ROWS_A_PART` of the first `rows` rows of a table, in the order in which they were inserted, from part
    `start` on: every cell, with its length."""
    names = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
    cells = [f"coalesce(strlen({name}::VARCHAR)::VARCHAR || ':' || {name}::VARCHAR, '-')" for name in names]
    parts = connection.execute(
        f"SELECT sha256(string_agg(sha256({' || '.join(cells)}), '' ORDER BY rowid)) FROM {table}"
        f" WHERE rowid >= ? AND rowid < ? GROUP BY rowid // {ROWS_A_PART} ORDER BY rowid // {ROWS_A_PART}",
        [start * ROWS_A_PART, rows],
    ).fetchall()
    return [part for (part,) in parts]


def check_point(
    connection: duckdb.DuckDBPyConnection, tables: tuple[str, ...], known: dict[str, tuple[int, list[str]]]
) -> dict[str, tuple[int, list[str]]]:
    """{table: (rows, digests of their parts)} as they are now; known: what was found unchanged."""
    made = {}
    for table, rows in table_rows(connection, tables).items():
        before, parts = known.get(table, (0, []))
        whole = before // ROWS_A_PART
        made[table] = (rows, parts if rows == before else parts[:whole] + table_digests(connection, table, rows, whole))
    return made


def write_verified(state: Path, ledger_path: Path, document: Document) -> None:
    """Keep what a verification found; nothing where the folder cannot be written."""
    made = {**document, "at": datetime.now(UTC).isoformat(timespec="seconds"), "duckdb": duckdb.__version__}
    with contextlib.suppress(GroProgError, OSError):
        signed = {**made, "signature": signature(state, PURPOSE, canonical_json(made))}
        write_atomically(check_point_path(ledger_path), json.dumps(signed, indent=1).encode())


def read_verified(state: Path, ledger_path: Path) -> Document | None:
    """What the last verification found; None when there was none, it was altered, or signed with another key."""
    path = check_point_path(ledger_path)
    try:
        found = json.loads(path.read_bytes())
        signed = found.pop("signature")
        fits = hmac.compare_digest(signed, signature(state, PURPOSE, canonical_json(found)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, GroProgError):
        return None
    return found if fits else None


def unchanged_since(connection: duckdb.DuckDBPyConnection, point: Document | None, tables: tuple[str, ...]) -> bool:
    """Whether the first rows of every table are those of the check-point `point`."""
    if not point or point["duckdb"] != duckdb.__version__ or set(point["tables"]) != set(tables):
        return False
    now = table_rows(connection, tables)
    held = point["tables"]
    if any(now[table] < rows for table, (rows, _) in held.items()):
        return False
    seal = connection.execute("SELECT seal FROM seals WHERE sequence = ?", [point["sequence"]]).fetchone()
    if point["sequence"] and (seal is None or seal[0] != point["seal"]):
        return False
    return all(table_digests(connection, table, rows) == parts for table, (rows, parts) in held.items())
