"""The ledger file: opened by one process at a time, append-only, sealed after each run, verified row by row.

duckdb is pinned to 1.5.6 and every connection is made under an flock on a side file, from before connect until after close:
later versions read the header before they take their own lock and lose committed rows. DuckDB and the standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from groprog_assets.errors import LedgerError, Problem
from groprog_assets.lineage.derivation_rows import DERIVED, derivation_row, derived_rows
from groprog_assets.store.artifacts import canonical_json, digest_bytes, write_atomically
from groprog_assets.store.derivations import Record
from groprog_assets.tables.values import Document, Value
from groprog_assets.wording import count_of

VERSION = "1"
GENESIS = "0" * 64
SHA256 = re.compile("[0-9a-f]{64}")
SILENT_SECONDS = 1.0
"""How long a process waits for the ledger before it says so."""
DAMAGED = "It must be a DuckDB file."
ROWS_AT_ONCE = 400
SEALED = ("runs", "events", "materializations", "checks")
TABLES = ("about", *SEALED, "derivations", *DERIVED, "patients_seen", "data_queries", "seals")

LATER = ("data_queries",)
"""Tables that ledgers of earlier programs lack."""


class Seal(NamedTuple):
    """One link of the chain."""

    sequence: int
    run_id: str
    leaves: int
    merkle_root: str
    previous: str
    seal: str


@contextmanager
def open_ledger(path: Path, make: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The ledger at `path`, for one process at a time; `make` creates it. LedgerError: it is missing, or of a later version."""
    path = Path(path)
    if not make and not path.is_file():
        raise LedgerError(
            Problem(str(path), "no ledger", "A run writes it.", "Run the study, or `groprog lineage rebuild STUDY`.")
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        if make and not path.is_file():
            _create(path)
        connection = _connect(path)
        try:
            found = _version(connection)
            if found != VERSION:
                rule, remedy = (
                    f"This program reads version {VERSION}.",
                    "Use the program that wrote it; it was not touched.",
                )
                raise LedgerError(Problem(str(path), f"version {found}", rule, remedy))
            _add_later_tables(connection)
            yield connection
        except (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException) as error:
            raise LedgerError(_file_problem(path, error)) from error
        finally:
            connection.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The lock of the ledger at `path`; who must wait for it says so, with the process that has it."""
    with open(path.with_suffix(".lock"), "a+") as lock:
        began, told = time.monotonic(), False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told and time.monotonic() - began > SILENT_SECONDS:
                    lock.seek(0)
                    holder = lock.read().strip() or "another process"
                    print(f"waiting for {path}, which {holder} has open", file=sys.stderr, flush=True)
                    told = True
                time.sleep(0.02)
        lock.seek(0)
        lock.truncate()
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def _create(path: Path) -> None:
    """An empty ledger, in place by one rename: a process that dies meanwhile, or a full disk, leaves none."""
    place = path.with_name(f".{path.name}.{os.getpid()}.part")
    shutil.rmtree(place, ignore_errors=True)
    try:
        place.mkdir()
        connection = duckdb.connect(str(place / path.name))
        try:
            connection.execute(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8"))
            connection.execute("INSERT INTO about VALUES ('version', ?)", [VERSION])
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        write_atomically(path, (place / path.name).read_bytes())
    except (duckdb.Error, OSError) as error:
        raise LedgerError(_file_problem(path, error)) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _add_later_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that a ledger made by an earlier program does not have; they are empty."""
    names = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if names >= set(LATER):
        return
    for statement in Path(__file__).with_name("schema.sql").read_text(encoding="utf-8").split(";"):
        if any(f"CREATE TABLE IF NOT EXISTS {name} (" in statement for name in LATER):
            connection.execute(statement)


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        raise LedgerError(_file_problem(path, error)) from error


def _file_problem(path: Path, error: Exception) -> Problem:
    """What DuckDB says of the file, with what to do about it."""
    said = str(error).splitlines()[0]
    rule, remedy = DAMAGED, "Restore it from a backup, or `groprog lineage rebuild STUDY`."
    if "version number" in said:
        rule, remedy = f"This program reads files of DuckDB {duckdb.__version__}.", "Use the program that wrote it."
    elif "set lock" in said:
        rule, remedy = "One program at a time may open it.", "Close the other; query results/lineage.duckdb instead."
    elif "No space left" in said or "Could not write" in said or isinstance(error, OSError):
        rule, remedy = (
            "The file must be writable.",
            "Free space or mend rights and run again; every sealed run is kept.",
        )
    return Problem(str(path), said, rule, remedy)


def _version(connection: duckdb.DuckDBPyConnection) -> str:
    """What the file says of itself; "none" of another program's."""
    tables = {row[0] for row in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    query = "SELECT value FROM about WHERE name = 'version'"
    row = connection.execute(query).fetchone() if "about" in tables else None
    return str(row[0]) if row else "none"


def literal(value: str | list[str]) -> str:
    """`value`, a text or list of texts, as SQL. For questions that must be quick: DuckDB imports pandas for a parameter."""
    kind = json.dumps("VARCHAR" if isinstance(value, str) else ["VARCHAR"])
    text = json.dumps(value, ensure_ascii=False).encode(errors="replace").hex()
    return f"from_json(decode(unhex('{text}')), '{kind}')"


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[Any]], ignore: bool = False
) -> None:
    """Add rows, many at once; `ignore` leaves rows alone whose key is there already."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        chunk = rows[start : start + ROWS_AT_ONCE]
        places = ", ".join(["(" + ", ".join("?" * len(chunk[0])) + ")"] * len(chunk))
        ending = " ON CONFLICT DO NOTHING" if ignore else ""
        connection.execute(f"INSERT INTO {table} VALUES {places}{ending}", [value for row in chunk for value in row])


def add_derivations(connection: duckdb.DuckDBPyConnection, records: Mapping[str, Record]) -> None:
    """Add derivations by digest with what is read out of them; those already there stay."""
    for digest, record in sorted(records.items()):
        if connection.execute("SELECT 1 FROM derivations WHERE derivation = ?", [digest]).fetchone():
            continue
        insert(connection, "derivations", [derivation_row(digest, record)])
        for table, rows in zip(DERIVED, derived_rows(digest, record), strict=True):
            insert(connection, table, rows)


def seal_run(connection: duckdb.DuckDBPyConnection, run_id: str) -> Seal:
    """Chain the rows of a run to the seal before; call it in the transaction that added them."""
    last = connection.execute("SELECT sequence, seal FROM seals ORDER BY sequence DESC LIMIT 1").fetchone()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    found = leaves(connection, run_id)
    root = merkle_root(found)
    made = Seal(sequence, run_id, len(found), root, previous, seal_digest(sequence, run_id, len(found), root, previous))
    insert(connection, "seals", [made])
    return made


def write_head(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Keep the newest seal outside the ledger, since a truncated ledger is whole by itself."""
    last = connection.execute("SELECT sequence, seal FROM seals ORDER BY sequence DESC LIMIT 1").fetchone()
    if last:
        write_atomically(head_path(path), canonical_json({"sequence": last[0], "seal": last[1]}))


def head_path(path: Path) -> Path:
    """Where the newest seal of the ledger at `path` is kept beside it."""
    return path.with_name("head.json")


def read_head(path: Path) -> Document | None:
    """The head kept beside the ledger at `path`, None when there is none; LedgerError when it is no head."""
    try:
        content = head_path(path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(head_problem(path, error.strerror or str(error))) from None
    try:
        found = json.loads(content)
        if isinstance(found["sequence"], int) and SHA256.fullmatch(found["seal"]) and len(found) == 2:
            return found
    except (ValueError, KeyError, TypeError):
        pass
    raise LedgerError(head_problem(path, f"{count_of(len(content), 'byte')} that are no head"))


def head_problem(path: Path, seen: str) -> Problem:
    """What is wrong with the head beside the ledger at `path`, and how it is mended."""
    rule = "It names the newest seal, as number and sha256, so that a ledger that was cut short is found."
    remedy = (
        "Compare with a head kept elsewhere (`groprog lineage verify --head NUMBER:SHA256`), then run the study: it is"
        " written again."
    )
    return Problem(str(head_path(path)), seen, rule, remedy)


def publish(path: Path, target: Path) -> None:
    """A copy anyone may open while the platform runs, in place by one rename."""
    with open_ledger(path) as connection:
        connection.execute("CHECKPOINT")
        connection.close()
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
        shutil.copyfile(path, temporary)
        os.replace(temporary, target)


def sealed_runs(path: Path) -> set[str]:
    """The runs and decisions the ledger at `path` holds; none when there is none, or when it is damaged beyond opening."""
    try:
        if not path.is_file():
            return set()
        with open_ledger(path) as connection:
            return {row[0] for row in connection.execute("SELECT run_id FROM seals").fetchall()}
    except LedgerError as error:
        if error.problems[0].rule != DAMAGED:
            raise
        return set()


_SEALED: dict[str, tuple[tuple[int, int], frozenset[str]]] = {}


def sealed_derivations(path: Path) -> frozenset[str]:
    """The derivations that sealed runs made or used, read again when the ledger at `path` changed; none without a ledger."""

    def stamp() -> tuple[int, int]:
        status = path.stat()
        return status.st_mtime_ns, status.st_size

    if not path.is_file():
        return frozenset()
    known = _SEALED.get(str(path))
    if known is None or known[0] != stamp():
        with open_ledger(path) as connection:
            query = "SELECT DISTINCT derivation FROM materializations JOIN seals USING (run_id)"
            found = frozenset(row[0] for row in connection.execute(query).fetchall())
        known = _SEALED[str(path)] = (stamp(), found)
    return known[1]


def replace(path: Path, fresh: Path) -> None:
    """Put the ledger `fresh` in the place of the one at `path`, by one rename, and its head with it."""
    with _locked(path):
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        write_atomically(path, fresh.read_bytes())
        head = read_head(fresh)
        if head:
            write_atomically(head_path(path), canonical_json(head))


def merkle_root(leaves: Sequence[bytes], hashed: bool = False) -> str:
    """Root over leaf digests; leaves and nodes are hashed under different prefixes, an odd last node is carried up.

    hashed: `leaves` are the digests of the leaves already.
    """
    level = list(leaves) if hashed else [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = [level[place : place + 2] for place in range(0, len(level), 2)]
        level = [hashlib.sha256(b"\1" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex() if level else GENESIS


def leaves(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[bytes]:
    """The rows of a run in the form that is sealed."""
    found = []
    for table in SEALED:
        order = "" if table == "runs" else " ORDER BY storage_id"
        rows = connection.execute(f"SELECT * FROM {table} WHERE run_id = ?{order}", [run_id]).fetchall()
        found += [canonical_json([table, [_cell(value) for value in row]]) for row in rows]
    return found


def _cell(value: Value) -> Value:
    return value.isoformat() if isinstance(value, datetime) else value


def seal_digest(sequence: int, run_id: str, leaves: int, root: str, previous: str) -> str:
    """The digest that a seal must have: over its other fields."""
    return digest_bytes(canonical_json([sequence, run_id, leaves, root, previous]))
