"""Initiation regions: the start profile, signal around pairs, classes, and the response. Tables in, figures out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.figures.style import (
    CONTROL,
    DOWN,
    INK,
    NEUTRAL,
    SERIES,
    SOFT_INK,
    TREATMENT,
    UP,
    WIDE,
    coloured_rows,
    condition_colours,
    new_figure,
    say_empty,
    scatter,
    style,
)
from groprog_assets.tables.values import Document
from groprog_assets.wording import count_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOTHING = "No initiation regions were called."
CLASSES = (
    ("distal pair", "distal", False, SERIES[2]),
    ("proximal pair", "proximal", False, SERIES[0]),
    ("distal single start", "distal", True, SERIES[4]),
    ("proximal single start", "proximal", True, SERIES[5]),
)
CONFIDENCE = ("strong", "medium", "weak", "ranked")


def start_profile(profile: pd.DataFrame) -> Figure:
    """The table `initiation_profile` as steps: natural log of the signal over its mean, by distance from the start in bp."""
    with style():
        figure, axes = new_figure((6.2, 3.2))
        if not len(profile):
            say_empty(axes, "No start profile was learned: nothing was called, or the reads are capped.")
            return figure
        edges = np.append(profile["offset"], profile["offset"].iloc[-1] + profile["bin_size"].iloc[-1])
        axes.stairs(profile["log_ratio"], edges, baseline=None, color=CONTROL, lw=1.5)
        axes.axhline(0, color=SOFT_INK, lw=0.8)
        axes.axvline(0, color=SOFT_INK, lw=0.8, ls=":")
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel("Distance from the start, in the direction of the RNA (bp)")
        axes.set_ylabel("ln(signal / mean signal)")
        axes.set_title("Start profile of this study")
        return figure


def heat_map(image: Mapping[str, NDArray], metaplot: pd.DataFrame, control: str, treatment: str) -> Figure:
    """Above the mean signal around pairs by class and condition, below every pair as a row, plus and minus strand apart.

    image: offset (b+1,) bp, plus, minus (r, b) reads per million, the means of the conditions summed; metaplot:
    `initiation_metaplot`. The colour is log2(1 + signal per mean bin), cut at the 99 % quantile of both strands.
    """
    with style():
        figure, grid = new_figure((8.2, 6.0), 2, 2, height_ratios=[1.0, 1.4])
        rows = len(image["plus"])
        if not rows:
            for spare in grid.ravel()[1:]:
                spare.remove()
            say_empty(grid[0, 0], "No pair of starts passes the false discovery rate.")
            return figure
        colours = condition_colours(list(dict.fromkeys(metaplot["condition"])), control, treatment)
        ticks = np.linspace(image["offset"][0], image["offset"][-1], 5)
        for axes, kind in zip(grid[0], ("proximal", "distal"), strict=True):
            held = metaplot[metaplot["class"] == kind]
            axes.set_title(f"{kind.capitalize()} pairs")
            if not len(held):
                say_empty(axes, f"No {kind} pair.")
                continue
            width = int(np.diff(image["offset"][:2])[0])
            for (condition, strand), part in held.groupby(["condition", "strand"], sort=False):
                plus = strand == "+"
                axes.plot(
                    part["offset"] + width / 2,
                    part["signal"] * (1 if plus else -1),
                    color=colours[str(condition)],
                    lw=1.3,
                    label=condition if plus else None,
                )
            axes.axhline(0, color=SOFT_INK, lw=0.8)
            axes.set_xlim(image["offset"][0], image["offset"][-1])
            axes.set_xticks(ticks)
            axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
            axes.legend(loc="upper right")
        grid[0, 0].set_ylabel("Reads per million and bin\nminus | plus")
        mean = float((image["plus"].mean() + image["minus"].mean()) / 2) or 1.0
        shown = {side: np.log2(1 + image[side] / mean) for side in ("minus", "plus")}
        top = max(float(np.quantile(np.concatenate([part.ravel() for part in shown.values()]), 0.99)), 1e-9)
        for axes, (side, values) in zip(grid[1], shown.items(), strict=True):
            drawn = coloured_rows(axes, values, (image["offset"][0], image["offset"][-1]), top)
            axes.set_xticks(ticks)
            axes.set_yticks([])
            axes.set_title(f"{side.capitalize()} strand")
            axes.set_xlabel("Distance from the centre (bp)")
        grid[1, 0].set_ylabel(f"{count_of(rows, 'pair')}, summits nearest first")
        figure.colorbar(drawn, ax=list(grid[1]), shrink=0.8, label="log2(1 + signal / mean bin)")
        return figure


def classes(table: pd.DataFrame, rate: float) -> Figure:
    """Regions by class and confidence, and pairs by q. table: `initiation_regions`; rate: the false discovery rate."""
    with style():
        figure, (left, right) = new_figure(WIDE, 1, 2, width_ratios=[1.25, 1.0])
        if not len(table):
            right.remove()
            say_empty(left, NOTHING)
            return figure
        names = [name for name in CONFIDENCE if (table["confidence"] == name).any()]
        below = np.zeros(len(CLASSES))
        shades = dict(zip(CONFIDENCE, (1.0, 0.65, 0.35, 0.5), strict=True))
        place = np.arange(len(CLASSES))[::-1]
        for name in names:
            part = table[table["confidence"] == name]
            width = np.array(
                [
                    ((part["class"] == kind) & ((part["kind"] == "single") == single)).sum()
                    for _, kind, single, _ in CLASSES
                ]
            )
            left.barh(place, width, left=below, color=INK, alpha=shades[name], label=name, height=0.6)
            below = below + width
        for at, total in zip(place, below, strict=True):
            left.text(total, at, f" {int(total):,}", va="center", color=SOFT_INK, fontsize=8)
        left.set_yticks(place, [name for name, *_ in CLASSES])
        left.set_xlim(0, max(below) * 1.15)
        left.grid(axis="y", visible=False)
        left.set_xlabel("Regions")
        left.set_title("Regions by class and confidence")
        left.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=len(names))
        widest = min(1.0, max(2 * rate, 1.1 * float(table["q_pair"].max(skipna=True))))
        for name, kind, single, colour in CLASSES[:2]:
            q = np.sort(table.loc[(table["class"] == kind) & ((table["kind"] == "single") == single), "q_pair"])
            if len(q):
                count = np.arange(len(q) + 1)
                right.step(np.r_[q[0], q, 1.0], np.r_[count, len(q)], where="post", color=colour, label=name)
        right.axvline(rate, color=SOFT_INK, lw=0.9, ls="--")
        right.set_xlim(0, widest)
        right.set_ylim(0)
        right.locator_params(axis="x", nbins=5)
        right.set_xlabel("q of the pair")
        right.set_ylabel("Pairs with at most this q")
        right.set_title("Pairs by false discovery rate")
        if right.lines[1:]:
            right.legend(loc="lower right")
        return figure


def response(table: pd.DataFrame, summary: Document, treatment: str, control: str) -> Figure:
    """Change of each tested region against its reads, distal and proximal apart. table: `differential_initiation`."""
    with style():
        figure, grid = new_figure(WIDE, 1, 2, sharex=True, sharey=True)
        tested = table[table["analysis"] != "untested"]
        if not len(tested):
            grid[1].remove()
            say_empty(grid[0], "No region was tested.")
            return figure
        for axes, kind in zip(grid, ("distal", "proximal"), strict=True):
            part = tested[tested["class"] == kind]
            for direction, colour in (("none", NEUTRAL), ("up", UP), ("down", DOWN)):
                chosen = part[part["direction"] == direction]
                if len(chosen):
                    label = f"{direction} ({len(chosen):,})" if direction != "none" else None
                    scatter(
                        axes,
                        np.log2(chosen["base_mean"] + 1),
                        chosen["log2_fold_change"],
                        s=7,
                        color=colour,
                        lw=0,
                        label=label,
                    )
            axes.axhline(0, color=SOFT_INK, lw=0.8)
            axes.set_title(f"{kind.capitalize()} regions ({len(part):,})")
            axes.set_xlabel("log2(1 + mean count)")
            if (part["direction"] != "none").any():
                axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, columnspacing=0.8, handletextpad=0.2)
        grid[0].set_ylabel(f"log2 fold change\n{treatment} over {control}")
        if summary["analysis"] == "unreplicated":
            figure.supxlabel(
                "One library a condition: changes are not tested for significance.", fontsize=8, color=TREATMENT
            )
        return figure
