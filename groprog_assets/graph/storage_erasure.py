"""Erasing words from Dagster's own storage: events, runs, ticks and logs of steps. What is erased reads `erased`.

Events name patients under their pseudonyms, in the texts of failures; what earlier versions or other programs wrote may name
patients themselves. A row that is changed leaves its earlier bytes in the file, so a database is written anew, with its log.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import dagster as dg

from groprog_assets.errors import StudyError
from groprog_assets.graph.instance_storage import storage_problem
from groprog_assets.store.artifacts import write_atomically

INSTEAD = "erased"
PATIENCE_SECONDS = 30.0


def erase_words(instance: dg.DagsterInstance, home: Path, words: Iterable[str]) -> int:
    """Erase whole words from the storage of the instance at `home`; how many rows and files held one.

    StudyError when a database is in use for too long.
    """
    from sqlalchemy.exc import SQLAlchemyError

    pattern, count = _pattern(words), 0
    try:
        for path in sorted(home.rglob("*")):
            if path.suffix == ".db":
                count += _erase_in_sqlite(path, pattern)
            elif path.is_file() and path.suffix not in (".db-wal", ".db-shm") and path.name != "dagster.yaml":
                count += _erase_in_file(path, pattern)
        return count + _erase_in_postgres(instance, pattern.pattern)
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise StudyError(storage_problem(home, error)) from error


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Each word as it is and as JSON writes it, with no letter or digit beside it."""
    forms = {form for word in words for form in (word, json.dumps(word)[1:-1], json.dumps(json.dumps(word))[3:-3])}
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9])")


def _erase_in_file(path: Path, pattern: re.Pattern[str]) -> int:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    changed = pattern.sub(INSTEAD, text)
    if changed == text:
        return 0
    write_atomically(path, changed.encode("utf-8", "surrogateescape"))
    return 1


def _erase_in_sqlite(path: Path, pattern: re.Pattern[str]) -> int:
    count = 0
    with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS)) as connection:
        connection.create_function("without", 1, lambda text: pattern.sub(INSTEAD, text), deterministic=True)
        connection.create_function("holds", 1, lambda text: pattern.search(text) is not None, deterministic=True)
        connection.execute("PRAGMA secure_delete = ON")
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            for column in columns:
                held = f'typeof("{column}") = \'text\' AND holds("{column}")'
                done = connection.execute(f'UPDATE "{table}" SET "{column}" = without("{column}") WHERE {held}')
                count += done.rowcount
        connection.commit()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        if count or free or _holds_raw(path, pattern):
            connection.execute("VACUUM")
            (
                busy,
                *_,
            ) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise sqlite3.OperationalError(f"{path} is in use: its log still holds what was erased")
    return count


def _holds_raw(path: Path, pattern: re.Pattern[str]) -> bool:
    """Whether the bytes of a database or of its log hold a word, in a row or in space that rows have left."""
    found = re.compile(pattern.pattern.encode())
    logs = (path, path.with_name(f"{path.name}-wal"))
    return any(item.is_file() and found.search(item.read_bytes()) is not None for item in logs)


def _erase_in_postgres(instance: dg.DagsterInstance, pattern: str) -> int:
    """The same in every text column of the server's schema, where the instance has one."""
    url = getattr(instance.event_log_storage, "postgres_url", "")
    if not url:
        return 0
    import sqlalchemy

    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    count = 0
    columns = sqlalchemy.text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND data_type IN ('text', 'character varying') AND is_updatable = 'YES'"
    )
    with contextlib.ExitStack() as stack:
        stack.callback(engine.dispose)
        connection = stack.enter_context(engine.connect())
        changed = set()
        for table, column in connection.execute(columns).fetchall():
            change = (
                f'UPDATE "{table}" SET "{column}" = regexp_replace("{column}", :p, :i, \'g\') WHERE "{column}" ~ :p'
            )
            done = connection.execute(sqlalchemy.text(change), {"p": pattern, "i": INSTEAD})
            count += done.rowcount
            if done.rowcount:
                changed.add(table)
        for table in sorted(changed):
            connection.execute(sqlalchemy.text(f'VACUUM FULL "{table}"'))
    return count
