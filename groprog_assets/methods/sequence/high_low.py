"""The question whether a gene is high or low, in place of its value: rungs that answer in log odds. Arrays in and out.

A gene is high where its value is above the median of the genes that the model learns from. Nets learn it by binary cross
entropy. Other rungs fit +2 for high and -2 for low by least squares: 4 (p - 1/2) is the first-order form of the log odds.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from groprog_assets.fitting.high_low import cuts, labels
from groprog_assets.methods.sequence.baselines import Examples, Predictor, Rung

CODED = 2.0
"""What high is coded as for a rung that fits squared errors, and -CODED low."""


@runtime_checkable
class AnswersHighLow(Protocol):
    """A rung with its own way to learn high against low."""

    def for_high_low(self) -> Rung: ...


class HighLow:
    """A rung that fits squared errors, asked for high or low."""

    def __init__(self, rung: Rung):
        self.name, self.rung = rung.name, rung

    def fit(self, train: Examples, validation: Examples) -> Predictor:
        """The rung on coded labels, cut at the median of training and validation genes."""
        cut = cuts(np.concatenate([train.targets, validation.targets]))
        coded = (each._replace(targets=CODED * (2 * labels(each.targets, cut) - 1)) for each in (train, validation))
        return self.rung.fit(*coded)

    def restored(self, arrays: dict[str, NDArray]) -> Predictor:
        """The predictor of stored arrays."""
        return self.rung.restored(arrays)


def for_high_low(rung: Rung) -> Rung:
    """The rung that answers in log odds: by its own way where it has one."""
    return rung.for_high_low() if isinstance(rung, AnswersHighLow) else HighLow(rung)
