"""The `positions` table: building it from arrays, splitting it by chromosome and strand, exchanging strands. No Dagster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.tables import conform
from groprog_assets.tables.values import ReadsBySequence

BySequence = Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]]
"""(chromosome, strand) -> (position (p,) rising, count (p,))."""
Positions = pd.DataFrame | BySequence
"""Where the reads of a library lie: a table `positions`, or its sequences, which may be read one by one."""
STRANDS = ("+", "-")


def position_table(
    chrom: np.ndarray, strand: np.ndarray, position: np.ndarray, count: np.ndarray, chrom_sizes: Mapping[str, int]
) -> pd.DataFrame:
    """A `positions` table from arrays (p,): rank of the chromosome in chrom_sizes, 0 for + and 1 for -, 0-based bp, reads.

    Rows must be sorted by chromosome rank, strand and position. Categories are all chromosomes in the order of chrom_sizes.
    """
    frame = pd.DataFrame(
        {
            "chrom": categories(chrom, list(chrom_sizes)),
            "strand": categories(strand, list(STRANDS)),
            "position": position,
            "count": count,
        },
        copy=False,
    )
    return conform(frame, "positions")


def categories(codes: np.ndarray, names: list[str]) -> Any:
    """A categorical column of `names`, code (p,) by code; all names are categories, in their order."""
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(names))


def sequences(positions: Positions, place: str = "position") -> BySequence:
    """(chromosome, strand) -> (position (p,) int32 rising, count (p,) int32) of the sequences that have reads.

    place: the column that rises; "window" for a `coverage` table. Rows may be in any order, and columns may be text. For a
    sorted table, as the methods return it, the arrays are views. What is given by sequence is returned.
    """
    if isinstance(positions, Mapping):
        return positions
    if positions.empty:
        return {}
    columns = [positions[name].astype("category").cat for name in ("chrom", "strand")]
    chroms, strands = (column.categories for column in columns)
    chrom, strand = (column.codes.to_numpy() for column in columns)
    position, count = positions[place].to_numpy(), positions["count"].to_numpy()
    starts = _line_starts(chrom, strand)
    line = chrom[starts].astype(np.int64) * len(strands) + strand[starts]
    edges = [*starts.tolist(), len(position)]
    if (np.diff(line) <= 0).any() or any((position[a + 1 : b] < position[a : b - 1]).any() for a, b in pairwise(edges)):
        order = np.lexsort((position, strand, chrom))
        position, count = position[order], count[order]
        starts = _line_starts(chrom[order], strand[order])
        line = chrom[order][starts].astype(np.int64) * len(strands) + strand[order][starts]
        edges = [*starts.tolist(), len(position)]
    return {
        (str(chroms[i // len(strands)]), str(strands[i % len(strands)])): (position[start:end], count[start:end])
        for i, (start, end) in zip(line.tolist(), pairwise(edges), strict=True)
    }


def total_reads(held: BySequence) -> int:
    """Reads of all sequences."""
    if isinstance(held, ReadsBySequence):
        return held.reads
    return sum(int(count.sum(dtype=np.int64)) for _, count in held.values())


def sequences_in_pieces(
    pieces: Iterable[pd.DataFrame], place: str = "position"
) -> Iterator[tuple[tuple[str, str], tuple[np.ndarray, np.ndarray]]]:
    """The items of `sequences` of a table that comes in pieces, one after another, never holding more than one and a piece.

    ValueError where the rows of a sequence do not lie together, or do not rise; stored tables are sorted.
    """
    done: set[tuple[str, str]] = set()
    key: tuple[str, str] | None = None
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for piece in pieces:
        held = [(item, columns) for item, columns in sequences(piece, place).items()]
        del piece
        while held:
            found, (position, count) = held.pop(0)
            if found != key or position[0] < parts[-1][0][-1]:
                if key is not None:
                    yield key, _joined(parts)
                    done.add(key)
                if found in done:
                    raise ValueError(f"rows of {found[0]} {found[1]} do not lie together, or do not rise")
                key, parts = found, []
            parts.append((position, count) if held else (position.copy(), count.copy()))
            del position, count  # views: they would keep the piece while the next is read
    if key is not None:
        yield key, _joined(parts)


def _joined(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _line_starts(chrom: np.ndarray, strand: np.ndarray) -> np.ndarray:
    """First row of every run of one chromosome and strand."""
    changes = (chrom[1:] != chrom[:-1]) | (strand[1:] != strand[:-1])
    return np.concatenate([[0], np.flatnonzero(changes) + 1])


def turn(positions: pd.DataFrame) -> pd.DataFrame:
    """The same `positions`, sorted by chromosome, strand and position, with strands exchanged and rows sorted again."""
    chrom, strand = (positions[name].cat.codes.to_numpy(copy=True) for name in ("chrom", "strand"))
    position, count = (positions[name].to_numpy(copy=True) for name in ("position", "count"))
    turn_in_place(chrom, strand, position, count)
    return position_table(chrom, strand, position, count, dict.fromkeys(positions["chrom"].cat.categories, 0))


def turn_in_place(chrom: np.ndarray, strand: np.ndarray, position: np.ndarray, count: np.ndarray) -> None:
    """Exchange the strands of rows (p,) as `position_table` takes them, keeping their order; memory is one chromosome's rows."""
    starts = np.concatenate([[0], np.flatnonzero(chrom[1:] != chrom[:-1]) + 1, [len(chrom)]])
    for start, end in pairwise(starts.tolist()):
        plus = start + int(np.searchsorted(strand[start:end], 1))
        for column in (position, count):
            column[start:end] = np.concatenate([column[plus:end], column[start:plus]])
        strand[start:end] = 0
        strand[start + end - plus : end] = 1
