"""Figure 5: the MA plot of transcription units. Tables in, a figure out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from groprog_assets.figures.style import DOWN, NEUTRAL, SOFT_INK, UP, name_points, new_figure, say_empty, scatter, style
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def ma_plot(
    table: pd.DataFrame,
    summary: Values,
    threshold: float,
    labels: Sequence[str] = (),
    strongest: int = 4,
) -> Figure:
    """log2 fold change against average log2 counts per million, one point a unit, coloured by direction.

    `table` is the differential table, `summary` its document. Units over the genes in `labels` are named, and besides them the
    `strongest` up and down units that have a gene. Dashed lines at +-threshold (log2). Exploratory p-values are said so in the
    figure. Units without a fold change are left out; none at all is said. Source: paper figure 5.
    """
    with style():
        figure, axes = new_figure((8.2, 4.6))
        held = table[table["log2_fold_change"].notna()]
        if held.empty:
            say_empty(axes, "No transcription unit has reads in both conditions.")
            return figure
        for direction, colour, size, zorder in (("none", NEUTRAL, 7, 2), ("up", UP, 13, 3), ("down", DOWN, 13, 3)):
            part = held[held["direction"] == direction]
            name = "unchanged" if direction == "none" else direction
            scatter(
                axes,
                part["log_cpm"],
                part["log2_fold_change"],
                s=size,
                color=colour,
                alpha=0.45 if direction == "none" else 0.8,
                linewidths=0,
                zorder=zorder,
                label=f"{name} ({len(part):,})",
            )
        axes.axhline(0, color=SOFT_INK, lw=0.8)
        for level in (-threshold, threshold):
            axes.axhline(level, color=SOFT_INK, lw=0.8, ls="--")
        limit = float(np.abs(held["log2_fold_change"]).max()) * 1.15
        axes.set_ylim(-limit, limit)
        reach = float(held["log_cpm"].max() - held["log_cpm"].min()) or 1.0
        axes.set_xlim(right=float(held["log_cpm"].max()) + 0.2 * reach)  # room for the names
        named = _named(held, labels, strongest)
        name_points(
            axes, named["log_cpm"].to_numpy(float), named["log2_fold_change"].to_numpy(float), named["text"].tolist()
        )
        axes.set_xlabel("Average abundance (log2 counts per million)")
        axes.set_ylabel(
            f"log2 fold change\n{summary.get('treatment', 'treatment')} / {summary.get('control', 'control')}"
        )
        axes.set_title("Differential transcription of called units")
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), markerscale=1.6, handletextpad=0.2)
        notes = [str(summary["screen"]).replace("_value", "").replace("_", " ")] if summary.get("screen") else []
        ratio = summary.get("up_to_down")
        notes += [f"up : down = {ratio:.2f}"] if ratio is not None else []
        if summary.get("analysis") == "exploratory":
            lacking, assumed = summary.get("lacking") or "no replicates", summary.get("assumed_biological_variation")
            notes.append(f"exploratory: {lacking};\nassumed variation {assumed}")
        axes.text(
            1.02,
            0.02,
            "\n".join(notes).replace(" and ", "\nand "),
            transform=axes.transAxes,
            fontsize=7.5,
            color=SOFT_INK,
            va="bottom",
        )
        return figure


def _named(held: pd.DataFrame, labels: Sequence[str], strongest: int) -> pd.DataFrame:
    named = held[held["gene"] != ""] if labels else held[(held["gene"] != "") & (held["direction"] != "none")]
    genes = named["gene"].str.split(";")
    asked = genes.map(lambda names: next((label for label in labels if label in names), ""))
    chosen = named.assign(text=asked.where(asked != "", genes.str[0]))
    with_gene = chosen[chosen["direction"] != "none"]
    order = with_gene.sort_values(["conservative_log2_fold_change", "log2_fold_change"], kind="stable")
    down = [i for i in order.index if with_gene.at[i, "direction"] == "down"][:strongest]
    up = [i for i in order.index[::-1] if with_gene.at[i, "direction"] == "up"][:strongest]
    return chosen.loc[list(dict.fromkeys([*chosen.index[asked != ""], *up, *down]))]
