"""Metagene profile around the TSS in base pairs, above the heat map of its genes (fig. 4). Tables in, a figure out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.figures.style import SOFT_INK, coloured_rows, condition_colours, new_figure, say_empty, style
from groprog_assets.wording import count_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMOOTHING = 25


class HeatMap(Protocol):
    """What a heat map holds: offset (b+1,) bin edges in bp; sense (g, b) reads per million, brightest gene first."""

    offset: NDArray[np.int64]
    sense: NDArray[np.float64]


def tss_profile(
    profile: pd.DataFrame, control: str, treatment: str, heat_maps: Mapping[str, HeatMap] | None = None
) -> Figure:
    """Sense above zero, antisense below, one line a condition; below it one heat map a condition on one colour scale.

    `profile` is the tss_profile table (reads per gene per million at each bp), drawn as a 25-bp running mean; `heat_maps`
    {condition: heat map}, each gene a row, colour log2(1 + reads per million) cut at the 99 % quantile of all. Without heat
    maps only the curves are drawn; an empty table is said in the figure. Source: paper figure 4.
    """
    with style():
        heat_maps = heat_maps or {}
        names = [name for name in (control, treatment) if name in heat_maps]
        rows = 1 + bool(names)
        figure, grid = new_figure(
            (8.2, 3.4 if rows == 1 else 6.4),
            rows,
            max(len(names), 1),
            squeeze=False,
            height_ratios=[1.0, 1.3][:rows],
        )
        for spare in grid[0, 1:]:
            spare.remove()
        spec = grid[0, 0].get_gridspec()
        grid[0, 0].remove()
        axes = figure.add_subplot(spec[0, :])
        if not len(profile):
            say_empty(axes, "No gene has reads around its transcription start site.")
            return figure
        colours = condition_colours(list(dict.fromkeys(profile["condition"])), control, treatment)
        for (condition, orientation), part in profile.groupby(["condition", "orientation"], sort=False):
            sense = orientation == "sense"
            signal = part["signal"].rolling(SMOOTHING, center=True, min_periods=1).mean() * (1 if sense else -1)
            axes.plot(part["offset"], signal, color=colours[str(condition)], lw=1.3, label=condition if sense else None)
        axes.axhline(0, color=SOFT_INK, lw=0.8)
        axes.axvline(0, color=SOFT_INK, lw=0.8, ls=":")
        axes.set_xlim(profile["offset"].min(), profile["offset"].max() + 1)
        axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
        axes.set_ylabel("Reads per gene per million\nantisense | sense")
        axes.set_title(f"Signal around the transcription start site ({SMOOTHING}-bp mean)")
        axes.set_xlabel("" if names else "Distance from the start site (bp)")
        axes.legend(loc="upper right")
        if names:
            shown = {name: np.log2(1 + heat_maps[name].sense) for name in names}
            top = max(float(np.quantile(np.concatenate([m.ravel() for m in shown.values()]), 0.99)), 1e-9)
            for panel, name in zip(grid[1], names, strict=True):
                edges = heat_maps[name].offset
                image = coloured_rows(panel, shown[name], (edges[0], edges[-1]), top)
                panel.set_title(name, color=colours[name])
                panel.set_xlabel("Distance from the start site (bp)")
                panel.set_yticks([])
                panel.set_ylabel(count_of(len(shown[name]), "gene") if name == names[0] else "")
            figure.colorbar(image, ax=list(grid[1]), shrink=0.8, label="log2(1 + sense reads per million)")
        return figure
