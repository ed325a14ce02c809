"""Coding sequence of an annotation: which bases of a chromosome are translated. A file in, intervals out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.annotation.gene_tables import table_layout
from groprog_assets.methods.annotation.gtf import Interval, names_a_gene
from groprog_assets.study.annotation_files import coordinate, lines

Coding = Mapping[str, NDArray[np.int64]]
"""chromosome -> (k, 2) starts and ends of coding sequence, 0-based half-open, in order, apart from each other."""
FEATURES = frozenset({"CDS", "start_codon", "stop_codon"})
"""Lines of coding sequence. The CDS of a GTF lacks the stop codon, which has a line of its own."""


def coding_sequence(path: str | Path) -> Coding | None:
    """Coding sequence of both strands of a GTF, a GFF3 or a UCSC gene table; None where the file has none.

    The file is read after `gene_models` has accepted it; a line that cannot be read is passed over here.
    """
    found: dict[str, list[Interval]] = {}
    for chrom, interval in _intervals(Path(path)):
        found.setdefault(chrom, []).append(interval)
    return {chrom: _joined(np.unique(held, axis=0)) for chrom, held in found.items()} or None


def touches(coding: Coding, chrom: str, start: int, length: int) -> bool:
    """Whether `length` bases from `start` on (0-based) overlap coding sequence; length 0: whether an insertion before `start`
    lies within it."""
    held = coding.get(chrom)
    if held is None:
        return False
    at = int(np.searchsorted(held[:, 1], start, side="right"))
    return at < len(held) and bool(held[at, 0] < start + length)


def _joined(held: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sorted intervals, those that overlap or touch made one."""
    reach = np.maximum.accumulate(held[:, 1])
    first = np.concatenate([[True], held[1:, 0] > reach[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.column_stack([held[first, 0], reach[last]])


def _intervals(path: Path) -> Iterator[tuple[str, Interval]]:
    layout: tuple[int, int] | None = None
    for count, (_, line) in enumerate(lines(path)):
        if line.startswith(">"):  # the sequences behind ##FASTA of a GFF3
            return
        fields = line.split("\t")
        layout = table_layout(fields) if count == 0 else layout
        if layout is not None:
            yield from _of_table(fields, layout[0])
        elif len(fields) >= 9 and fields[2] in FEATURES:
            first, last = coordinate(fields[3]), coordinate(fields[4])
            if first and last and first <= last:
                yield fields[0] if names_a_gene(fields[8]) else unquote(fields[0]), (first - 1, last)


def _of_table(fields: list[str], strand_column: int) -> Iterator[tuple[str, Interval]]:
    """The exons of a line of a gene table within its coding sequence, whose ends are three and four columns after the strand."""
    if len(fields) <= strand_column + 7:
        return
    low, high = (coordinate(fields[strand_column + at]) for at in (3, 4))
    starts, ends = ([coordinate(cell) for cell in fields[strand_column + at].split(",") if cell] for at in (6, 7))
    for start, end in zip(starts, ends, strict=False):
        if start is not None and end is not None and low is not None and high is not None:
            inside = max(start, low), min(end, high)
            if inside[0] < inside[1]:
                yield fields[strand_column - 1], inside
