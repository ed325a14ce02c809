"""Contributions of a study's genes: tables and bigWig tracks, each gene explained by the model that never saw its fold.

Tables and models in, tables and bytes out.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.reads.bigwig_format import write_points
from groprog_assets.methods.sequence.contributions import explains, held_out_contributions
from groprog_assets.methods.sequence.published_model import PublishedModel
from groprog_assets.methods.sequence.side import StudySide
from groprog_assets.methods.sequence.windows import SPACER, Layout, view_layout
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

Codes = NDArray[np.uint8]


class Attributions(NamedTuple):
    """table: `sequence_attributions`; tracks: {task: bigWig}; summary: JSON-able, with the view, its rung, whether it explains
    itself, and the largest gap as a share of the difference it should equal."""

    table: pd.DataFrame
    tracks: dict[str, bytes]
    summary: Document


def explained_view(model: PublishedModel) -> str:
    """The view that is explained, as variants are scored: `promoter`, or the model's only one."""
    return explained_view_of(list(model.predictors))


def explained_view_of(views: Sequence[str]) -> str:
    """`promoter` where it is among the views, else the first."""
    return "promoter" if "promoter" in views else views[0]


def study_attributions(
    model: PublishedModel,
    genes: pd.DataFrame,
    codes: Codes,
    chrom_sizes: Mapping[str, int],
    progress: Callable[[str], object] = str,
    side: StudySide | None = None,
) -> Attributions:
    """Contributions of the genes' windows to every task.

    genes: gene, chrom, strand, tss, tts and `fold`, in the order of codes (g, width). A track has the mean over the genes whose
    window covers a base, in genome orientation: the value belongs to the base pair, whichever strand the gene is on. A model
    whose rung does not explain itself gives empty tables. side: what the model reads beside the bases, of the same genes; it
    belongs to no base, so a window's background has the same.
    """
    view = explained_view(model)
    layout = view_layout(model.layout, view, model.parameters)
    rung = model.card["champions"][view]
    inputs = None if side is None else side.inputs
    parts: list[pd.DataFrame] = []
    tracks: dict[str, bytes] = {}
    for task, name in enumerate(model.tasks) if explains(rung, model.parameters) else ():
        track = MeanTrack(genes, layout, chrom_sizes)
        for found in held_out_contributions(model, view, codes, genes["fold"].to_numpy(), task, inputs):
            total = found.contributions.observed.sum(axis=1, dtype=np.float64)
            part = {
                "gene": genes["gene"].to_numpy()[found.rows],
                "task": name,
                "fold": genes["fold"].to_numpy()[found.rows],
            }
            parts.append(
                pd.DataFrame({**part, "difference": found.difference, "sum": total, "gap": total - found.difference})
            )
            track.add(found.rows, found.contributions.observed, codes[found.rows, : layout.width])
        tracks[name] = track.written()
        progress(f"contributions to {name}")
    empty = pd.DataFrame(columns=["gene", "task", "fold", "difference", "sum", "gap"])
    table = conform(pd.concat(parts, ignore_index=True) if parts else empty, "sequence_attributions")
    spread = float(table["difference"].std()) if len(table) > 1 else 0.0
    gap = float(table["gap"].abs().max()) if len(table) else 0.0
    summary: Document = {
        "view": view,
        "rung": rung,
        "explained": explains(rung, model.parameters),
        "genes": len(genes) if parts else 0,
        "largest_gap": gap,
        "gap_share": gap / spread if spread > 0 else 0.0,
    }
    return Attributions(table, tracks, summary)


def track_name(task: str) -> str:
    """The file name of a task's track, without suffix: letters that a file system may not take become `_`."""
    return re.sub(r"[^0-9A-Za-z_.+-]", "_", task)


class MeanTrack:
    """The mean over windows of values along the genome; only bases that a window covers take memory."""

    def __init__(self, genes: pd.DataFrame, layout: Layout, chrom_sizes: Mapping[str, int]):
        self._sizes = dict(chrom_sizes)
        self._chrom = genes["chrom"].to_numpy(object)
        self._plus = genes["strand"].to_numpy() == "+"
        self._parts = []
        places = [("tss", layout.tss, 0)]
        if layout.tts is not None:
            places.append(("tts", layout.tts, sum(layout.tss) + SPACER))
        for site, (before, after), column in places:
            at = genes[site].to_numpy(np.int64)
            self._parts.append((np.where(self._plus, at - before, at - after + 1), before + after, column))
        self._position: dict[str, NDArray[np.int64]] = {}
        for chrom in dict.fromkeys(self._chrom):
            here = self._chrom == chrom
            start = np.concatenate([first[here] for first, _, _ in self._parts])
            end = np.concatenate([first[here] + width for first, width, _ in self._parts])
            self._position[chrom] = _union(np.maximum(start, 0), np.minimum(end, self._sizes[chrom]))
        self._total = {chrom: np.zeros(len(position)) for chrom, position in self._position.items()}
        self._count = {chrom: np.zeros(len(position), np.int32) for chrom, position in self._position.items()}

    def add(self, rows: NDArray[np.int64], values: NDArray[np.floating], codes: Codes) -> None:
        """Add values (n, width) of the windows of some genes; bases of code 4 in `codes` (n, width) are left out."""
        for row, value, code in zip(rows, values, codes, strict=True):
            chrom = self._chrom[row]
            for start, width, column in self._parts:
                one, known = value[column : column + width], code[column : column + width] < 4
                if not self._plus[row]:
                    one, known = one[::-1], known[::-1]
                first = int(start[row])
                low, high = max(first, 0), min(first + width, self._sizes[chrom])
                if low >= high:
                    continue
                at = int(np.searchsorted(self._position[chrom], low))
                here, inside = slice(at, at + high - low), slice(low - first, high - first)
                self._total[chrom][here] += np.where(known[inside], one[inside], 0)
                self._count[chrom][here] += known[inside]

    def written(self) -> bytes:
        """The bigWig of the means; bases that no window covers, or that are unknown, have no value."""
        points = {}
        for chrom, position in self._position.items():
            held = self._count[chrom] > 0
            points[chrom] = (position[held], self._total[chrom][held] / self._count[chrom][held])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "track.bw"
            write_points({path: 1.0}, self._sizes, points)
            return path.read_bytes()


def _union(start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """(b,) every base that one of the intervals [start, end) covers, rising; intervals without bases are left out."""
    held = start < end
    order = np.argsort(start[held], kind="stable")
    start, reach = start[held][order], np.maximum.accumulate(end[held][order])
    if not len(start):
        return np.empty(0, np.int64)
    apart = start[1:] > reach[:-1]
    return np.concatenate(
        [np.arange(a, b) for a, b in zip(start[np.r_[True, apart]], reach[np.r_[apart, True]], strict=True)]
    )
