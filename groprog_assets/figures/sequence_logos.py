"""Logos: letters as high as the information, or the contribution, of each base. Matrices and tables in, figures out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.figures.numbers import fixed
from groprog_assets.figures.style import NEUTRAL, new_figure, say_empty, style
from groprog_assets.wording import count_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"A": "#009E73", "C": "#0072B2", "G": "#E69F00", "T": "#D55E00"}
ACROSS = 4


def draw_logo(axes: Axes, heights: NDArray[np.float64]) -> None:
    """Letters of `heights` (4, w), rows A, C, G, T: those above 0 stand on the line, the largest on top; those below 0 hang."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    font = FontProperties(family="DejaVu Sans", weight="bold")
    letters = {letter: TextPath((0, 0), letter, size=1, prop=font) for letter in COLOURS}
    for place, column in enumerate(heights.T):
        for sign in (1, -1):
            reach = 0.0
            for base in np.argsort(np.abs(column), kind="stable"):
                height = float(column[base])
                if height * sign <= 0:
                    continue
                letter = "ACGT"[base]
                path = letters[letter]
                box = path.get_extents()
                move = (
                    Affine2D()
                    .translate(-box.x0, -box.y0)
                    .scale(0.92 / box.width, abs(height) / box.height)
                    .translate(place + 0.04, reach if sign > 0 else -reach - abs(height))
                )
                axes.add_patch(PathPatch(move.transform_path(path), facecolor=COLOURS[letter], linewidth=0))
                reach += abs(height)
    totals = np.where(heights > 0, heights, 0).sum(axis=0), np.where(heights < 0, heights, 0).sum(axis=0)
    axes.set_xlim(0, heights.shape[1])
    low, high = float(totals[1].min(initial=0)), float(totals[0].max(initial=0))
    axes.set_ylim(low * 1.05, high * 1.05 if high > low else 1)


def information(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """(4, w) heights in bits: probabilities (4, w) times the information of their column over equal shares."""
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = np.where(matrix > 0, matrix * np.log2(matrix * 4), 0).sum(axis=0)
    return matrix * np.maximum(bits, 0)


def motif_logos(rows: pd.DataFrame, matrices: Mapping[str, NDArray[np.float64]], seqlets: pd.DataFrame) -> Figure:
    """A panel a motif of `rows` (of `sequence_motifs`): its logo in bits; above it task, effect, z on held-out genes, place;
    below it what each of its `seqlets` (of `sequence_seqlets`) contributes, by its distance from the TSS."""
    with style():
        down = max(-(-len(rows) // ACROSS), 1)
        figure, axes = new_figure(
            (11.0, 2.5 * down + 0.4), 2 * down, ACROSS, squeeze=False, height_ratios=[1.45, 1.0] * down
        )
        panels, below = list(axes[::2].ravel()), list(axes[1::2].ravel())
        held = dict(iter(seqlets.groupby("motif")))
        if rows.empty:
            say_empty(panels[0], "No motif has the sign of its effect on held-out genes.")
        for panel, row in zip(panels, rows.to_dict("records"), strict=False):
            draw_logo(panel, information(matrices[row["motif"]]))
            panel.set_ylim(0, 2)
            panel.set_xticks([])
            panel.set_yticks([0, 2])
            panel.set_title(
                f"{row['task']}: effect {fixed(row['effect'], 2)}, z {fixed(row['z_held_out'], 1)}\n"
                f"{count_of(row['seqlets'], 'seqlet')}, {row['position']:+.0f} bp {row['best_match']}".rstrip(),
                fontsize=7.5,
            )
        for panel, motif in zip(below, rows["motif"], strict=False):
            own = held.get(motif)
            if own is not None:
                middle = own["offset"] + (own["end"] - own["start"]) / 2
                panel.scatter(middle, own["contribution"], s=6, alpha=0.5, lw=0, color=NEUTRAL)
            panel.axhline(0, color=NEUTRAL, linewidth=0.6)
            panel.set_xlabel("bp from the TSS", fontsize=7)
            panel.tick_params(labelsize=6.5)
        for panel in (*panels[max(len(rows), 1) :], *below[len(rows) :]):
            panel.set_axis_off()
    return figure


def window_contributions(
    position: NDArray[np.int64], codes: NDArray[np.uint8], tracks: Mapping[str, NDArray]
) -> Figure:
    """One gene: for each task the contribution of every base (L,) by its position from the TSS (L,), and beside it the letters of
    the 60 bp that contribute most. codes (L,) of the window in the gene's direction."""
    with style():
        figure, axes = new_figure((12.0, 1.7 * max(len(tracks), 1) + 0.4), max(len(tracks), 1), 2, squeeze=False)
        for (whole, close), (task, values) in zip(axes, tracks.items(), strict=True):
            whole.bar(position, values, width=1.0, color=NEUTRAL, linewidth=0)
            whole.set_title(task)
            whole.set_xlim(position[0], position[-1])
            sums = np.convolve(np.abs(values), np.ones(min(60, len(values))), "valid")
            first = int(sums.argmax())
            part = slice(first, first + min(60, len(values)))
            whole.axvspan(position[first], position[part.stop - 1], color=COLOURS["G"], alpha=0.2, linewidth=0)
            letters = np.zeros((4, part.stop - part.start))
            for place, (code, value) in enumerate(zip(codes[part], values[part], strict=True)):
                if code < 4:
                    letters[code, place] = value
            draw_logo(close, letters)
            ticks = np.arange(0, letters.shape[1], 10)
            close.set_xticks(ticks + 0.5, [f"{position[first + tick]:+d}" for tick in ticks])
            close.set_title("the 60 bp that contribute most")
        for panel in axes[-1]:
            panel.set_xlabel("bp from the TSS")
    return figure
