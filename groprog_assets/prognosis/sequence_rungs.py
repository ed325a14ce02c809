"""All rungs of the sequence ladder by name: those without torch, and the nets above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.sequence.baselines import Examples, Predictor, Rung
from groprog_assets.methods.sequence.high_low import for_high_low
from groprog_assets.methods.sequence.ladder import ladder
from groprog_assets.methods.sequence.meme import Motif
from groprog_assets.methods.sequence.motif_ridge import log_odds
from groprog_assets.methods.sequence.published_model import PublishedModel, unpacked
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.study.sequence_study import NETS

LEAST = 3
"""Validation genes from which a spread is told."""
MEAN = "ridge+cnn"
"""The mean of `ridge_kmer+words` and `cnn`."""
UNIFORM = np.full(4, 0.25)
"""Background of the first weights of `motif_net`, which are trained."""


class Averaged(NamedTuple):
    """The weighted mean of two predictors; share (T,): weight of the first, the second has the rest."""

    first: Predictor
    second: Predictor
    share: NDArray[np.float64]

    def predict(self, codes: NDArray[np.uint8], side: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, T) means of both predictions."""
        first, second = self.first.predict(codes, side), self.second.predict(codes, side)
        return first * self.share + second * (1 - self.share)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The share, and the arrays of both behind `first.` and `second.`."""
        parts = {"first": self.first.arrays(), "second": self.second.arrays()}
        return {"share": self.share} | {
            f"{part}.{name}": values for part, held in parts.items() for name, values in held.items()
        }


class MeanOfRungs:
    """The mean of two rungs that err differently, such as ridge and a net. Both spread alike in it: each weighs by the standard
    deviation of the other on the validation genes. No weight is fitted to targets."""

    def __init__(self, name: str, first: Rung, second: Rung):
        self.name, self.first, self.second = name, first, second

    def for_high_low(self) -> MeanOfRungs:
        """The mean of the log odds of both."""
        return MeanOfRungs(self.name, for_high_low(self.first), for_high_low(self.second))

    def fit(self, train: Examples, validation: Examples) -> Averaged:
        """Both, each in its own way."""
        return self.joined(self.first.fit(train, validation), self.second.fit(train, validation), train, validation)

    def joined(self, first: Predictor, second: Predictor, train: Examples, validation: Examples) -> Averaged:
        """The mean of predictors that are fitted already; `first` may have seen the validation genes, so one that has not tells
        its spread there. Without validation genes both weigh the same."""
        tasks = train.targets.shape[1]
        if len(validation.codes) < LEAST:
            return Averaged(first, second, np.full(tasks, 0.5))
        unseen = self.first.fit(train, validation.rows(np.arange(0)))
        spread = [each.predict(validation.codes, validation.side).std(axis=0) for each in (unseen, second)]
        total = spread[0] + spread[1]
        return Averaged(first, second, np.divide(spread[1], total, out=np.full(tasks, 0.5), where=total > 0))

    def restored(self, arrays: dict[str, NDArray[Any]]) -> Averaged:
        """The predictor of stored arrays."""
        found = []
        for part, rung in (("first.", self.first), ("second.", self.second)):
            found.append(rung.restored({n.removeprefix(part): v for n, v in arrays.items() if n.startswith(part)}))
        return Averaged(found[0], found[1], arrays["share"])


def every_rung(
    layout: Layout, models: Sequence[str], parameters: SequenceParameters, motifs: Sequence[Motif] = ()
) -> list[Rung]:
    """The rungs in order of complexity: `mean`, `gc`, then those of `models`. ValueError for a name that is no rung.

    torch is imported only where a net is asked for.
    """
    found = ladder(layout, [name for name in models if name not in NETS], parameters, motifs)
    if any(name in NETS for name in models):
        from groprog_assets.model.sequence.inputs import Around
        from groprog_assets.model.sequence.rungs import net_rungs

        weights = [log_odds(motif.probabilities.T, UNIFORM).T for motif in motifs]
        names = [*models, *(["cnn"] if MEAN in models else [])]
        around = Around(layout.spans, parameters.promoter_end)
        nets = net_rungs(layout.width, names, parameters.nets, parameters.seed, weights, around)
        found += [net for net in nets if net.name in models]
        if MEAN in models:
            (words,) = ladder(layout, ["ridge_kmer+words"], parameters)[2:]
            found.append(MeanOfRungs(MEAN, words, next(net for net in nets if net.name == "cnn")))
    return found


def stored_model(value: Bundle) -> PublishedModel:
    """The model of a value of the asset sequence_model. Raises ModelError as `unpacked` does."""
    return unpacked({name: blob.content for name, blob in value.files.items()}, every_rung)
