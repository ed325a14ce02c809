"""Read counts of transcription units in their counting windows (groHMM 1.41.1 limitToXkb). Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.reads.window_counts import count_stranded, stranded_index
from groprog_assets.study.parameters import DifferentialParameters
from groprog_assets.tables import conform


class CountingWindows(NamedTuple):
    """start, end (t,) int64 bp, 0-based half-open."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]


def counting_windows(start: NDArray, end: NDArray, strand: NDArray, *, offset: int, size: int) -> CountingWindows:
    """The part of each unit that is counted: its 5' `size` bp less the first `offset` bp.

    start, end (t,) 0-based half-open bp; strand (t,) "+" or "-". A unit no longer than `offset`, or exactly `size` long, is
    counted whole, as in the reference. The first part is left out because paused polymerase accumulates there.
    """
    start, end = np.asarray(start, np.int64), np.asarray(end, np.int64)
    plus = np.asarray(strand, dtype=object) == "+"
    width = end - start
    cut = (width > offset) & (width != size)
    kept = np.where(width > size, size, width)
    return CountingWindows(
        np.where(cut, np.where(plus, start + offset, end - kept), start),
        np.where(cut, np.where(plus, start + kept, end - offset), end),
    )


class UnitCounts(NamedTuple):
    """table: `transcript_counts`; whole (t,) int64 reads of all libraries in the whole unit, on its strand."""

    table: pd.DataFrame
    whole: NDArray[np.int64]


def count_transcripts(
    transcripts: pd.DataFrame, positions: Mapping[str, Positions], parameters: DifferentialParameters
) -> UnitCounts:
    """Reads of every unit in every library, on the unit's strand, libraries in the given order."""
    strand = transcripts["strand"].to_numpy()
    whole = CountingWindows(*(transcripts[name].to_numpy(np.int64) for name in ("start", "end")))
    window = counting_windows(*whole, strand, offset=parameters.counting_offset, size=parameters.counting_size)
    edges = [np.stack(pair, axis=1) for pair in zip(window, whole, strict=True)]
    parts, every = [], np.zeros(len(transcripts), np.int64)
    for library, table in positions.items():
        counted = count_stranded(stranded_index(table), transcripts["chrom"].to_numpy(), strand, *edges)
        columns = {"transcript": transcripts["name"].to_numpy(), "library": library, "count": counted[:, 0]}
        parts.append(pd.DataFrame(columns))
        every += counted[:, 1]
    return UnitCounts(conform(pd.concat(parts, ignore_index=True), "transcript_counts"), every)
