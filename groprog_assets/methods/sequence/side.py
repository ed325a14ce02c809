"""What models read beside the bases of a window: numeric columns of a table of genes, and chromatin tracks along the window.

Files and tables in, arrays out.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as TypingSequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, ModelError, Problem, ReadsError
from groprog_assets.methods.reads.bigwig_track import Track, open_track
from groprog_assets.methods.reads.window_counts import tss_window
from groprog_assets.methods.sequence.baselines import Rung
from groprog_assets.methods.sequence.gene_tables import gene_columns
from groprog_assets.methods.sequence.windows import SPACER, Layout
from groprog_assets.study.schema import Mark
from groprog_assets.study.sequence_study import PER_BASE, Sequence, SideTable
from groprog_assets.tables.values import Document

ORIGIN = ("name", "cell_type", "build", "source")
"""What the card says of a channel."""

Matrix = NDArray[np.float64]


class SideInputs(NamedTuple):
    """columns (g, s): numbers of each gene, complete; tracks (g, c, width) float32: asinh of each channel at every base of the
    window, in the gene's direction."""

    columns: Matrix
    tracks: NDArray[np.float32]

    def rows(self, chosen: NDArray) -> SideInputs:
        """Those of the chosen genes, by mask or row numbers."""
        return SideInputs(self.columns[chosen], self.tracks[chosen])

    def for_rung(self, rung: str, layout: Layout) -> Matrix:
        """(g, s + ...) the columns that a rung reads behind the bases: of each channel every base (PER_BASE), or the mean of
        each stretch of the layout. A layout narrower than the tracks takes their first bases."""
        tracks = self.tracks[:, :, : layout.width]
        if rung in PER_BASE or not tracks.shape[1]:
            return np.hstack([self.columns, tracks.reshape(len(tracks), -1).astype(np.float64)])
        means = [
            tracks[:, :, start:end].mean(axis=2, dtype=np.float64)
            for edges in layout.stretches()
            for start, end in pairwise(edges)
        ]
        return np.hstack([self.columns, *means])


class StudySide(NamedTuple):
    """inputs of the study's genes; described: `columns` and `channels`, each with its name and what a model needs to read others
    alike, JSON-able."""

    inputs: SideInputs
    described: Document


def stored_side(stored: Mapping[str, Any] | None) -> StudySide | None:
    """The value of the asset `sequence_side`; None for a study that does not ask for one."""
    return None if stored is None else StudySide(SideInputs(**stored["inputs"]), stored["described"])


@runtime_checkable
class ReadsChannels(Protocol):
    """A rung that has to know how many tracks it reads base by base."""

    def with_channels(self, channels: int) -> Rung: ...


def with_channels(rung: Rung, channels: int) -> Rung:
    """The rung for genes with so many tracks; most rungs read what they are given."""
    return rung.with_channels(channels) if isinstance(rung, ReadsChannels) else rung


def study_side(section: Sequence, marks: TypingSequence[Mark], genes: pd.DataFrame, layout: Layout) -> StudySide:
    """The side columns and channels that a study's section asks for, of its genes (gene, chrom, strand, tss, tts) in their order.

    Raises AnnotationError, ReadsError as the readers do.
    """
    names = genes["gene"].tolist()
    columns: list[Document] = []
    matrix = np.empty((len(genes), 0))
    if section.side is not None:
        table = read_side_table(section.side)
        columns = described_columns(table, names)
        matrix = side_columns(table, names, columns)
    known = {mark.name: mark for mark in marks}
    channels = [{name: getattr(known[each], name) for name in ORIGIN} for each in section.channels]
    return StudySide(
        SideInputs(matrix, channel_tracks(marks, section.channels, genes, layout)),
        {"columns": columns, "channels": channels},
    )


def side_elsewhere(
    described: Document, table: SideTable | None, marks: TypingSequence[Mark], genes: pd.DataFrame, layout: Layout
) -> SideInputs | None:
    """What a fitted model reads beside the bases, of other genes; None for a model that reads nothing.

    described: as in its card; table: with the columns, or None. Raises ModelError, by name, for columns that the table lacks and
    channels that are no mark; AnnotationError as `read_side_table`.
    """
    columns, channels = described["columns"], [str(each["name"]) for each in described["channels"]]
    if not columns and not channels:
        return None
    names = [str(each["name"]) for each in columns]
    if names and table is None:
        rule = f"The model reads the side columns {', '.join(names)}."
        raise ModelError(Problem("side columns", "no table", rule, "Give a table with them: --side TABLE."))
    matrix = np.empty((len(genes), 0))
    if names and table is not None:
        asked = table.model_copy(update={"columns": names})
        held = read_side_table(asked)
        ids = genes["gene"].tolist()
        if not held.index.isin(ids).any():
            value = f"0 of {len(held)} ids are asked for: {', '.join(held.index[:3])} against {', '.join(ids[:3])}"
            rule = f"The table's column {table.id} names what is predicted."
            raise ModelError(Problem(str(table.table), value, rule, "Name its rows as the regions or sequences."))
        matrix = side_columns(held, ids, columns)
    return SideInputs(matrix, channel_tracks(marks, channels, genes, layout))


def read_side_table(given: SideTable) -> pd.DataFrame:
    """The numbers of a user's table, a row a gene, missing where a cell is empty or NA: every column but the id where none is
    named. Raises AnnotationError: missing columns, a gene twice, text, a column without any value."""
    table, problems = gene_columns(Path(given.table), given.id, given.columns, "sequence.side")
    for name in table.columns[~np.isfinite(table.to_numpy(float)).any(axis=0)]:
        rule = "A side column has numbers."
        problems.append(Problem(str(given.table), f"column {name} has none", rule, "Leave it out of the columns."))
    if not len(table.columns) and not problems:
        rule = "A side table has a column of genes and one of numbers or more."
        problems.append(Problem(str(given.table), "no further column", rule, "Add the numbers."))
    if problems:
        raise AnnotationError(problems)
    return table


def described_columns(table: pd.DataFrame, genes: list[str]) -> list[Document]:
    """Of each column its name, its mean over the genes, which stands for a missing value, and whether any of the genes misses it.

    Raises AnnotationError where no row of the table is one of the genes.
    """
    held = table.reindex(genes)
    if not held.index.isin(table.index).any():
        value = f"0 of {len(table)} ids are genes: {', '.join(table.index[:3])} against {', '.join(genes[:3])}"
        rule = "The table names the genes of the study."
        raise AnnotationError(Problem("sequence.side", value, rule, "Name another column as sequence.side.id."))
    return [
        {
            "name": str(name),
            "mean": float(held[name].mean()) if held[name].notna().any() else float(table[name].mean()),
            "missing": bool(held[name].isna().any()),
        }
        for name in table.columns
    ]


def side_columns(table: pd.DataFrame, genes: list[str], described: TypingSequence[Mapping[str, object]]) -> Matrix:
    """(g, s): the described columns of the genes, a missing value as the column's mean; behind them, for each column with missing
    values among the genes it was described with, 1 where it is missing."""
    held = table.reindex(genes)
    values = [held[str(each["name"])].fillna(float(str(each["mean"]))).to_numpy(float) for each in described]
    flags = [held[str(each["name"])].isna().to_numpy(float) for each in described if each["missing"]]
    return np.column_stack([*values, *flags]) if values else np.empty((len(genes), 0))


def typical_columns(count: int, described: TypingSequence[Mapping[str, object]]) -> Matrix:
    """(count, s): the means, nothing missing."""
    means = [float(str(each["mean"])) for each in described] + [0.0 for each in described if each["missing"]]
    return np.tile(np.array(means), (count, 1))


def channel_tracks(
    marks: TypingSequence[Mark], names: TypingSequence[str], genes: pd.DataFrame, layout: Layout
) -> NDArray[np.float32]:
    """(g, c, width): asinh of each named mark's track at every base of the genes' windows; a base without a value, outside the
    chromosome or between the windows counts 0.

    genes: chrom, strand, tss, tts. Raises ReadsError for tracks that cannot be read, ModelError for names that are no mark.
    """
    known = {mark.name: mark for mark in marks}
    if lacking := [name for name in names if name not in known]:
        rule = f"The study's marks are {', '.join(known) or 'none'}."
        raise ModelError(Problem("marks", f"no mark {lacking[0]}", rule, f"Give {', '.join(lacking)} as marks."))
    found = np.zeros((len(genes), len(names), layout.width), np.float32)
    problems: list[Problem] = []
    for number, name in enumerate(names):
        try:
            with open_track(known[name].bigwig) as track:
                _fill(found[:, number], track, genes, layout)
        except ReadsError as error:
            problems += error.problems
    if problems:
        raise ReadsError(problems)
    return np.arcsinh(found)


def _fill(out: NDArray[np.float32], track: Track, genes: pd.DataFrame, layout: Layout) -> None:
    chrom, strand = genes["chrom"].to_numpy(), genes["strand"].to_numpy()
    places = [("tss", layout.tss, 0)]
    if layout.tts is not None:
        places.append(("tts", layout.tts, sum(layout.tss) + SPACER))
    for site, (before, after), column in places:
        starts, ends = tss_window(genes[site].to_numpy(), strand, -before, after)
        for row, (name, start, end) in enumerate(zip(chrom, starts.tolist(), ends.tolist(), strict=True)):
            low, high = max(start, 0), min(end, track.lengths.get(name, 0))
            if low >= high:
                continue
            held = np.zeros(end - start, np.float32)
            held[low - start : high - start] = np.nan_to_num(track.values(name, low, high))
            out[row, column : column + before + after] = held[::-1] if strand[row] == "-" else held
