"""The reader of chromosome sizes, for `groprog study check` and for the run. Standard library only."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.study.annotation_files import ProblemCollector, coordinate, lines

LONGEST = (1 << 31) - 1
"""bp of a chromosome that alignments and tracks can address (SAM 1.6, 4.2)."""


def read_chrom_sizes(path: str | Path) -> dict[str, int]:
    """Chromosome -> length in bp, in the file's order, from a two-column table (`chrom.sizes`; a `.fai` index works too).

    Blank lines and lines starting with # are skipped. Raises AnnotationError: unreadable or empty file, a line without a
    positive whole length, a chromosome named twice.
    """
    problems = ProblemCollector(Path(path))
    sizes: dict[str, int] = {}
    for number, line in lines(Path(path)):
        fields = line.split()
        length = coordinate(fields[1]) if len(fields) > 1 else None
        if length is None or not 0 < length <= LONGEST:
            rule = f"Each line is a chromosome and its length in bp, at most {LONGEST:,}."
            problems.add(f", line {number}", line[:60], rule, "UCSC's <assembly>.chrom.sizes has this form.")
        elif fields[0] in sizes:
            rule = "A chromosome may stand once."
            problems.add(f", line {number}", f"{fields[0]} again", rule, "Remove one of the lines.")
        else:
            sizes[fields[0]] = length
    if not sizes and not problems.problems:
        problems.add("", "no chromosome", "At least one is needed.", "Give the assembly's chrom.sizes file.")
    problems.raise_any()
    return sizes
