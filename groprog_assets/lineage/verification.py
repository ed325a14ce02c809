"""Verifying the ledger file: every row is one that was sealed, every seal follows the one before, every derivation is its name.

The rows are hashed by DuckDB; only where a root differs are they read and hashed as they were when they were sealed. A copy is
verified, so that nobody waits for it. What a check-point covers is compared as a whole, see `check_points`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from groprog_assets.errors import LedgerError, Problem
from groprog_assets.lineage import ledger
from groprog_assets.lineage.check_points import read_verified, unchanged_since
from groprog_assets.lineage.derivation_rows import DERIVED, derivation_row, derived_rows
from groprog_assets.lineage.ledger import GENESIS, SEALED, TABLES, Seal, merkle_root, seal_digest
from groprog_assets.lineage.logged_questions import question_problems
from groprog_assets.lineage.membership import membership_problems
from groprog_assets.store.artifacts import digest_bytes
from groprog_assets.store.derivations import memo_key
from groprog_assets.tables.values import Document
from groprog_assets.wording import count_of

REBUILD = "Restore a copy, or `groprog lineage rebuild` and compare."
AT_ONCE = 2_000
DECIDED = "CASE WHEN json_valid(body) THEN json_extract_string(body, '$.metadata.evidence.derivation') END"
"""The derivation that a decision put in place, in the body of its event."""


@dataclass
class Verification:
    """What was found: problems, the number of seals and the newest, up to which seal the rows were compared with the check-point
    of the verification before (0: every row was read), when that was, whether they differed from it, and the circumstances
    (`memo_key`) of each derivation that was read; and the part of the check-point that was found unchanged."""

    problems: list[Problem] = field(default_factory=list)
    seals: int = 0
    newest: Document = field(default_factory=dict)
    since: int = 0
    since_at: str = ""
    changed: bool = False
    circumstances: dict[str, str] = field(default_factory=dict)
    unchanged: dict[str, tuple[int, list[str]]] = field(default_factory=dict)


def verify(path: Path, head: Document | None = None) -> list[Problem]:
    """Everything wrong with the ledger at `path`, every row read; `head`: a seal {sequence, seal} kept elsewhere."""
    with snapshot(path) as connection:
        return verify_rows(connection, path, head).problems


def has_seal(path: Path, head: Document) -> bool:
    """Whether a seal {sequence, seal} is one of the ledger at `path`."""
    query = "SELECT 1 FROM seals WHERE sequence = ? AND seal = ?"
    with ledger.open_ledger(path) as connection:
        return connection.execute(query, [head["sequence"], head["seal"]]).fetchone() is not None


@contextmanager
def snapshot(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a copy of the ledger, which stays free for others meanwhile; to the ledger itself, where no copy fits."""
    place = path.with_name(f".{path.name}.verified.{os.getpid()}.part")
    try:
        copy = place / path.name
        try:
            ledger.publish(path, copy)
        except (
            OSError,
            LedgerError,
        ):  # a full disk; what else is wrong is said again where the ledger itself is opened
            copy = path
            shutil.rmtree(place, ignore_errors=True)
        with ledger.open_ledger(copy) as connection:
            yield connection
    finally:
        shutil.rmtree(place, ignore_errors=True)


def verify_rows(
    connection: duckdb.DuckDBPyConnection, path: Path, head: Document | None = None, state: Path | None = None
) -> Verification:
    """Everything wrong with the rows of the ledger at `path`, read through `connection`.

    state: the state of the study, whose check-point is used when there is one; without, every row is read.
    """
    found = Verification()
    found.problems += _schema_problems(connection)
    if found.problems:
        return found
    seals = [Seal(*row) for row in connection.execute("SELECT * FROM seals ORDER BY sequence").fetchall()]
    found.seals = len(seals)
    found.newest = {"sequence": seals[-1].sequence, "seal": seals[-1].seal} if seals else {}
    point = read_verified(state, path) if state is not None else None
    point = point if point and point["sound"] and set(point["tables"]) == set(TABLES) else None
    first = dict.fromkeys(TABLES, 0)
    if point and unchanged_since(connection, point, TABLES):
        first = {table: rows for table, (rows, _) in point["tables"].items()}
        found.since, found.since_at, found.unchanged = point["sequence"], point["at"], point["tables"]
    found.changed = bool(point) and not found.since
    found.problems += _chain_problems(seals)
    runs = _run_problems(connection, seals, first, found.since)
    found.problems += runs
    found.problems += _derivation_problems(connection, first, found.circumstances)
    if not runs:  # else what the events say is not what was sealed
        found.problems += membership_problems(connection, first["patients_seen"])
        found.problems += question_problems(connection)
    found.problems += _head_problems(path, seals, head)
    return found


def _problem(where: str, value: str, rule: str, remedy: str = REBUILD) -> Problem:
    return Problem(where, value, rule, remedy)


def _schema_problems(connection: duckdb.DuckDBPyConnection) -> list[Problem]:
    """Tables, columns and types as this program makes them, nothing beside them, and `about` as it writes it."""
    query = (
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
        " WHERE table_catalog = current_database() ORDER BY table_name, ordinal_position"
    )
    with duckdb.connect() as fresh:
        fresh.execute(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8"))
        right, there = fresh.execute(query).fetchall(), connection.execute(query).fetchall()
    problems = [
        _problem(
            f"table {name}",
            "not of the ledger" if seen else "missing or altered columns",
            "The ledger's tables are fixed.",
        )
        for name in sorted({row[0] for row in set(right) ^ set(there)})
        for seen in [name not in TABLES]
    ]
    if not problems and connection.execute("SELECT * FROM about").fetchall() != [("version", ledger.VERSION)]:
        shown = dict(connection.execute("SELECT * FROM about").fetchall())
        problems.append(_problem("table about", str(shown), f"It holds version {ledger.VERSION} and nothing else."))
    return problems


def _chain_problems(seals: Sequence[Seal]) -> list[Problem]:
    problems, previous = [], GENESIS
    for place, found in enumerate(seals, start=1):
        name = f"seal {found.sequence}"
        if found.sequence != place:
            problems.append(_problem(name, f"stands at place {place}", "Seals are numbered without gaps."))
        if found.previous != previous:
            problems.append(_problem(name, f"follows {found.previous[:12]}", f"The seal before is {previous[:12]}."))
        if found.seal != seal_digest(*found[:5]):
            problems.append(
                _problem(name, "its digest does not fit its content", "A seal is the sha256 of its fields.")
            )
        previous = found.seal
    return problems


def _run_problems(
    connection: duckdb.DuckDBPyConnection, seals: Sequence[Seal], first: dict[str, int], since: int
) -> list[Problem]:
    """Rows from the row `first` of each table on, by run: those that were sealed, and no others."""
    problems = []
    hashed: dict[str, list[bytes]] = {}
    for table in SEALED:
        for run_id, digests in _leaf_digests(connection, table, first[table]):
            hashed.setdefault(run_id, []).extend(map(bytes.fromhex, digests))
    for found in seals:
        there = hashed.pop(found.run_id, [])
        if found.sequence <= since and not there:
            continue
        if there and len(there) == found.leaves and merkle_root(there, hashed=True) == found.merkle_root:
            continue
        rows = ledger.leaves(connection, found.run_id)
        root = merkle_root(rows)
        if not rows or len(rows) != found.leaves or root != found.merkle_root:
            rule = f"Sealed with the run: {count_of(found.leaves, 'row')} with root {found.merkle_root[:12]}."
            problems.append(
                _problem(f"run {found.run_id}", f"{count_of(len(rows), 'row')} with root {root[:12]}", rule)
            )
    for table in SEALED:
        query = f"SELECT DISTINCT run_id FROM {table} WHERE run_id NOT IN (SELECT run_id FROM seals) ORDER BY 1"
        for (run_id,) in connection.execute(query).fetchall():
            problems.append(_problem(f"table {table}", f"rows of run {run_id}", "Every run is sealed."))
    query = "SELECT DISTINCT run_id FROM events WHERE rowid >= ? AND NOT json_valid(body) ORDER BY 1"
    for (run_id,) in connection.execute(query, [first["events"]]).fetchall():
        problems.append(_problem("table events", f"an event of run {run_id} is no JSON", "An event is a JSON object."))
    query = "SELECT run_id FROM seals WHERE run_id NOT IN (SELECT run_id FROM runs) ORDER BY 1"
    for (run_id,) in connection.execute(query).fetchall():
        problems.append(_problem("table seals", f"run {run_id} is not in table runs", "A seal seals a run."))
    return problems


def _leaf_digests(connection: duckdb.DuckDBPyConnection, table: str, first: int) -> Iterator[tuple[str, list[str]]]:
    """(run, sha256 of its rows of a table in order), as `ledger.leaves` and `merkle_root` have them.

    Rare characters are written otherwise by DuckDB than by Python; such a run's root differs and is computed from the rows.
    """
    cells = []
    for name, kind in [row[:2] for row in connection.execute(f"DESCRIBE {table}").fetchall()]:
        text = f"{name}::VARCHAR"
        if kind == "VARCHAR":
            text = f"to_json({name})::VARCHAR"
        elif kind == "TIMESTAMP":
            whole, parts = (f"strftime({name}, '%Y-%m-%dT%H:%M:%S{ending}')" for ending in ("", ".%f"))
            text = f"""'"' || CASE WHEN microsecond({name}) % 1000000 = 0 THEN {whole} ELSE {parts} END || '"'"""
        cells.append(f"coalesce({text}, 'null')")
    row = f"""chr(0) || '["{table}",[' || {" || ',' || ".join(cells)} || ']]'"""
    order = "run_id" if table == "runs" else "storage_id"
    cursor = connection.execute(
        f"SELECT run_id, list(sha256({row}) ORDER BY {order}) FROM {table} WHERE rowid >= ? GROUP BY run_id", [first]
    )
    while rows := cursor.fetchmany(AT_ONCE):
        yield from rows


def _derivation_problems(
    connection: duckdb.DuckDBPyConnection, first: dict[str, int], circumstances: dict[str, str]
) -> list[Problem]:
    """Derivations from the row `first` on: named by their digest, every column read out of them, none missing, none beside.

    Adds the circumstances of each to `circumstances`.
    """
    problems = []
    expected = [_groups(connection, table, first[table]) for table in DERIVED]
    cursor = connection.cursor()
    cursor.execute("SELECT * FROM derivations WHERE rowid >= ? ORDER BY derivation", [first["derivations"]])
    while chunk := cursor.fetchmany(AT_ONCE):
        for row in chunk:
            digest, body = row[0], row[-1]
            there = [groups.take(digest) for groups in expected]
            name = f"derivation {digest[:12]}"
            if digest_bytes(body.encode()) != digest:
                problems.append(_problem(name, "its text was altered", "Its name is its sha256."))
                continue
            try:
                record = json.loads(body)
                right, expected_rows = derivation_row(digest, record, body), derived_rows(digest, record)
                circumstances[digest] = memo_key(record)
            except (ValueError, LookupError, TypeError, AttributeError):
                problems.append(_problem(name, "its text is no record", "It says how a value came to be."))
                continue
            if row != right:
                problems.append(_problem(name, "its columns differ from its text", "They are read out of it."))
            for table, rows, found in zip(DERIVED, expected_rows, there, strict=True):
                if found != rows:
                    seen = f"its rows in {table} differ from its text"
                    problems.append(_problem(name, seen, "They are read out of it."))
    for table, groups in zip(DERIVED, expected, strict=True):
        for digest in groups.rest():
            seen = f"rows of derivation {digest[:12]}, which has none"
            problems.append(_problem(f"table {table}", seen, "Every row is read out of a derivation."))
    named = "SELECT derivation FROM materializations UNION SELECT upstream FROM derivation_inputs"
    for (digest,) in connection.execute(f"{named} EXCEPT SELECT derivation FROM derivations ORDER BY 1").fetchall():
        if digest:
            rule = "Every value named in the ledger has its derivation."
            problems.append(_problem(f"derivation {digest[:12]}", "missing", rule))
    query = (
        f"SELECT derivation FROM derivations EXCEPT ({named} UNION"
        f" SELECT {DECIDED} FROM events WHERE kind = 'DECISION') ORDER BY 1"
    )
    for (digest,) in connection.execute(query).fetchall():
        rule = "A derivation is that of a value of a sealed run, or of what such a value rests on."
        problems.append(_problem(f"derivation {digest[:12]}", "nothing sealed names it", rule))
    query = (
        "SELECT DISTINCT m.run_id, m.derivation FROM materializations m JOIN derivations d USING (derivation)"
        " WHERE m.asset <> d.asset OR m.partition <> d.partition OR m.sha256 <> d.sha256 ORDER BY ALL"
    )
    for run_id, digest in connection.execute(query).fetchall():
        rule = "A run's value is that of the derivation it names."
        problems.append(_problem(f"derivation {digest[:12]}", f"of another value than in run {run_id}", rule))
    return problems


class _groups:
    """The rows of a table by their first column, which is asked for in rising order."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str, first: int):
        order = "name" if table == "derivation_parameters" else "position"
        self._cursor = connection.cursor()
        self._cursor.execute(f"SELECT * FROM {table} WHERE rowid >= ? ORDER BY derivation, {order}", [first])
        self._groups = groupby(self._rows(), key=itemgetter(0))
        self._passed: list[str] = []
        self._held: tuple[str, list[tuple[Any, ...]]] | None = None

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        while chunk := self._cursor.fetchmany(AT_ONCE):
            yield from chunk

    def _next(self) -> tuple[str, list[tuple[Any, ...]]] | None:
        if self._held is None:
            found = next(self._groups, None)
            self._held = (found[0], list(found[1])) if found else None
        return self._held

    def take(self, name: str) -> list[tuple[Any, ...]]:
        """The rows of `name`; those of names before it that nobody asked for are kept for `rest`."""
        while (held := self._next()) and held[0] < name:
            self._passed.append(held[0])
            self._held = None
        if held and held[0] == name:
            self._held = None
            return held[1]
        return []

    def rest(self) -> list[str]:
        """The names that nobody asked for."""
        while held := self._next():
            self._passed.append(held[0])
            self._held = None
        return self._passed


def _head_problems(path: Path, seals: Sequence[Seal], head: Document | None) -> list[Problem]:
    """The head kept elsewhere, and the one beside the ledger, are seals of the chain."""
    there = {
        found.sequence: found.seal for found in seals
    }  # one seal beyond it: a projector died before it wrote the head
    problems = []
    if head is not None and there.get(head["sequence"]) != head["seal"]:
        rule = f"Seal {head['sequence']} must be {head['seal'][:12]}."
        problems.append(
            _problem("head", count_of(len(seals), "seal"), rule, "The ledger was cut or rewritten: restore a copy.")
        )
    name = str(ledger.head_path(path))
    try:
        beside = ledger.read_head(path)
    except LedgerError as error:
        return [*problems, *error.problems]
    if beside is None and len(seals) > 1:
        problems.append(ledger.head_problem(path, "missing"))
    if beside is not None and there.get(beside["sequence"]) != beside["seal"]:
        rule = f"Seal {beside['sequence']} must be {beside['seal'][:12]}."
        problems.append(_problem(name, count_of(len(seals), "seal"), rule))
    elif beside is not None and beside["sequence"] < len(seals) - 1:
        problems.append(ledger.head_problem(path, f"names seal {beside['sequence']} of {len(seals)}"))
    return problems
