"""The rungs that need no torch, by name and in order of complexity."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from groprog_assets.methods.sequence.baselines import GC, Mean, RidgeKmer, RidgeKmerWords, Rung
from groprog_assets.methods.sequence.boosting import GradientBoosting
from groprog_assets.methods.sequence.meme import Motif
from groprog_assets.methods.sequence.motif_ridge import RidgeKmerMotifs
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters

Ladder = Callable[[Layout, Sequence[str], SequenceParameters, Sequence[Motif]], list[Rung]]
"""What makes the rungs: layout, names, parameters and the user's motifs in, rungs out, simpler first."""


def ladder(
    layout: Layout, models: Sequence[str], parameters: SequenceParameters, motifs: Sequence[Motif] = ()
) -> list[Rung]:
    """The rungs in order of complexity: `mean`, `gc`, then those of `models`. ValueError for a name that is no rung."""
    known: dict[str, Callable[[], Rung]] = {
        "ridge_kmer": lambda: RidgeKmer(layout, parameters),
        "ridge_kmer+words": lambda: RidgeKmerWords(layout, parameters),
        "ridge_kmer+pwm": lambda: RidgeKmerMotifs(layout, parameters, motifs),
        "gbm": lambda: GradientBoosting(layout, parameters),
    }
    unknown = [name for name in models if name not in known and name not in ("mean", "gc")]
    if unknown:
        raise ValueError(f"no rung is named {', '.join(unknown)}; there are mean, gc, {', '.join(known)}")
    return [Mean(), GC(layout, parameters), *(make() for name, make in known.items() if name in models)]
