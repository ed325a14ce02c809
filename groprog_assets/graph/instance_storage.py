"""The database behind a Dagster instance: kept open during a job, and its errors as problems with a remedy, not a traceback."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groprog_assets.errors import Problem, StudyError

if TYPE_CHECKING:
    from sqlalchemy import Engine

POSTGRES_VARIABLE = "GROPROG_POSTGRES"
FULL, LOCKED = ("disk is full", "disk i/o error", "no space left"), ("locked", "timeout expired")
DAMAGED = (
    "malformed",
    "not a database",
    "can't locate revision",
    "no such table",
    "no such column",
    "more than one head",
)
REMEDIES = (
    (FULL, "Free space and run again; what was finished is kept."),
    (
        LOCKED,
        "Another program holds the file: end it (`fuser FILE` names it) and run again; what was finished is kept.",
    ),
    (
        DAMAGED,
        "Restore it from a backup, or move it aside and run again: values and ledger are kept, only the UI forgets.",
    ),
)


@contextlib.contextmanager
def readable_storage(home: Path, opening: bool = False) -> Iterator[None]:
    """Errors of the instance's database inside the block become a StudyError that names the storage and the remedy.

    While it is being opened whatever fails is the storage or its settings; later only what the database itself says is taken.
    """
    try:
        yield
    except Exception as error:
        from sqlalchemy.exc import SQLAlchemyError  # a plan opens no database and need not wait for this

        if not (opening or isinstance(error, SQLAlchemyError)):
            raise
        raise StudyError(storage_problem(home, _root(error))) from error


@contextlib.contextmanager
def events_kept_open() -> Iterator[None]:
    """Inside, an SQLite file of events stays open once it was opened, until the end of the block.

    Dagster makes an engine and a connection for each event, compiles the same statements again, and with the last connection that
    closes SQLite folds its log of writes into the file. Here a file has one engine, and a connection without a task keeps it
    open. Nothing changes in what is written, or when; other storages are left as they are.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log

    make = sqlite_event_log.create_engine
    engines: dict[str, Engine] = {}
    held: dict[str, sqlite3.Connection] = {}

    def once(address: str, **options: Any) -> Engine:
        if address not in engines:
            engines[address] = make(address, **options)  # the file is about to be made, or looked at
        elif address not in held:
            with contextlib.suppress(sqlite3.Error):  # what is wrong with the file is for who has a task to say
                held[address] = sqlite3.connect(str(engines[address].url.database), check_same_thread=False)
                held[address].execute("SELECT count(*) FROM sqlite_master").fetchone()
        return engines[address]

    sqlite_event_log.create_engine = once  # type: ignore[assignment]
    try:
        yield
    finally:
        sqlite_event_log.create_engine = make
        for connection in held.values():
            connection.close()


def storage_problem(home: Path, error: BaseException) -> Problem:
    """The problem behind what a database or its driver said."""
    text = " ".join(str(error).split()).partition("(Background on")[0]
    if isinstance(error, ImportError):
        remedy = "Install `groprog[postgres]`, and write postgresql+psycopg2:// in the URL."
    elif POSTGRES_VARIABLE in text:
        remedy = f"Set {POSTGRES_VARIABLE} to postgresql+psycopg2://USER:PASSWORD@HOST/DATABASE."
    else:
        found = [remedy for words, remedy in REMEDIES if any(word in text.lower() for word in words)]
        remedy = found[0] if found else "See that the server answers and that the settings name it, then run again."
    return Problem(
        f"{home} (dagster.yaml)", text[:300], "Runs and events are written to the storage that it names.", remedy
    )


def _root(error: BaseException) -> BaseException:
    """The driver's own error behind those that wrap it."""
    while (inner := getattr(error, "orig", None) or error.__cause__ or error.__context__) is not None:
        error = inner
    return error
