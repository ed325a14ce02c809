"""The ledger file: opened by one process at a time, append-only, sealed after each run, verified row by row.

duckdb is pinned to 1.5.6 and every connection is made under an flock on a side file, from before connect until after close:
later versions read the header before they take their own lock and lose committed rows. DuckDB and the standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from groprog_assets.errors import LedgerError, Problem
from groprog_assets.store.artifacts import canonical_json, digest_bytes, write_atomically
from groprog_assets.store.derivations import Record
from groprog_assets.tables.values import Document, Value

VERSION = "1"
GENESIS = "0" * 64
DAMAGED = "It must be a DuckDB file."
ROWS_AT_ONCE = 400
SEALED = ("runs", "events", "materializations", "checks")
DERIVED = ("derivation_inputs", "derivation_files", "derivation_parameters")
TABLES = ("about", *SEALED, "derivations", *DERIVED, "patients_seen", "seals")


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
    """The ledger at `path` for one process; `make` creates it. LedgerError when it is missing or from a newer version."""
    path = Path(path)
    if not make and not path.is_file():
        raise LedgerError(
            Problem(str(path), "no ledger", "A run writes it.", "Run the study, or `groprog lineage rebuild STUDY`.")
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
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
            yield connection
        except (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException) as error:
            raise LedgerError(_file_problem(path, error)) from error
        finally:
            connection.close()


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
        insert(connection, "derivations", [_derivation_row(digest, record)])
        for table, rows in zip(DERIVED, _derived_rows(digest, record), strict=True):
            insert(connection, table, rows)


def seal_run(connection: duckdb.DuckDBPyConnection, run_id: str) -> Seal:
    """Chain the rows of a run to the seal before; call it in the transaction that added them."""
    last = connection.execute("SELECT sequence, seal FROM seals ORDER BY sequence DESC LIMIT 1").fetchone()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    leaves = _leaves(connection, run_id)
    root = merkle_root(leaves)
    made = Seal(
        sequence, run_id, len(leaves), root, previous, _seal_digest(sequence, run_id, len(leaves), root, previous)
    )
    insert(connection, "seals", [made])
    return made


def write_head(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Keep the newest seal outside the ledger, since a truncated ledger is whole by itself."""
    last = connection.execute("SELECT sequence, seal FROM seals ORDER BY sequence DESC LIMIT 1").fetchone()
    if last:
        write_atomically(path.with_name("head.json"), canonical_json({"sequence": last[0], "seal": last[1]}))


def read_head(path: Path) -> Document | None:
    """The head kept beside the ledger at `path`, or None."""
    try:
        return json.loads(path.with_name("head.json").read_bytes())
    except (OSError, ValueError):
        return None


def verify(path: Path, head: Document | None = None) -> list[Problem]:
    """Everything wrong with a ledger: edited, deleted, added or reordered rows, a broken or shortened chain."""
    problems = []

    def problem(where: str, value: str, rule: str) -> None:
        problems.append(Problem(where, value, rule, "Restore a copy, or `groprog lineage rebuild STUDY` and compare."))

    with open_ledger(path) as connection:
        seals = [Seal(*row) for row in connection.execute("SELECT * FROM seals ORDER BY sequence").fetchall()]
        previous = GENESIS
        for place, found in enumerate(seals, start=1):
            name = f"seal {found.sequence}"
            if found.sequence != place:
                problem(name, f"stands at place {place}", "Seals are numbered without gaps.")
            if found.previous != previous:
                problem(name, f"follows {found.previous[:12]}", f"The seal before is {previous[:12]}.")
            if found.seal != _seal_digest(*found[:5]):
                problem(name, "its digest does not fit its content", "A seal is the sha256 of its fields.")
            leaves = _leaves(connection, found.run_id)
            if len(leaves) != found.leaves or merkle_root(leaves) != found.merkle_root:
                problem(
                    f"run {found.run_id}",
                    f"{len(leaves)} rows with root {merkle_root(leaves)[:12]}",
                    f"Sealed were {found.leaves} rows with root {found.merkle_root[:12]}.",
                )
            previous = found.seal
        for table in SEALED:
            query = f"SELECT DISTINCT run_id FROM {table} WHERE run_id NOT IN (SELECT run_id FROM seals) ORDER BY 1"
            for (run_id,) in connection.execute(query).fetchall():
                problem(f"table {table}", f"rows of run {run_id}", "Every run is sealed.")
        problems += _derivation_problems(connection)
    anchored = head if head is not None else read_head(path)
    if anchored is not None:
        there = {
            found.sequence: found.seal for found in seals
        }  # seals beyond it: a projector died before it wrote the head
        if there.get(anchored["sequence"]) != anchored["seal"]:
            problem("head", f"{len(seals)} seals", f"Seal {anchored['sequence']} must be {anchored['seal'][:12]}.")
    return problems


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


def replace(path: Path, fresh: Path) -> None:
    """Put the ledger `fresh` in the place of the one at `path`, by one rename, and its head with it."""
    with open(path.with_suffix(".lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        write_atomically(path, fresh.read_bytes())
        head = read_head(fresh)
        if head:
            write_atomically(path.with_name("head.json"), canonical_json(head))


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Root over leaf digests; leaves and nodes are hashed under different prefixes, an odd last node is carried up."""
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = [level[place : place + 2] for place in range(0, len(level), 2)]
        level = [hashlib.sha256(b"\1" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex() if level else GENESIS


def _leaves(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[bytes]:
    leaves = []
    for table in SEALED:
        order = "" if table == "runs" else " ORDER BY storage_id"
        rows = connection.execute(f"SELECT * FROM {table} WHERE run_id = ?{order}", [run_id]).fetchall()
        leaves += [canonical_json([table, [_cell(value) for value in row]]) for row in rows]
    return leaves


def _cell(value: Value) -> Value:
    return value.isoformat() if isinstance(value, datetime) else value


def _seal_digest(sequence: int, run_id: str, leaves: int, root: str, previous: str) -> str:
    return digest_bytes(canonical_json([sequence, run_id, leaves, root, previous]))


def _derivation_row(digest: str, record: Record) -> tuple[Any, ...]:
    return (
        digest,
        record["asset"],
        record["partition"],
        record["output"]["sha256"],
        record["code_version"],
        record["environment"],
        record["kernels"],
        record["seed"],
        canonical_json(record).decode(),
    )


def _derived_rows(digest: str, record: Record) -> tuple[list[tuple[Any, ...]], ...]:
    inputs = [
        (digest, place, item["name"], item["asset"], item["partition"], item["sha256"], item["derivation"])
        for place, item in enumerate(record["inputs"])
    ]
    files = [
        (digest, place, item["role"], item["library"], item["path"], item["bytes"], item["sha256"])
        for place, item in enumerate(record["files"])
    ]
    parameters = []
    for group, values in record["parameters"].items():
        for name, value in values.items():
            full = f"{group.partition('.')[2]}.{name}"
            shown = canonical_json(value).decode()
            published = record["overrides"].get(full, {}).get("default", value)
            parameters.append((digest, full, shown, canonical_json(published).decode()))
    return inputs, files, sorted(parameters)


def _derivation_problems(connection: duckdb.DuckDBPyConnection) -> list[Problem]:
    problems = []

    def problem(digest: str, value: str, rule: str) -> None:
        problems.append(
            Problem(f"derivation {digest[:12]}", value, rule, "`groprog lineage rebuild STUDY` and compare.")
        )

    known = set()
    for row in connection.execute("SELECT * FROM derivations ORDER BY derivation").fetchall():
        digest, body = row[0], row[-1]
        known.add(digest)
        if digest_bytes(body.encode()) != digest:
            problem(digest, "its text was altered", "Its name is its sha256.")
            continue
        record = json.loads(body)
        expected = [_derivation_row(digest, record), *_derived_rows(digest, record)]
        if tuple(row) != expected[0]:
            problem(digest, "its columns differ from its text", "They are read out of it.")
        for table, rows in zip(DERIVED, expected[1:], strict=True):
            order = "name" if table == "derivation_parameters" else "position"
            query = f"SELECT * FROM {table} WHERE derivation = ? ORDER BY {order}"
            if connection.execute(query, [digest]).fetchall() != list(rows):
                problem(digest, f"its rows in {table} differ from its text", "They are read out of it.")
    query = "SELECT DISTINCT derivation FROM materializations UNION SELECT DISTINCT upstream FROM derivation_inputs"
    for (digest,) in connection.execute(query).fetchall():
        if digest and digest not in known:
            problem(digest, "missing", "Every value named in the ledger has its derivation.")
    return problems
