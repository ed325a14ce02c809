"""Timeline of one value: when it was made, when its bytes changed, by whom. Rows in, a figure out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from groprog_assets.figures.style import INK, NEUTRAL, SERIES, SOFT_INK, new_figure, say_empty, style
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELLED = 24
"""Number of values with written changes; the newest ones are chosen."""


def timeline(rows: Sequence[Document], title: str = "") -> Figure:
    """A row for each different value, oldest at the top; a full dot where it was computed, an open one where it was kept.

    rows: {happened (ISO 8601), sha256, reused, actor, changes (list of text)}, oldest first. The
    changes are written beside the value.
    """
    from datetime import datetime

    from matplotlib.dates import DateFormatter
    from matplotlib.ticker import MaxNLocator

    with style():
        values = list(dict.fromkeys(row["sha256"] for row in rows))[-LABELLED:]
        figure, axes = new_figure((8.2, 1.1 + 0.36 * max(1, len(values))))
        if not rows:
            say_empty(axes, "It was never made.")
            return figure
        for place, value in enumerate(values):
            made = [row for row in rows if row["sha256"] == value]
            times = [datetime.fromisoformat(row["happened"]) for row in made]
            colour = SERIES[place % len(SERIES)]
            axes.plot(times, [place] * len(times), color=NEUTRAL, linewidth=0.8, zorder=1)
            for row, moment in zip(made, times, strict=True):
                face = "white" if row["reused"] else colour
                axes.plot(moment, place, "o", markersize=6, markerfacecolor=face, markeredgecolor=colour, zorder=2)
            first = made[0]
            said = "; ".join(first["changes"][:3]) + (" …" if len(first["changes"]) > 3 else "")
            text = f"{value[:8]}  {first['actor'] or 'unknown'}" + (f"  {said}" if said else "")
            axes.annotate(
                text, (times[-1], place), (9, 0), textcoords="offset points", va="center", fontsize=7, color=INK
            )
        axes.set_yticks([])
        axes.set_ylim(len(values) - 0.4, -0.6)
        axes.margins(x=0.05)
        low, high = axes.get_xlim()
        axes.set_xlim(low, high + 0.9 * (high - low))  # room for the words
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(DateFormatter("%Y-%m-%d\n%H:%M:%S"))
        axes.set_xlabel("UTC; full: computed, open: kept", color=SOFT_INK)
        if title:
            axes.set_title(title)
        return figure
