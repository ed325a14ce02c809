"""The initiation region that is called at a place of the study file. Tables in, places out.

A region is named by where it lies: its name in the tables counts the regions before it, so it changes when the data do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.study.intervals import Place
from groprog_assets.tables.values import Document

SIDES = {"+": "plus", "-": "minus"}


class CalledRegion(NamedTuple):
    """windows: strand -> 0-based half-open (start, end) in which the reads of a side are counted, of the strands that are meant;
    start, end: all windows together; document: JSON-able, what is called there and how many other regions lie at the place."""

    windows: dict[str, tuple[int, int]]
    start: int
    end: int
    document: Document


def called_region(place: Place, regions: pd.DataFrame, counting_window: int) -> CalledRegion | None:
    """The region of `initiation_regions` with the highest score that touches the place, of equal scores the first; else None.

    With a strand, only regions that start on it count, and only that side of a pair is meant. Windows are those of the region's
    counts: counting_window bp from the 5' base of each side.
    """
    here = regions[(regions["chrom"] == place.chrom) & (regions["start"] < place.end) & (regions["end"] > place.start)]
    if place.strand:
        here = here[here[f"{SIDES[place.strand]}_five_prime"].notna()]
    if here.empty:
        return None
    row = here.iloc[int(np.argmax(here["score"].to_numpy()))]
    windows = {}
    for strand, side in SIDES.items():
        base = row[f"{side}_five_prime"]
        if pd.notna(base) and place.strand in ("", strand):
            first = int(base) if strand == "+" else int(base) - counting_window + 1
            windows[strand] = (max(first, 0), first + counting_window)
    start, end = min(first for first, _ in windows.values()), max(last for _, last in windows.values())
    q_value = row["q_pair"]
    document: Document = {
        "name": str(row["name"]),
        "interval": f"{row['chrom']}:{row['start'] + 1}-{row['end']}",
        "kind": str(row["kind"]),
        "class": str(row["class"]),
        "claim": str(row["claim"]),
        "q_pair": None if pd.isna(q_value) else float(q_value),
        "others_at_the_place": len(here) - 1,
    }
    return CalledRegion(windows, start, end, document)
