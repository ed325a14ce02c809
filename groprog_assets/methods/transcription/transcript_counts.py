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


def count_transcripts(
    transcripts: pd.DataFrame, positions: Mapping[str, Positions], parameters: DifferentialParameters
) -> pd.DataFrame:
    """Reads of every unit in every library, on the unit's strand: table `transcript_counts`, libraries in the given order."""
    strand = transcripts["strand"].to_numpy()
    window = counting_windows(
        transcripts["start"].to_numpy(),
        transcripts["end"].to_numpy(),
        strand,
        offset=parameters.counting_offset,
        size=parameters.counting_size,
    )
    parts = []
    for library, table in positions.items():
        counted = count_stranded(
            stranded_index(table), transcripts["chrom"].to_numpy(), strand, window.start, window.end
        )
        parts.append(pd.DataFrame({"transcript": transcripts["name"].to_numpy(), "library": library, "count": counted}))
    return conform(pd.concat(parts, ignore_index=True), "transcript_counts")
