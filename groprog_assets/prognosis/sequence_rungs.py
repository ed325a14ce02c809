"""All rungs of the sequence ladder by name: those without torch, and the nets above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.sequence.baselines import Examples, Predictor, Rung
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.meme import Motif
from groprog_assets.methods.sequence.motif_ridge import log_odds
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.study.sequence_study import NETS

MEAN = "ridge+cnn"
"""The mean of `ridge_kmer+words` and `cnn`."""
UNIFORM = np.full(4, 0.25)
"""Background of the first weights of `motif_net`, which are trained."""


class Averaged(NamedTuple):
    """The mean of two predictors."""

    first: Predictor
    second: Predictor

    def predict(self, codes: NDArray[np.uint8], side: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, T) means of both predictions."""
        return (self.first.predict(codes, side) + self.second.predict(codes, side)) / 2

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of both, behind `first.` and `second.`."""
        parts = {"first": self.first.arrays(), "second": self.second.arrays()}
        return {f"{part}.{name}": values for part, held in parts.items() for name, values in held.items()}


class MeanOfRungs:
    """The mean of two rungs that err differently, such as ridge and a net; no weight is fitted."""

    def __init__(self, name: str, first: Rung, second: Rung):
        self.name, self.first, self.second = name, first, second

    def fit(self, train: Examples, validation: Examples) -> Averaged:
        """Both, each in its own way."""
        return Averaged(self.first.fit(train, validation), self.second.fit(train, validation))

    def restored(self, arrays: dict[str, NDArray[Any]]) -> Averaged:
        """The predictor of stored arrays."""
        found = []
        for part, rung in (("first.", self.first), ("second.", self.second)):
            found.append(rung.restored({n.removeprefix(part): v for n, v in arrays.items() if n.startswith(part)}))
        return Averaged(*found)


def every_rung(
    layout: Layout, models: Sequence[str], parameters: SequenceParameters, motifs: Sequence[Motif] = ()
) -> list[Rung]:
    """The rungs in order of complexity: `mean`, `gc`, then those of `models`. ValueError for a name that is no rung.

    torch is imported only where a net is asked for.
    """
    found = ladder(layout, [name for name in models if name not in NETS], parameters, motifs)
    if any(name in NETS for name in models):
        from groprog_assets.model.sequence.rungs import net_rungs

        weights = [log_odds(motif.probabilities.T, UNIFORM).T for motif in motifs]
        names = [*models, *(["cnn"] if MEAN in models else [])]
        nets = net_rungs(layout.width, names, parameters.nets, parameters.seed, weights)
        found += [net for net in nets if net.name in models]
        if MEAN in models:
            (words,) = ladder(layout, ["ridge_kmer+words"], parameters)[2:]
            found.append(MeanOfRungs(MEAN, words, next(net for net in nets if net.name == "cnn")))
    return found
