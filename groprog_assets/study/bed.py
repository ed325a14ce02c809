"""Reader of BED files, line by line, which collects problems. Files in, intervals out; 0-based, half-open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import AnnotationError
from groprog_assets.study.annotation_files import ProblemCollector, coordinate, lines

RULE = "BED lines are chromosome, start, end; each covers at least one base."
RULE_OF_SIX = "A region needs six columns: chrom, start, end, name, score, strand (+ or -)."
RULE_OF_STRAND = "The strand is + or -: a region begins at its 5' end."


class BedLine(NamedTuple):
    """number: in the file; chrom, start, end: in bp; fields: all columns as text, without blanks around them."""

    number: int
    chrom: str
    start: int
    end: int
    fields: list[str]


def is_bed(path: Path) -> bool:
    """Whether a file is meant as BED: named so, compressed or not, or its first line below the headers is an interval."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".bgz")
    if name.endswith(".bed"):
        return True
    try:
        first = next((_cells(line) for _, line in lines(path) if not _is_header(line)), [])
    except AnnotationError:  # told by the reader
        return False
    return len(first) > 2 and None not in (coordinate(first[1]), coordinate(first[2]))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split())]


def _is_header(line: str) -> bool:
    return line.split(None, 1)[0] in ("track", "browser")


def bed_lines(problems: ProblemCollector, with_strand: bool = False) -> Iterator[BedLine]:
    """The intervals of the file of `problems`, plain or gzip, separated by tabs or, in a line without any, by blanks; `track`,
    `browser` and comment lines are passed over.

    A line with fewer than three columns (with_strand: six), of which start and end are no whole numbers, that covers no base or
    (with_strand) whose strand is not + or - becomes a problem and is left out. Raises AnnotationError for a file that cannot be
    read as text.
    """
    for number, line in lines(problems.path):
        if _is_header(line):
            continue
        fields = _cells(line)
        at = f", line {number}"
        if with_strand and len(fields) < 6:
            problems.add(at, line[:60], RULE_OF_SIX, "Write them tab-separated.")
            continue
        start, end = (coordinate(cell) for cell in [*fields[1:3], "", ""][:2])
        stranded = not with_strand or fields[5] in ("+", "-")
        if start is None or end is None or end <= start:
            problems.add(at, line[:60], RULE, "Mend or remove the line.")
        if not stranded:
            remedy = "Write the strand in column 6, one line for each where both are meant."
            problems.add(at, f"strand {fields[5][:20]!r}", RULE_OF_STRAND, remedy)
        if start is not None and end is not None and end > start and stranded:
            yield BedLine(number, fields[0], start, end, fields)
