"""All rungs of the sequence ladder by name: those without torch, and the nets above them."""

from __future__ import annotations

from collections.abc import Sequence

from groprog_assets.methods.sequence.baselines import Rung
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.meme import Motif
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.study.sequence_study import NETS


def every_rung(
    layout: Layout, models: Sequence[str], parameters: SequenceParameters, motifs: Sequence[Motif] = ()
) -> list[Rung]:
    """The rungs in order of complexity: `mean`, `gc`, then those of `models`. ValueError for a name that is no rung.

    torch is imported only where a net is asked for.
    """
    found = ladder(layout, [name for name in models if name not in NETS], parameters, motifs)
    if any(name in NETS for name in models):
        from groprog_assets.model.sequence.rungs import net_rungs

        found += net_rungs(layout.width, models, parameters.nets, parameters.seed)
    return found
