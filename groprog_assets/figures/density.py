"""Figure 4: density of transcription units along genes, with the ideal profile. Tables in, a figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from groprog_assets.figures.style import (
    CONTROL,
    NEUTRAL,
    WIDE,
    new_figure,
    say_empty,
    style,
)
from groprog_assets.tables.values import Values
from groprog_assets.wording import count_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def transcript_density(profile: pd.DataFrame, summary: Values) -> Figure:
    """The density curve over three scaled gene-lengths, the ideal frame (0, 1, 0) and the four figures in their places.

    `profile` is the transcript_density table, `summary` its document (five_prime_fp, tp, post_tts, tua, pairs). Without a
    matched gene the figure says so. The axis is scaled units, not base pairs. Source: paper figure 4; groHMM
    getTxDensity.
    """
    with style():
        figure, axes = new_figure((WIDE[0], 3.9))
        if not len(profile):
            say_empty(axes, "No gene was matched with a transcription unit.")
            return figure
        scale = int(profile["position"].max() + 1) // 2
        axes.plot(
            [-scale, 0, 0, scale, scale, 2 * scale], [0, 0, 1, 1, 0, 0], color=NEUTRAL, linewidth=1.2, label="ideal"
        )
        axes.fill_between(profile["position"], profile["density"], color=CONTROL, alpha=0.15, linewidth=0)
        axes.plot(profile["position"], profile["density"], color=CONTROL, linewidth=2, label="this study")
        for boundary in (0, scale):
            axes.axvline(boundary, color=NEUTRAL, linewidth=0.8, linestyle=":")
        for centre, key, label in (
            (-0.5, "five_prime_fp", "FivePrimeFP"),
            (0.5, "tp", "TP"),
            (1.5, "post_tts", "PostTTS"),
        ):
            if summary.get(key) is not None:
                text = f"{label}\n{summary[key]:.4f}"
                axes.text(centre * scale, 1.09, text, ha="center", va="center", fontsize=8.5, linespacing=1.35)
        tua = "" if summary.get("tua") is None else f", TUA {summary['tua']:.4f}"
        pairs = "" if summary.get("pairs") is None else f"{count_of(int(summary['pairs']), 'gene')}{tua}"
        axes.set_title("Genes under their transcription unit" + (f" ({pairs})" if pairs else ""))
        axes.set_xticks(
            [-scale, 0, scale, 2 * scale], ["1 gene length\nupstream", "TSS", "TTS", "1 gene length\ndownstream"]
        )
        axes.set_xlim(-scale, 2 * scale)
        axes.set_ylim(-0.02, 1.19)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        axes.set_ylabel("Share of genes covered")
        axes.legend(loc="center right")
        return figure
