"""Figures 7 and 8: stranded tracks of one key locus with marks and genes. Tables in, a figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from groprog_assets.figures.style import (
    INK,
    NEUTRAL,
    SERIES,
    SOFT_INK,
    UP,
    condition_colours,
    new_figure,
    say_empty,
    style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_GENE_ROWS = 6
LABEL_ROOM = 0.08  # of the width: what a gene symbol needs beside its bar
SCALE_QUANTILE, CUT_RATIO = 0.98, 3.0
"""The y-range holds this share of the windows with reads; where the highest is over CUT_RATIO times as high, it is cut."""
FEWEST_READS = 10
"""Fewest reads, both conditions together, for a fold change to be told."""
LABEL_BOX = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.2}


def locus_tracks(
    locus: str, table: pd.DataFrame, tracks: pd.DataFrame, genes: pd.DataFrame, control: str, treatment: str
) -> Figure:
    """One panel a condition (+ above zero, − below, one y-range for all), one a mark, the genes below; a scale bar.

    `table` is the loci table, `tracks` the locus_tracks table (reads per million per window; marks with strand "."), `genes` the
    genes table. Where one peak is much higher than the rest, the range is that of the rest: the peak is cut, marked by a
    triangle and its height is written beside it. A locus that cannot be trusted carries the warning in its title. A locus
    without tracks is said in the figure. An interval or region that does not fill the figure is shaded. Source: paper
    figures 7 and 8.
    """
    with style():
        held = tracks[tracks["locus"] == locus]
        conditions = list(dict.fromkeys(held.loc[held["strand"] != ".", "condition"]))
        conditions.sort(key=lambda name: (name != control, name != treatment))
        marks = list(dict.fromkeys(held.loc[held["strand"] == ".", "condition"]))
        heights = [1.3] * len(conditions) + [0.6] * len(marks) + [0.5]
        figure, grid = new_figure(
            (8.2, 1.0 + sum(heights)), len(heights), 1, squeeze=False, sharex=True, height_ratios=heights
        )
        panels = list(grid[:, 0])
        if held.empty:
            say_empty(panels[0], f"No track was made for {locus}.")
            return figure
        chrom = str(table.loc[table["locus"] == locus, "chrom"].iloc[0])
        start, end = int(held["start"].min()), int(held["end"].max())
        colours = condition_colours(conditions, control, treatment)
        top = signal_range(held.loc[held["strand"] != ".", "signal"].to_numpy(float))
        for axes, condition in zip(panels, conditions, strict=False):
            part = held[held["condition"] == condition]
            _stranded(axes, part, colours[condition], top)
            axes.text(
                0.005, 0.95, condition, transform=axes.transAxes, va="top", color=colours[condition], weight="bold"
            )
        for axes, mark, colour in zip(panels[len(conditions) :], marks, SERIES[2:] * len(marks), strict=False):
            part = held[held["condition"] == mark]
            axes.fill_between(part["start"], part["signal"], step="post", color=colour, lw=0)
            axes.set_ylim(0, float(part["signal"].max() or 0) * 1.1 or 1.0)
            axes.text(
                0.005,
                0.92,
                mark,
                bbox=LABEL_BOX,
                transform=axes.transAxes,
                va="top",
                color=colour,
                weight="bold",
                fontsize=8,
            )
        _genes(panels[-1], genes_within(genes, chrom, start, end), start, end)
        panels[-1].set_xlim(start, end)
        decimals = _decimals(np.diff(panels[-1].get_xticks()[:2])[0] / 1e6)
        panels[-1].xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:.{decimals}f}")
        _band(panels[:-1], table[table["locus"] == locus], genes_within(genes, chrom, start, end), start, end)
        panels[-1].set_xlabel(f"{chrom} (Mb)")
        panels[len(conditions) // 2].set_ylabel(
            "Reads per million per window", fontsize=8, y=0.5 if len(conditions) % 2 else 1.0
        )
        for axes in panels[len(conditions) : len(conditions) + len(marks)]:
            axes.set_ylabel("signal", fontsize=7)
        _scale_bar(panels[0], start, end)
        reliable = bool(table.loc[table["locus"] == locus, "reliable"].all())
        panels[0].set_title(
            _title(locus, table)
            if reliable
            else f"{locus}: not reliable: masked, in several places, or no region called",
            color=INK if reliable else UP,
        )
        return figure


def _decimals(step: float) -> int:
    """The fewest decimals, one to six, that show a multiple of `step` exactly."""
    return next((number for number in range(1, 6) if abs(round(step, number) - step) < 1e-9), 6)


def _band(panels: list[Axes], rows: pd.DataFrame, near: pd.DataFrame, start: int, end: int) -> None:
    """Shade the locus where it is narrower than the figure and no gene, which its bar shows already."""
    first, last = int(rows["start"].iloc[0]), int(rows["end"].iloc[0])
    a_gene = ((near["start"] == first) & (near["end"] == last)).any()
    if a_gene or (first <= start and last >= end):
        return
    for axes in panels:
        axes.axvspan(first, last, color=NEUTRAL, alpha=0.25, lw=0, zorder=0)


def genes_within(genes: pd.DataFrame, chrom: str, start: int, end: int) -> pd.DataFrame:
    """The genes that reach into [start, end): gene, strand, and `start`, `end` from the dominant TSS to the TTS. By start, gene.

    Not the consensus interval, which a gene with several isoforms may have far from where its transcription begins.
    """
    ends = np.sort(genes[["tss", "tts"]].to_numpy(np.int64).reshape(-1, 2), axis=1)
    spans = genes[["chrom", "strand", "gene"]].assign(start=ends[:, 0], end=ends[:, 1] + 1)
    near = (spans["chrom"] == chrom) & (spans["start"] < end) & (spans["end"] > start)
    return spans[near].sort_values(["start", "gene"])


def with_enough_reads(table: pd.DataFrame) -> pd.DataFrame:
    """The loci table without fold changes of strands with under FEWEST_READS reads at the locus, both conditions together."""
    counted = table["count"].where(table["log2_fold_change"].notna(), 0)
    reads = counted.groupby([table["locus"], table["strand"]]).transform("sum")
    return table.assign(log2_fold_change=table["log2_fold_change"].where(reads >= FEWEST_READS))


def sentence(text: str) -> str:
    """A reason as a sentence: a capital first and a full stop last, unless it ends otherwise; empty for none."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}" + ("" if not text or text[-1] in ".?!…" else ".")


def signal_range(signal: np.ndarray) -> float:
    """Upper end of the y-range: the highest window, or the SCALE_QUANTILE of windows with reads where that is much lower."""
    read = signal[np.isfinite(signal) & (signal > 0)]
    if not len(read):
        return 1.0
    highest, common = float(read.max()), float(np.quantile(read, SCALE_QUANTILE, method="lower"))
    return (highest if highest <= CUT_RATIO * common else 1.25 * common) * 1.08


def _title(locus: str, table: pd.DataFrame) -> str:
    own = table[table["locus"] == locus]
    if own["log2_fold_change"].isna().all():
        return locus
    rows = with_enough_reads(own).dropna(subset="log2_fold_change")
    if rows.empty:
        return f"{locus}: too few reads for a fold change"
    strand = rows.groupby("strand")["count"].sum().idxmax()
    fold = f"{float(rows.loc[rows['strand'] == strand, 'log2_fold_change'].iloc[0]):+.2f}".replace("-", "−")
    return f"{locus}: log2 fold change {fold} on the {'plus' if strand == '+' else 'minus'} strand"


def _stranded(axes: Axes, part: pd.DataFrame, colour: str, top: float) -> None:
    for strand, sign in (("+", 1), ("-", -1)):
        side = part[part["strand"] == strand]
        axes.fill_between(
            side["start"], sign * side["signal"], step="post", color=colour, lw=0.4, alpha=1 if sign > 0 else 0.6
        )
        cut = side[side["signal"] > top]
        if len(cut):
            edge, down = 0.88 * sign * top, sign < 0
            middle, height = (cut["start"] + cut["end"]).to_numpy() / 2, cut["signal"].to_numpy()
            axes.plot(middle, [edge] * len(cut), "v" if down else "^", color=colour, markersize=4)
            text = f"{height.max():,.0f}"
            top_most = (middle[height.argmax()], edge)
            axes.annotate(
                text,
                top_most,
                xytext=(4, 0),  # right of the arrow, not under it
                textcoords="offset points",
                va="center",
                fontsize=7,
                color=SOFT_INK,
            )
    axes.axhline(0, color=SOFT_INK, lw=0.6)
    axes.set_ylim(-top, top)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.text(0.995, 0.95, "+", transform=axes.transAxes, va="top", ha="right", color=SOFT_INK)
    axes.text(0.995, 0.05, "−", transform=axes.transAxes, va="bottom", ha="right", color=SOFT_INK)


def _genes(axes: Axes, genes: pd.DataFrame, start: int, end: int) -> None:
    axes.set_yticks([])
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    rows: list[float] = []
    gene: Any
    for gene in genes.itertuples():
        left, right = max(gene.start, start), min(gene.end, end)
        room = left - LABEL_ROOM * (end - start)
        row = next((i for i, reach in enumerate(rows) if reach < room), len(rows))
        if row == len(rows):
            if row == MOST_GENE_ROWS:
                continue
            rows.append(right)
        rows[row] = right
        axes.plot([left, right], [-row, -row], color=INK, lw=3, solid_capstyle="butt")
        beside = left - start > LABEL_ROOM * (end - start)
        arrow = "\u2192" if gene.strand == "+" else "\u2190"
        axes.text(
            left,
            -row,
            f"{gene.gene} {arrow} ",
            ha="right" if beside else "left",
            va="center" if beside else "bottom",
            fontsize=7,
            color=INK,
            clip_on=True,
        )
    axes.set_ylim(-max(len(rows), 1) + 0.4, 0.8)
    if not rows:
        axes.text(0.5, 0.5, "no genes", transform=axes.transAxes, ha="center", va="center", fontsize=7, color=NEUTRAL)


def _scale_bar(axes: Axes, start: int, end: int) -> None:
    span = (end - start) / 5
    length = 10 ** np.floor(np.log10(max(span, 1)))
    length *= max(step for step in (1, 2, 5) if step * length <= max(span, 1))
    right = end - (end - start) * 0.03
    axes.plot([right - length, right], [0.86, 0.86], transform=axes.get_xaxis_transform(), color=INK, lw=1.5)
    text = f"{length / 1000:g} kb" if length >= 1000 else f"{length:g} bp"
    axes.text(right - length / 2, 0.9, text, transform=axes.get_xaxis_transform(), ha="center", fontsize=7)
