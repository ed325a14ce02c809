"""Consensus genes: one interval per gene from its annotated transcripts (groHMM 1.41 makeConsensusAnnotations).

Tables in, tables out. The method uses sorting and running maxima, and takes a fraction of a second for a whole genome.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.tables import conform


def consensus_annotation(gene_models: pd.DataFrame, minimum_gap: int = 1, minimum_width: int = 1000) -> pd.DataFrame:
    """Table `consensus`: non-overlapping intervals on each strand, at most one a gene, by chromosome and start.

    A gene with one transcript keeps it. Of several, the longest region that two or more share (none: the longest
    transcript); on several strands or chromosomes, the longest transcript. Equal and contained intervals of the same strand
    are dropped, of equal ones the later in the table. Genes that still overlap are cut at their 3' end, `minimum_gap` bp
    (>= 0, counted as in groHMM: 1 makes them abut) before the next; intervals under `minimum_width` bp are dropped last.
    Transcripts without a gene are ignored. Empty input gives an empty table.
    """
    frame = gene_models[gene_models["gene"].astype("str") != ""].reset_index(drop=True)
    chrom, chrom_names = pd.factorize(frame["chrom"].astype("str"))
    lane = chrom * 2 + (frame["strand"].to_numpy() == "-")
    gene, gene_names = pd.factorize(frame["gene"].astype("str"))
    start, end = frame["start"].to_numpy(np.int64), frame["end"].to_numpy(np.int64)

    transcripts = np.bincount(gene, minlength=len(gene_names))
    alone = transcripts[gene] == 1
    singles = _Intervals(lane[alone], start[alone], end[alone], gene[alone])
    isoforms = _shared_regions(_Intervals(lane[~alone], start[~alone], end[~alone], gene[~alone]))

    isoforms = isoforms.take(~isoforms.contained())
    singles = singles.take(~singles.contained())
    singles = singles.take(~singles.within(isoforms))
    isoforms = isoforms.take(~isoforms.within(singles))

    both = _Intervals(*(np.concatenate(pair) for pair in zip(singles.columns(), isoforms.columns(), strict=True)))
    both = both.take(np.lexsort((both.end, both.start, both.lane)))
    start, end = both.start.copy(), both.end.copy()
    meets = (both.lane[:-1] == both.lane[1:]) & (both.end[:-1] > both.start[1:])
    plus = both.lane[:-1] % 2 == 0
    end[:-1] = np.where(meets & plus, both.start[1:] + 1 - minimum_gap, end[:-1])
    start[1:] = np.where(meets & ~plus, both.end[:-1] + minimum_gap - 1, start[1:])
    wide = end - start >= minimum_width
    order = np.flatnonzero(wide)
    order = order[np.lexsort((both.lane[order] % 2, end[order], start[order], both.lane[order] // 2))]
    table = pd.DataFrame(
        {
            "chrom": np.asarray(chrom_names, dtype=object)[both.lane[order] // 2],
            "start": start[order],
            "end": end[order],
            "strand": np.where(both.lane[order] % 2 == 0, "+", "-"),
            "gene": np.asarray(gene_names, dtype=object)[both.gene[order]],
            "kind": np.where(transcripts[both.gene[order]] == 1, "single", "isoforms"),
        }
    )
    return conform(table, "consensus")


class _Intervals:
    """lane = 2 * chromosome + (1 on the minus strand); start, end bp; gene number. All (n,)."""

    def __init__(self, lane: NDArray, start: NDArray, end: NDArray, gene: NDArray):
        self.lane, self.start, self.end, self.gene = lane, start, end, gene

    def columns(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        return self.lane, self.start, self.end, self.gene

    def take(self, rows: NDArray) -> _Intervals:
        return _Intervals(*(column[rows] for column in self.columns()))

    def _reach(self) -> tuple[NDArray, NDArray]:
        """Order by lane, start and descending length, and the largest end so far in that order within each lane."""
        order = np.lexsort((-self.end, self.start, self.lane))
        return order, np.maximum.accumulate(_global(self.lane[order], self.end[order]))

    def contained(self) -> NDArray[np.bool_]:
        """(n,) within another interval of the lane; of equal ones all but the first."""
        result = np.zeros(len(self.lane), dtype=bool)
        if len(self.lane) > 1:
            order, reach = self._reach()
            result[order[1:]] = _global(self.lane[order[1:]], self.end[order[1:]]) <= reach[:-1]
        return result

    def within(self, others: _Intervals) -> NDArray[np.bool_]:
        """(n,) equal to or within an interval of `others`."""
        if not len(others.lane):
            return np.zeros(len(self.lane), dtype=bool)
        order, reach = others._reach()
        starts = _global(others.lane[order], others.start[order])
        place = np.searchsorted(starts, _global(self.lane, self.start), side="right") - 1
        return (place >= 0) & (reach[np.maximum(place, 0)] >= _global(self.lane, self.end))


def _global(lane: NDArray, position: NDArray) -> NDArray[np.int64]:
    """Positions on one axis that holds every lane, in order of lanes."""
    return (lane.astype(np.int64) << 40) + position


def _shared_regions(transcripts: _Intervals) -> _Intervals:
    """One interval a gene of several transcripts, in order of the genes' first transcripts."""
    lane, start, end, gene = transcripts.columns()
    if not len(lane):
        return transcripts
    # the longest transcript, the first of equals
    order = np.lexsort((np.arange(len(gene)), start - end, gene))
    longest = order[np.r_[True, np.diff(gene[order]) != 0]]
    names = gene[longest]
    best_lane, best_start, best_end = lane[longest].copy(), start[longest].copy(), end[longest].copy()
    slot = np.searchsorted(names, gene)
    several_lanes = np.zeros(len(names), dtype=bool)
    several_lanes[slot[lane != best_lane[slot]]] = True
    # depth along each gene; openings before closings, so that abutting regions are one
    rows = np.flatnonzero(~several_lanes[slot])
    position = np.concatenate([start[rows], end[rows]])
    change = np.repeat([1, -1], len(rows))
    owner = np.concatenate([slot[rows], slot[rows]])
    order = np.lexsort((-change, position, owner))
    position, change, owner = position[order], change[order], owner[order]
    depth = np.cumsum(change)
    opens = np.flatnonzero((depth == 2) & (change == 1))
    closes = np.flatnonzero((depth == 1) & (change == -1))
    width = position[closes] - position[opens]
    # abutting transcripts meet in no base
    opens, closes, width = opens[width > 0], closes[width > 0], width[width > 0]
    order = np.lexsort((np.arange(len(opens)), -width, owner[opens]))
    order = order[np.r_[True, np.diff(owner[opens][order]) != 0]] if len(order) else order
    shared = owner[opens][order]
    best_start[shared], best_end[shared] = position[opens][order], position[closes][order]
    return _Intervals(best_lane, best_start, best_end, names)
