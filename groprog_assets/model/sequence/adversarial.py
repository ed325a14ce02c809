"""A net that may not tell cell types apart: a second head guesses the cell type, and its gradient is reversed in the trunk.

For cell types whose tracks differ in what is no regulation, such as depth. As Ganin et al. 2016, arXiv:1505.07818: the cell type
that is predicted gives its tracks without targets, and the head tells it from those that give both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from groprog_assets.errors import ModelError, Problem
from groprog_assets.model.device import place_of
from groprog_assets.model.sequence.inputs import GeneExamples
from groprog_assets.model.sequence.networks import CnnNetwork, Head, beside
from groprog_assets.model.sequence.rungs import GeneLesson, level_and_spread, outputs
from groprog_assets.model.sequence.training import EpochRow, train_network
from groprog_assets.study.sequence_net_parameters import NetParameters

RISE = 10.0
LEAST_TYPES = 2
SCORED_FROM = 0.9
"""The factor from which an epoch may be the best one: before, the head hardly acts."""


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: torch.Tensor, factor: float) -> torch.Tensor:
        context.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return -context.factor * gradients[0], None


def reversed_gradient(x: torch.Tensor, factor: float) -> torch.Tensor:
    """`x` itself, whose gradient is multiplied by -factor."""
    found: torch.Tensor = _Reversed.apply(x, factor)
    return found


def reversal(done: float) -> float:
    """The factor at a share of the training: 2 / (1 + exp(-10 done)) - 1, from 0 to almost 1."""
    return float(2 / (1 + np.exp(-RISE * done)) - 1)


class AdversarialNetwork(nn.Module):
    """`CnnNetwork` with a second head for the cell type; `forward` is that of the net without it."""

    def __init__(self, length: int, tasks: int, types: int, settings: NetParameters, channels: int = 0):
        super().__init__()
        given = settings.width, settings.blocks, settings.dropout, settings.head_dropout
        self.net = CnnNetwork(length, 0, tasks, *given, channels)
        self.cell_type = Head(self.net.head.hidden.in_features, 0, types, settings.head_dropout)

    def forward(self, x: torch.Tensor, side: torch.Tensor | None = None) -> torch.Tensor:
        return self.net(x, side)

    def both(self, x: torch.Tensor, side: torch.Tensor | None, factor: float) -> tuple[torch.Tensor, torch.Tensor]:
        """(outputs (n, T), logits of the cell type (n, types), with the gradient reversed)."""
        x, _ = beside(self.net.tracks, x, side)
        trunk = self.net.flat(self.net.pool(self.net.stem(x)))
        return self.net.head(trunk), self.cell_type(reversed_gradient(trunk, factor))


class AdversarialLesson(GeneLesson):
    """The error of `GeneLesson` and the cross entropy of the cell type (n,), whose gradient reaches the trunk reversed.

    An epoch has a score from the factor SCORED_FROM on. Examples without targets count for the cell type alone.
    """

    def __init__(
        self,
        train: GeneExamples,
        cell_type: NDArray[np.int64],
        validation: GeneExamples,
        settings: NetParameters,
        window: int,
        channels: int = 0,
    ):
        super().__init__(train, validation, settings, window, channels)
        self._cell_type = torch.from_numpy(np.asarray(cell_type, np.int64))
        self._entropy = nn.CrossEntropyLoss()
        self._factor = 0.0

    def loss(
        self, network: nn.Module, rows: NDArray[np.int64], random: np.random.Generator, done: float
    ) -> torch.Tensor:
        assert isinstance(network, AdversarialNetwork)
        self._factor = reversal(done)
        found, logits = network.both(*self.given(rows, random, place_of(network)), self._factor)
        return self.error(found, rows) + self._entropy(logits, self._cell_type[rows].to(logits.device))

    def score(self, network: nn.Module) -> float:
        return super().score(network) if self._factor >= SCORED_FROM else float("nan")

    def digest(self) -> str:
        return hashlib.sha256(super().digest().encode() + self._cell_type.numpy().tobytes()).hexdigest()


class UnseenType(NamedTuple):
    """(n, T) predictions of a cell type none of whose targets were seen: by the net alone, and with the adversarial head."""

    plain: NDArray[np.float64]
    adversarial: NDArray[np.float64]


def unseen_type(
    train: Sequence[GeneExamples],
    validation: Sequence[GeneExamples],
    test: GeneExamples,
    held: int,
    settings: NetParameters,
    seed: int,
    channels: int = 0,
    folder: Path | None = None,
    progress: Callable[[str], object] = str,
) -> UnseenType:
    """The cell type `held` predicted by nets that learnt the targets of the others.

    train, validation: examples of each cell type; those of `held` give their windows and tracks, never their targets, and no
    validation. test: examples of `held`, of other chromosomes. Tracks are the last `channels * L` side columns. Both nets have
    the same form, examples and seed; the reversed gradient alone differs. Raises ModelError for fewer than two cell types.
    """
    if len(train) < LEAST_TYPES:
        rule = f"The adversarial head needs {LEAST_TYPES} cell types: one with targets, and one to predict."
        told = f"{len(train)} cell type"
        raise ModelError(Problem("cell types", told, rule, "Leave sequence.cell_types out, or give more of them."))
    given = [_untold(part) if at == held else part for at, part in enumerate(train)]
    learnt = _joined(given)
    stop = _joined([part for at, part in enumerate(validation) if at != held])
    kind = np.repeat(np.arange(len(train)), [len(part.codes) for part in train])
    length, tasks = learnt.codes.shape[1], learnt.targets.shape[1]
    tracks = learnt.side.reshape(len(learnt.side), channels, length)
    level, spread = level_and_spread(tracks, (0, 2))

    def make() -> nn.Module:
        network = AdversarialNetwork(length, tasks, len(train), settings, channels)
        if network.net.tracks is not None:
            network.net.tracks.mean.copy_(torch.from_numpy(level))
            network.net.tracks.spread.copy_(torch.from_numpy(spread))
        return network

    lessons: dict[str, GeneLesson] = {
        "plain": GeneLesson(learnt, stop, settings, length, channels),
        "adversarial": AdversarialLesson(learnt, kind, stop, settings, length, channels),
    }
    found = {}
    for name, lesson in lessons.items():

        def tell(row: EpochRow, name: str = name) -> None:
            progress(f"{name} epoch {row['epoch'] + 1}: validation r {row['score']:.3f}")

        place = None if folder is None else folder / name
        network = train_network(make, lesson, settings, seed, place, tell).network
        found[name] = outputs(network, test.codes, test.side) * lesson.scaling.spread + lesson.scaling.level
    return UnseenType(found["plain"], found["adversarial"])


class _Examples(NamedTuple):
    codes: NDArray[np.uint8]
    side: NDArray[np.float64]
    targets: NDArray[np.float64]


def _untold(part: GeneExamples) -> _Examples:
    return _Examples(part.codes, part.side, np.full(part.targets.shape, np.nan))


def _joined(parts: Sequence[GeneExamples]) -> _Examples:
    return _Examples(
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.side for part in parts]),
        np.concatenate([part.targets for part in parts]),
    )
