"""Reader of annotation files, line by line, which collects problems. Files in, lines out."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from groprog_assets.errors import AnnotationError, GroProgError, Problem, why_unreadable
from groprog_assets.study.text_files import open_unpacked

NAMED_PROBLEMS = 5
"""Number of problems of one kind that are listed; further ones are counted."""
LONGEST_LINE = 1 << 24
"""Characters of a line. A longer one is no line of an annotation: the file has other line ends, or is no text."""
PIECE = 1 << 16
"""Characters that are read at a time."""
MOST_DIGITS = 10
"""Digits of a coordinate: no chromosome has 10 Gb."""


class ProblemCollector:
    """Problems of one file; at most NAMED_PROBLEMS of each rule are listed. error: what is raised."""

    def __init__(self, path: Path, error: type[GroProgError] = AnnotationError):
        self.path, self.error = path, error
        self.problems: list[Problem] = []
        self.counts: dict[str, int] = {}

    def add(self, where: str, value: str, rule: str, remedy: str) -> None:
        self.counts[rule] = self.counts.get(rule, 0) + 1
        if self.counts[rule] <= NAMED_PROBLEMS:
            self.problems.append(Problem(f"{self.path}{where}", value, rule, remedy))

    def raise_any(self) -> None:
        """Raise the error with every problem collected; nothing when there is none."""
        for rule, count in self.counts.items():
            if count > NAMED_PROBLEMS:
                more = f"{count - NAMED_PROBLEMS} more lines of the same kind"
                self.problems.append(Problem(str(self.path), more, rule, "Mend the file and run again."))
        if self.problems:
            raise self.error(self.problems)


_TOO_LONG = (
    f"more than {LONGEST_LINE:,} characters",
    "A line is shorter.",
    "Are its line ends those of Unix or Windows, and is it text?",
)


def _split(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a text without their ends, read in pieces: a call for each line takes three times as long. What follows
    LONGEST_LINE characters without an end is not read."""
    begun: list[str] = []
    length = 0
    while (piece := text.read(PIECE)) and length < LONGEST_LINE:
        first, *held = piece.split("\n")
        begun.append(first)
        length += len(first)
        if held:
            yield "".join(begun)
            begun = [held.pop()]
            length = len(begun[0])
            yield from held
    if length:
        yield "".join(begun)


def lines(path: Path, comment: str = "#", errors: str = "strict") -> Iterator[tuple[int, str]]:
    """(line number, line) of a text file in UTF-8, plain or gzip, without blank lines and comment lines, which begin with
    `comment` (one character; empty for none).

    A byte-order mark is dropped; `errors` is what `open` takes. Raises AnnotationError for a file that cannot be read as text.
    """
    try:
        with io.TextIOWrapper(open_unpacked(path), encoding="utf-8-sig", errors=errors) as text:
            for number, line in enumerate(_split(text), 1):
                if len(line) >= LONGEST_LINE:
                    raise AnnotationError(Problem(f"{path}, line {number}", *_TOO_LONG))
                if line and not (comment and line[0] == comment) and not line.isspace():
                    yield number, line
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        value = f"cannot be read: {why_unreadable(error)}"
        raise AnnotationError(
            Problem(str(path), value, "It must be a text file, plain or gzip.", "Check the path and the file.")
        ) from error


def coordinate(text: str) -> int | None:
    """A coordinate or length in bp as a number; None for what is no whole number, is negative or has over MOST_DIGITS digits."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


def some(names: Iterable[str], shown: int = 3) -> str:
    """The first names, joined by commas, and the number of further ones."""
    every = list(names)
    return ", ".join(every[:shown]) + (f" and {len(every) - shown} more" if len(every) > shown else "")
