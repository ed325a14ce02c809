"""Tracks as bedGraph text, plain or gzip: `chrom start end value`, 0-based half-open, one strand a file. Files in, arrays out."""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem, ReadsError, why_unreadable
from groprog_assets.methods.reads.point_tracks import track_problems
from groprog_assets.study.files import open_regular
from groprog_assets.study.text_files import open_unpacked, past_mark

GZIP_MAGIC = b"\x1f\x8b"
HEADERS = ("track", "browser", "#")
COLUMNS = {"chrom": str, "start": np.int64, "end": np.int64, "value": np.float64}
BLOCK = 1 << 19
"""Lines read at once."""
LARGEST = 2**31 - 1
"""Largest number of reads at one base."""
JUDGED_BASES = 2_000_000
"""After so many bases a track that holds no read ends is refused, so that coverage of a genome is not held base by base."""


def is_bedgraph(path: Path) -> bool:
    """Whether the file is gzip, or text whose first line that is no header begins as an interval. OSError: it cannot be read."""
    with open_regular(path) as file:
        start = file.read(1 << 16)
    if start[:2] == GZIP_MAGIC:
        return True
    if b"\0" in start[:512]:
        return False
    lines = start.decode("ascii", "replace").splitlines()
    first = next((line for line in lines if not line.startswith(HEADERS)), "").split()
    return len(first) >= 3 and first[1].isdecimal() and first[2].isdecimal()


def bedgraph_lengths(path: Path, chrom_sizes: Mapping[str, int]) -> dict[str, int]:
    """Chromosome -> bp of those the file names: that of chrom_sizes, else the last end. ReadsError as `read_bedgraph`."""
    ends: dict[str, int] = {}
    for block in _blocks(path):
        for chrom, end in block.groupby("chrom", sort=False)["end"].max().items():
            ends[str(chrom)] = max(ends.get(str(chrom), 0), int(end))
    return {chrom: chrom_sizes.get(chrom, end) for chrom, end in ends.items()}


def read_bedgraph(
    path: Path, chrom_sizes: Mapping[str, int], most: int | None = None
) -> tuple[dict[str, int], dict[int, tuple[np.ndarray, np.ndarray]]]:
    """Lengths of the file's chromosomes and, by rank in chrom_sizes, positions (n,) rising and values (n,) that are not zero.

    A bedGraph does not state lengths: those of chrom_sizes are given for chromosomes that they name, else the last end. most:
    bases after which no further block is read. ReadsError, with the line: not four columns, no interval, an interval beyond its
    chromosome, intervals that overlap; also coverage and bins, as soon as JUDGED_BASES bases show them.
    """
    ranks = {chrom: rank for rank, chrom in enumerate(chrom_sizes)}
    lengths: dict[str, int] = {}
    parts: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    bases, judged = 0, False
    for block in _blocks(path):
        for name, rows in block.groupby("chrom", sort=False):
            chrom = str(name)
            start, end, value = (rows[column].to_numpy() for column in ("start", "end", "value"))
            size = chrom_sizes.get(chrom)
            if (start < 0).any() or (end <= start).any() or (size is not None and (end > size).any()):
                wrong = int(np.flatnonzero((start < 0) | (end <= start) | (end > (size or end.max())))[0])
                shown = f"{chrom}:{start[wrong]:,}-{end[wrong]:,}"
                rule = "An interval has a start below its end, both on the chromosome" + (
                    "." if size is None else f" of {size:,} bp."
                )
                raise ReadsError(Problem(str(path), shown, rule, "Is it of the study's assembly?"))
            if not (np.abs(value) <= LARGEST).all():  # NaN is not
                shown = f"value {value[np.flatnonzero(~(np.abs(value) <= LARGEST))[0]]:g} on {chrom}"
                rule = f"A value is a number of reads, at most {LARGEST:,}."
                raise ReadsError(Problem(str(path), shown, rule, "Make or copy the file again."))
            lengths[chrom] = max(lengths.get(chrom, 0), int(end.max())) if size is None else size
            if size is None or not (value != 0).any():
                continue
            start, wide, value = start[value != 0], (end - start)[value != 0], value[value != 0]
            here = np.repeat(start - np.cumsum(wide) + wide, wide) + np.arange(wide.sum())
            parts.setdefault(ranks[chrom], []).append(
                (here.astype(np.int32), np.repeat(value, wide).astype(np.float32))
            )
            bases += len(here)
        if not judged and bases >= JUDGED_BASES:
            judged = True
            wrong_kind = track_problems(path, _joined(path, parts))
            if wrong_kind:
                raise ReadsError(wrong_kind)
        if most is not None and bases >= most:
            break
    return lengths, _joined(path, parts)


def _joined(
    path: Path, parts: Mapping[int, list[tuple[np.ndarray, np.ndarray]]]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """The parts of each chromosome as one, by position; ReadsError where two intervals hold the same base."""
    held = {}
    for rank, found in parts.items():
        position = np.concatenate([columns[0] for columns in found])
        value = np.concatenate([columns[1] for columns in found])
        if (np.diff(position) <= 0).any():
            order = np.argsort(position, kind="stable")
            position, value = position[order], value[order]
        if (np.diff(position) == 0).any():
            base = int(position[np.flatnonzero(np.diff(position) == 0)[0]])
            rule = "A base has one value: intervals of a track of one strand do not overlap."
            remedy = "Give one strand a file, and one line an interval."
            raise ReadsError(Problem(str(path), f"two intervals hold base {base:,}", rule, remedy))
        held[rank] = (position, value)
    return held


def _blocks(path: Path) -> Iterator[pd.DataFrame]:
    """The intervals, BLOCK lines at a time."""
    try:
        skipped = _header_lines(path)
        with _text(path) as file:
            for _ in range(skipped):
                file.readline()
            yield from pd.read_csv(
                file,
                sep=r"\s+",
                header=None,
                names=list(COLUMNS),
                dtype=COLUMNS,
                chunksize=BLOCK,
                keep_default_na=False,
            )
    except (
        OSError,
        EOFError,
        zlib.error,
        UnicodeDecodeError,
        ValueError,
        OverflowError,
    ) as error:  # ParserError is a ValueError
        raise ReadsError(_unreadable(path, error)) from None


def _unreadable(path: Path, error: Exception) -> Problem:
    """The first line that is no interval; else what the reader said."""
    rule = "A line of a bedGraph has four columns: chromosome, start, end, value."
    remedy = "Make or copy the file again, for instance with bedtools genomecov -bg."
    try:
        with _text(path) as file:
            for number, line in enumerate(file, 1):
                cells = line.split()
                if number <= 100 and line.startswith(HEADERS):
                    continue
                try:
                    _, _, value = int(cells[1]), int(cells[2]), float(cells[3])
                    if len(cells) == 4 and math.isfinite(value):
                        continue
                except (IndexError, ValueError):
                    pass
                return Problem(f"{path}, line {number}", line.strip()[:60] or "an empty line", rule, remedy)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as other:
        error = other
    if isinstance(error, OSError | EOFError | zlib.error | UnicodeDecodeError):
        rule, remedy = "A bedGraph is text, plain or gzip, and whole.", "Copy or make the file again."
        return Problem(str(path), why_unreadable(error), rule, remedy)
    return Problem(str(path), str(error).strip()[:200] or "unreadable", rule, remedy)


def _header_lines(path: Path) -> int:
    """Leading lines that are no intervals."""
    with _text(path) as file:
        for number, line in enumerate(file):
            if not line.startswith(HEADERS):
                return number
    raise ValueError("it holds no interval")


def _text(path: Path) -> IO[str]:
    return io.TextIOWrapper(past_mark(open_unpacked(path)), encoding="ascii")
