"""Errors of the database behind a Dagster instance, as problems with a remedy instead of a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from groprog_assets.errors import Problem, StudyError

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
