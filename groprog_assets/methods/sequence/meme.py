"""Motif files in MEME's minimal format: reader and writer. Files in, motifs out, and back.

A file may hold a log-odds matrix before the probability matrix of a motif, of the same shape; only the probabilities are read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.study.annotation_files import ProblemCollector, lines
from groprog_assets.study.text_tables import count_of

UNIFORM = (0.25, 0.25, 0.25, 0.25)
SUM_TOLERANCE = 0.02
"""How far a column may be from a sum of 1: matrices are often rounded to two or three digits."""
LONGEST_MOTIF = 1000
_RULE = "A motif file is MEME's minimal format, version 3 or later, with the alphabet ACGT."
_PROBABILITIES = "letter-probability matrix:"


class Motif(NamedTuple):
    """name; other: its second name, may be empty; probabilities (4, w) of A, C, G, T, each column with the sum 1; sites: how many
    sequences it was made from, 0 where the file does not say."""

    name: str
    other: str
    probabilities: NDArray[np.float64]
    sites: float = 0.0

    @property
    def width(self) -> int:
        """Columns."""
        return self.probabilities.shape[1]


class MotifFile(NamedTuple):
    """motifs in the order of the file; background: probabilities of A, C, G, T, uniform where the file states none."""

    motifs: list[Motif]
    background: tuple[float, float, float, float]


def read_meme(path: Path) -> MotifFile:
    """The motifs of a file in MEME's format, plain or gzip.

    Raises AnnotationError with every problem: unreadable, no line `MEME version`, another alphabet than ACGT, a motif without
    probability matrix, a width that differs from the rows, rows that are no probabilities, a name that stands twice, no motif.
    """
    problems = ProblemCollector(path)
    found: list[Motif] = []
    background, seen_version = UNIFORM, False
    rows = _Rows(lines(path))
    heading: tuple[int, str, str] | None = None
    names: set[str] = set()

    def close() -> None:
        if heading is not None:
            remedy = "Write the motif as probabilities, for example with `meme-get-motif` or `jaspar2meme`."
            problems.add(f", line {heading[0]}", f"motif {heading[1]} has no probability matrix", _RULE, remedy)

    for number, line in rows:
        text = line.strip()
        if text.startswith("MEME version"):
            seen_version = True
        elif text.startswith("ALPHABET") and (letters := re.sub(r"^ALPHABET\s*=?\s*", "", text)) != "ACGT":
            problems.add(f", line {number}", f"alphabet {letters[:40]}", _RULE, "Give motifs of DNA.")
        elif text.startswith("Background letter frequencies"):
            background = _background(rows, problems) or background
        elif text.startswith("MOTIF") and text[5:6].isspace():
            close()
            name, other = _names(text)
            if name in names:
                problems.add(
                    f", line {number}", f"motif {name} again", "A name means one motif.", "Rename one of them."
                )
            names.add(name)
            heading = number, name, other
        elif text.startswith(_PROBABILITIES):
            if heading is None:
                problems.add(f", line {number}", "a matrix without a line MOTIF", _RULE, "Name the motif before it.")
                heading = number, "", ""
            matrix = _matrix(rows, number, text, problems)
            if matrix is not None:
                found.append(Motif(heading[1], heading[2], matrix, _stated(text, "nsites") or 0.0))
            heading = None
    close()
    if not seen_version:
        problems.add(
            "", "no line `MEME version`", _RULE, "Is it a motif file? `jaspar2meme` and the like convert others."
        )
    elif not names:
        problems.add("", "no motif", _RULE, "Give a file with a line MOTIF and a matrix for each motif.")
    problems.raise_any()
    return MotifFile(found, background)


def read_motifs(paths: Sequence[Path]) -> list[Motif]:
    """The motifs of several files in their order; of two with one name, the later has its file's name before its own. Raises as
    `read_meme`."""
    found: dict[str, Motif] = {}
    for path in paths:
        for motif in read_meme(path).motifs:
            name = motif.name
            while name in found:
                name = f"{Path(path).stem}.{name}"
            found[name] = motif._replace(name=name)
    return list(found.values())


def meme_text(motifs: Sequence[Motif], background: Sequence[float] = UNIFORM) -> str:
    """A file in MEME's minimal format, version 4, that `read_meme` gives back to six digits; names have their blanks replaced."""
    shares = " ".join(f"{letter} {share:.5f}" for letter, share in zip("ACGT", background, strict=True))
    parts = [f"MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\n{shares}\n"]
    for motif in motifs:
        name = " ".join(re.sub(r"\s+", "_", text) for text in (motif.name, motif.other) if text)
        head = f"alength= 4 w= {motif.width} nsites= {motif.sites:g} E= 0"
        rows = "\n".join(" " + "  ".join(f"{value:.6f}" for value in column) for column in motif.probabilities.T)
        parts.append(f"\nMOTIF {name}\n{_PROBABILITIES} {head}\n{rows}\n")
    return "".join(parts)


class _Rows:
    """Lines of a file with their numbers, of which the next can be looked at before it is taken."""

    def __init__(self, source: Iterator[tuple[int, str]]):
        self._source = source
        self._next = next(source, None)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        while (line := self.take()) is not None:
            yield line

    def peek(self) -> tuple[int, str] | None:
        return self._next

    def take(self) -> tuple[int, str] | None:
        line, self._next = self._next, next(self._source, None)
        return line


def _names(line: str) -> tuple[str, str]:
    """The two names of a line MOTIF; MEME's own output continues it with `width = …`."""
    fields = re.sub(r"\s+width\s*=.*$", "", line).split(None, 2)[1:]
    return (fields[0] if fields else "", fields[1].strip() if len(fields) > 1 else "")


def _stated(line: str, name: str) -> float | None:
    """A number that the head of a matrix states as `name= number`; None without one."""
    held = re.search(rf"\b{name}\s*=\s*([^\s=]+)", line)
    value = _numbers(held[1]) if held else None
    return value[0] if value else None


def _numbers(line: str) -> list[float] | None:
    """The numbers of a line; None where a word is none, or is not finite."""
    try:
        values = [float(word) for word in line.split()]
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None


def _background(rows: _Rows, problems: ProblemCollector) -> tuple[float, float, float, float] | None:
    """Letters and shares, on one line or several."""
    words: list[str] = []
    number = 0
    while len(words) < 8 and (line := rows.peek()) is not None and re.match(r"\s*[ACGT]\s", line[1]):
        number = line[0]
        words += line[1].split()
        rows.take()
    shares = dict(zip(words[::2], words[1::2], strict=False))
    values = _numbers(" ".join(shares.get(letter, "none") for letter in "ACGT"))
    if values is None or min(values) <= 0 or abs(sum(values) - 1) > SUM_TOLERANCE:
        value = " ".join(words)[:60] or "nothing"
        remedy = "Write `A 0.25 C 0.25 G 0.25 T 0.25`, or leave the section out."
        problems.add(
            f", line {number}" if number else "", f"background {value}", "Four shares above 0 have the sum 1.", remedy
        )
        return None
    a, c, g, t = (value / sum(values) for value in values)
    return a, c, g, t


def _matrix(rows: _Rows, number: int, head: str, problems: ProblemCollector) -> NDArray[np.float64] | None:
    """The rows below the head of a matrix, as (4, w); None where they are no probabilities of the stated width."""
    stated = _stated(head, "w")
    held: list[list[float]] = []
    while (line := rows.peek()) is not None and (values := _numbers(line[1])) is not None:
        if stated is not None and len(held) == stated:
            break
        rows.take()
        held.append(values)
        if len(values) != 4 or min(values) < 0 or abs(sum(values) - 1) > SUM_TOLERANCE:
            value = line[1].strip()[:60]
            problems.add(f", line {line[0]}", value, "A row has four probabilities with the sum 1.", "Correct the row.")
            return None
    if not 0 < len(held) <= LONGEST_MOTIF or (stated is not None and len(held) != stated):
        value = (
            f"{count_of(len(held), 'row')} of the {stated:g} that `w=` states"
            if stated is not None
            else count_of(len(held), "row")
        )
        rule = f"A matrix has the rows that `w=` states, {LONGEST_MOTIF:,} at most."
        problems.add(f", line {number}", value, rule, "Is the file complete?")
        return None
    matrix = np.array(held).T
    return matrix / matrix.sum(axis=0)
