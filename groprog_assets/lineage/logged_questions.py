"""The logs of questions in the ledger: each line a row of `data_queries`, held by its chain and by the heads that were sealed.

A line is added once, before what it tells of is answered; a log that was altered adds none. DuckDB and the standard library only.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from groprog_assets.errors import ArtifactError, LedgerError, Problem
from groprog_assets.lineage import ledger
from groprog_assets.store.artifacts import canonical_json, write_atomically
from groprog_assets.store.query_log import (
    EXPORTS,
    FEDERATION,
    FIELDS,
    FOLDER,
    GENESIS,
    QUESTIONS,
    LogUnwritable,
    QueryLog,
    follows,
    read_log,
)
from groprog_assets.tables.values import Document
from groprog_assets.wording import count_of

SEALED_HEADS = "questions sealed"
"""The decision by which the heads of the logs enter the ledger."""
LOGS = (QUESTIONS, FEDERATION, EXPORTS)
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def add_questions(connection: duckdb.DuckDBPyConnection, state: Path) -> int:
    """Add the lines of the logs of a study that the ledger does not hold; how many.

    A log with fewer lines than the ledger holds of it, or whose chain is broken, adds none: `question_problems` names it.
    """
    added = 0
    for name in LOGS:
        path = state / FOLDER / name
        lines = path.read_bytes().count(b"\n") if path.is_file() else 0
        held = _count(connection, name)
        if lines <= held:
            continue
        try:
            rows = read_log(path)[held:]
        except ArtifactError:
            continue
        ledger.insert(connection, "data_queries", [_cells(name, row) for row in rows])
        added += len(rows)
    return added


def question_problems(connection: duckdb.DuckDBPyConnection) -> list[Problem]:
    """What is wrong with the rows of `data_queries`: a chain that is broken, a head that was sealed and is not there."""
    problems = []
    remedy = "Restore a copy, or `groprog lineage rebuild STUDY`."
    sealed = _sealed_heads(connection)
    names = [row[0] for row in connection.execute("SELECT DISTINCT log FROM data_queries ORDER BY 1").fetchall()]
    for name in sorted(set(names) - set(LOGS)):
        rule = f"The logs are {', '.join(LOGS)}."
        problems.append(Problem(f"table data_queries, {name}", "a log that there is not", rule, remedy))
    for name in LOGS:
        rows = _rows(connection, name)
        where, broken = f"table data_queries, {name}", _broken(rows)
        if broken:
            rule = "Each row holds the digest of the row before it, and its own."
            problems.append(Problem(where, f"row {broken} is altered", rule, remedy))
        for lines, head in sealed.get(name, ()):
            if lines and (len(rows) < lines or rows[lines - 1]["sha256"] != head):
                rule = "What was sealed of a log is in the ledger."
                told = f"of {count_of(lines, 'line')} that {'was' if lines == 1 else 'were'} sealed, not all are there"
                restore = "Restore the log from a backup, then `groprog lineage rebuild STUDY` reads it."
                problems.append(Problem(where, told, rule, restore))
                break
    return problems


def keep_questions(connection: duckdb.DuckDBPyConnection, earlier: duckdb.DuckDBPyConnection) -> None:
    """Put the rows of an earlier ledger in the place of those of a log that has lost some of its lines since.

    Rows whose own chain is broken are not kept: what the log holds is better then.
    """
    if not earlier.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'data_queries'").fetchone():
        return
    for name in LOGS:
        known, read = _rows(earlier, name), _rows(connection, name)
        digests = [row["sha256"] for row in known]
        if [row["sha256"] for row in read[: len(known)]] == digests or _broken(known):
            continue
        connection.execute("DELETE FROM data_queries WHERE log = ?", [name])
        ledger.insert(connection, "data_queries", [_cells(name, row) for row in known])


def open_log(path: Path, state: Path, name: str) -> QueryLog:
    """A log whose lines the ledger at `path` has, also each that is written, before `append` returns.

    Raises as `refuse_lost_lines` and QueryLog; LedgerError where there is no ledger or it cannot be read.
    """
    refuse_lost_lines(path, state, (name,))
    log = QueryLog(state / FOLDER / name)
    try:
        with ledger.open_ledger(path) as connection:
            add_questions(connection, state)
    except BaseException:
        log.close()
        raise
    log.kept = partial(_keep, path, state, name)
    return log


def log_free(path: Path, state: Path, name: str, rule: str, **fields: object) -> None:
    """Write one line, of what no budget is spent on, into a log that nobody else has open; on disk and in the ledger at `path`
    when this returns.

    ArtifactError, with the rule that forbids to go on, where it cannot be written; else as `open_log`.
    """
    with contextlib.closing(open_log(path, state, name)) as log:
        try:
            log.append(**fields, epsilon=0.0, total=0.0)
        except LogUnwritable as error:
            raise ArtifactError(Problem(str(log.path), str(error), rule, "Free space or mend rights.")) from None


def _keep(path: Path, state: Path, name: str, row: Document) -> None:
    """Put the newest line of a log into the ledger at `path`, after those that a failure has kept out.

    LogUnwritable where it cannot be."""
    newest = "SELECT sha256 FROM data_queries WHERE log = ? ORDER BY rowid DESC LIMIT 1"
    try:
        with ledger.open_ledger(path) as connection:
            last = connection.execute(newest, [name]).fetchone()
            if row["previous"] == (last[0] if last else GENESIS):
                ledger.insert(connection, "data_queries", [_cells(name, row)])
                return
            add_questions(connection, state)
            if connection.execute(newest, [name]).fetchone() != (row["sha256"],):
                raise LogUnwritable("the ledger has other lines of the log")
    except (LedgerError, OSError, duckdb.Error) as error:
        raise LogUnwritable(str(error)) from error


def refuse_lost_lines(path: Path, state: Path, names: Sequence[str] = LOGS) -> None:
    """ArtifactError where the ledger at `path` has lines of a log that the log lacks: what was asked would count as never asked.

    Nothing before there is a ledger. LedgerError for one that cannot be read.
    """
    if not path.is_file():
        return
    with ledger.open_ledger(path) as connection:
        problems = log_problems(connection, state, names)
    if problems:
        raise ArtifactError(problems)


def restore_logs(path: Path, state: Path) -> dict[str, int]:
    """Write back the lines that the ledger at `path` has and a log has lost at its end; {log: how many}.

    A log that was altered is left alone, and so is one in which other lines follow.
    """
    restored = {}
    with ledger.open_ledger(path) as connection:
        for name in LOGS:
            target, known = state / FOLDER / name, _rows(connection, name)
            try:
                held = [row["sha256"] for row in read_log(target)]
            except ArtifactError:
                continue
            missing = known[len(held) :]
            if not missing or _broken(known) or held != [row["sha256"] for row in known[: len(held)]]:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, b"".join(canonical_json(row) + b"\n" for row in known), mode=0o600)
            restored[name] = len(missing)
    return restored


def log_problems(connection: duckdb.DuckDBPyConnection, state: Path, names: Sequence[str] = LOGS) -> list[Problem]:
    """How the logs `names` in the state folder of a study differ from what the ledger has of them."""
    return [problem for name in names for problem in _unlike(state / FOLDER / name, _rows(connection, name))]


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> list[Document]:
    """The rows of a log as its lines."""
    query = f"SELECT {', '.join(FIELDS)} FROM data_queries WHERE log = ? ORDER BY rowid"
    return [_line(row) for row in connection.execute(query, [name]).fetchall()]


def _broken(rows: Sequence[Document]) -> int:
    """The number, from 1, of the first row that breaks the chain; 0 where none does."""
    previous = GENESIS
    for number, row in enumerate(rows, 1):
        if not follows(row, previous):
            return number
        previous = row["sha256"]
    return 0


def _unlike(path: Path, known: Sequence[Document]) -> list[Problem]:
    """How a log differs from its lines in the ledger, `known`, which are a remedy where their own chain is whole."""
    digests = [row["sha256"] for row in known]
    restore, lines = "`groprog omics queries STUDY --restore`", count_of(len(known), "line")
    whole = bool(known) and not _broken(known)
    aside = f" Without one, move it aside: {restore} then writes back the {lines} that the ledger has." if whole else ""
    try:
        held = [str(row["sha256"]) for row in read_log(path)]
    except ArtifactError as error:
        return [replace(problem, remedy=problem.remedy + aside) for problem in error.problems]
    if held[: len(digests)] == digests:
        return []
    rule = "The log holds every line that the ledger has of it: what was asked stays known."
    if whole and held == digests[: len(held)]:
        aside = f" Without one, {restore} writes back the {lines} that the ledger has."
    told = "lines that the ledger has are gone or altered"
    return [Problem(str(path), told, rule, f"Restore it from a backup.{aside}")]


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    found = connection.execute("SELECT count(*) FROM data_queries WHERE log = ?", [name]).fetchone()
    return int(found[0]) if found else 0


def _sealed_heads(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[int, str]]]:
    """{log: (lines, digest of the last) of each decision that sealed it}."""
    query = "SELECT e.body FROM events e JOIN runs r USING (run_id) WHERE e.kind = 'DECISION' AND r.job = ?"
    found: dict[str, list[tuple[int, str]]] = {}
    for (body,) in connection.execute(query, [SEALED_HEADS]).fetchall():
        evidence: Document = json.loads(body)["metadata"].get("evidence", {})
        told = {QUESTIONS: evidence, **evidence.get("others", {})}
        for name, head in told.items():
            found.setdefault(name, []).append((int(head.get("lines", 0)), str(head.get("head", ""))))
    return found


def _cells(name: str, line: Document) -> tuple[Any, ...]:
    """A line of a log as a row of the table, where a purpose that was not stated is missing."""
    given = {**line, "happened": datetime.strptime(line["happened"], MOMENT), "purpose": line["purpose"] or None}
    return (name, *(given[key] for key in FIELDS))


def _line(row: Sequence[Any]) -> Document:
    """A row of the table as the line of the log."""
    line = dict(zip(FIELDS, row, strict=True))
    happened = line["happened"]
    text = happened.isoformat() if happened.microsecond else happened.strftime(MOMENT)  # a log writes whole seconds
    return {**line, "happened": text, "purpose": line["purpose"] or ""}
