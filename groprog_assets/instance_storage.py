"""What goes wrong with the database behind a Dagster instance, said as a problem with its remedy instead of a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import sqlalchemy.exc

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
def readable_storage(home: Path) -> Iterator[None]:
    """Errors of the instance's database inside the block become a StudyError that names the storage and the remedy."""
    try:
        yield
    except sqlalchemy.exc.SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise StudyError(storage_problem(home, str(cause))) from error
    except (dg.DagsterError, ImportError) as error:
        if not any(word in str(error) for word in (POSTGRES_VARIABLE, "psycopg2", "dagster_postgres", "storage")):
            raise
        raise StudyError(storage_problem(home, str(error))) from error


def storage_problem(home: Path, text: str) -> Problem:
    """The problem behind a database's own words."""
    first = " ".join(text.split())[:300]
    if "psycopg2" in text or "dagster_postgres" in text:
        remedy = "Install the extra: `pip install 'groprog[postgres]'`."
    elif POSTGRES_VARIABLE in text:
        remedy = f"Set {POSTGRES_VARIABLE} to postgresql+psycopg2://USER:PASSWORD@HOST/DATABASE."
    else:
        found = [remedy for words, remedy in REMEDIES if any(word in text.lower() for word in words)]
        remedy = found[0] if found else "See that the server answers and that the settings name it, then run again."
    return Problem(str(home), first, "Runs and events are written to the storage that dagster.yaml names.", remedy)
