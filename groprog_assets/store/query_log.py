"""The log of questions: one JSON line a request, each with the digest of the line before, on disk before the answer is sent.

It holds no subject: a question names terms, and a view of a subject's page is logged under a mark that only the study's key
makes. One server writes it at a time. What was spent of the budgets is read back from it.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from groprog_assets.errors import ArtifactError, Notice, Problem
from groprog_assets.store.artifacts import canonical_json, digest_value
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

GENESIS = "0" * 64
FOLDER = "queries"
QUESTIONS, FEDERATION, EXPORTS = "log.jsonl", "federation.jsonl", "exports.jsonl"
"""Logs of a study: questions of the portal, the Beacon and the command line; answers to other sites; exports of people's data."""
FIELDS = (
    *("happened", "actor", "purpose", "endpoint", "canonical", "data", "snapshot", "epsilon", "total", "outcome"),
    *("previous", "sha256"),
)
OUTCOMES = ("answered", "suppressed", "refused")


class LogUnwritable(Exception):
    """The line could not be written, so there is no answer."""


class QueryLog:
    """The open log of a study; `rows` are those that it held when it was opened. `kept`: what else keeps a line once the disk has
    it, before `append` returns; it raises LogUnwritable."""

    kept: Callable[[Document], None] | None = None

    def __init__(self, path: Path):
        """ArtifactError: it cannot be opened, another server writes it, or a line is not what the chain says. A last line that
        was cut short, to which no answer was sent, is removed with a Notice."""
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unopened(path, error) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            rule = "One server of a study runs at a time, as it keeps the budgets."
            raise ArtifactError(Problem(str(path), "in use", rule, "End the other one.")) from None
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        try:
            self.rows = checked_rows(path, whole)
        except ArtifactError:
            os.close(self._file)
            raise
        self._head = str(self.rows[-1]["sha256"]) if self.rows else GENESIS
        self._end = len(whole)
        if len(whole) < len(content):
            rule = "A line that was cut short belongs to a question that got no answer."
            warnings.warn(
                Notice(Problem(str(path), f"{count_of(len(content) - len(whole), 'byte')} removed", rule, "")),
                stacklevel=1,
            )
            os.ftruncate(self._file, self._end)

    def append(self, **fields: object) -> Document:
        """Write a line and wait until the disk has it, and what else keeps it.

        LogUnwritable where the disk cannot, and then nothing is left of it; or where `kept` cannot, and then the line stays."""
        with self._lock:
            row = {"happened": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **fields, "previous": self._head}
            row["sha256"] = row_digest(row)
            line = canonical_json(row) + b"\n"
            self._require_own_file()
            try:
                written = 0
                while written < len(line):
                    written += os.pwrite(self._file, line[written:], self._end + written)
                os.fsync(self._file)
            except OSError as error:
                try:
                    os.ftruncate(self._file, self._end)
                finally:
                    raise LogUnwritable(error.strerror or str(error)) from error
            self._end += len(line)
            self._head = str(row["sha256"])
            if self.kept is not None:
                self.kept(row)
            return row

    def _require_own_file(self) -> None:
        """LogUnwritable where the log was removed, replaced or changed since: a line would be written where nobody reads it."""
        try:
            own, there = os.fstat(self._file), os.stat(self.path)
        except OSError as error:
            raise LogUnwritable(error.strerror or str(error)) from error
        if not os.path.samestat(own, there) or own.st_size != self._end:
            raise LogUnwritable("the log was replaced or changed by somebody else")

    def close(self) -> None:
        """Let another process write it; closing twice does nothing."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


def read_log(path: Path) -> list[Document]:
    """The lines of a log that a server may be writing, its chain checked; nothing where there is none. Raises as QueryLog."""
    try:
        content = path.read_bytes() if os.path.lexists(path) else b""
    except OSError as error:
        raise _unopened(path, error) from None
    return checked_rows(path, content[: content.rfind(b"\n") + 1])


def _unopened(path: Path, error: OSError) -> ArtifactError:
    rule = "A log is a file that can be read and written; nothing is answered or exported that does not stand in it."
    remedy = (
        "Mend the rights of the file and its folder. Where something else stands in its place, move that away and put the file"
        " back from a backup."
    )
    return ArtifactError(Problem(str(path), error.strerror or str(error), rule, remedy))


def spending(rows: list[Document]) -> dict[str, dict[str, float]]:
    """{actor: requests by outcome, and the epsilon spent}."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        counts = found.setdefault(str(row["actor"]), {**dict.fromkeys(OUTCOMES, 0), "epsilon": 0.0})
        counts[str(row["outcome"])] += 1
        counts["epsilon"] = round(counts["epsilon"] + float(row["epsilon"]), 6)
    return dict(sorted(found.items()))


def row_digest(row: Document) -> str:
    """sha256 of a line without its own digest."""
    return digest_value({name: value for name, value in row.items() if name != "sha256"})


def follows(row: Document, previous: str) -> bool:
    """Whether a line holds the digest of the line before it, `previous`, and its own."""
    return bool(row["previous"] == previous and row["sha256"] == row_digest(row))


def checked_rows(path: Path, content: bytes) -> list[Document]:
    """The lines of a log. ArtifactError names the first that is not what the chain says."""
    rows: list[Document] = []
    previous = GENESIS
    for number, line in enumerate(content.splitlines(), 1):
        try:
            row = json.loads(line)
            sound = set(row) == set(FIELDS) and follows(row, previous)
        except (ValueError, TypeError, AttributeError):
            sound = False
        if not sound:
            rule = "Each line holds the digest of the line before it, and its own."
            told = "altered, or lines before it are gone"
            raise ArtifactError(Problem(f"{path}:{number}", told, rule, "Restore it from a backup."))
        previous = row["sha256"]
        rows.append(row)
    return rows
