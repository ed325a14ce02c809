"""A net that may not tell cell types apart: a second head guesses the cell type, and its gradient is reversed in the trunk.

For examples of several cell types whose windows differ in what is no regulation, such as tracks of another depth or genomes
of another composition (Ganin et al. 2016, arXiv:1505.07818).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from groprog_assets.errors import ModelError, Problem
from groprog_assets.model.sequence.inputs import GeneExamples, one_hot_tensor, shifted
from groprog_assets.model.sequence.networks import CnnNetwork, Head
from groprog_assets.model.sequence.rungs import GeneLesson, mean_r, outputs
from groprog_assets.model.sequence.training import train_network
from groprog_assets.study.sequence_net_parameters import NetParameters

RISE = 10.0
LEAST_TYPES = 2


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

    def __init__(self, length: int, tasks: int, types: int, settings: NetParameters):
        super().__init__()
        given = settings.width, settings.blocks, settings.dropout, settings.head_dropout
        self.net = CnnNetwork(length, 0, tasks, *given)
        self.cell_type = Head(self.net.head.hidden.in_features, 0, types, settings.head_dropout)

    def forward(self, x: torch.Tensor, side: torch.Tensor | None = None) -> torch.Tensor:
        return self.net(x)

    def both(self, x: torch.Tensor, factor: float) -> tuple[torch.Tensor, torch.Tensor]:
        """(outputs (n, T), logits of the cell type (n, types), with the gradient reversed)."""
        trunk = self.net.flat(self.net.pool(self.net.stem(x)))
        return self.net.head(trunk), self.cell_type(reversed_gradient(trunk, factor))


class AdversarialLesson(GeneLesson):
    """The error of `GeneLesson` and the cross entropy of the cell type (n,), whose gradient reaches the trunk reversed."""

    def __init__(
        self,
        train: GeneExamples,
        cell_type: NDArray[np.int64],
        validation: GeneExamples,
        settings: NetParameters,
    ):
        super().__init__(train, validation, settings, train.codes.shape[1])
        self._cell_type = torch.from_numpy(np.asarray(cell_type, np.int64))
        self._entropy = nn.CrossEntropyLoss()

    def loss(
        self, network: nn.Module, rows: NDArray[np.int64], random: np.random.Generator, done: float
    ) -> torch.Tensor:
        assert isinstance(network, AdversarialNetwork)
        shift = random.integers(-self._settings.shift, self._settings.shift + 1, len(rows))
        x = one_hot_tensor(shifted(self._train.codes[rows], shift))
        found, logits = network.both(x, reversal(done))
        return self.error(found, rows) + self._entropy(logits, self._cell_type[rows])

    def digest(self) -> str:
        return hashlib.sha256(super().digest().encode() + self._cell_type.numpy().tobytes()).hexdigest()


class UnseenType(NamedTuple):
    """r on a cell type that no training example has, mean over tasks: of the net alone, and with the adversarial head."""

    cell_type: str
    plain: float
    adversarial: float


def unseen_types(
    examples: Sequence[GeneExamples],
    validation: Sequence[GeneExamples],
    names: Sequence[str],
    settings: NetParameters,
    seed: int,
) -> list[UnseenType]:
    """Each cell type held out once: trained on the others' examples, stopped by the others' validation genes.

    examples, validation, names: by cell type; validation genes are on other chromosomes than those of any `examples`. Raises
    ModelError for fewer than three cell types: two are needed to train on, and one to hold out.
    """
    if len(names) <= LEAST_TYPES:
        rule = f"The adversarial head needs {LEAST_TYPES} cell types to train on, and one to hold out."
        raise ModelError(Problem("cell types", ", ".join(names), rule, "Leave the head out, or give more cell types."))
    found = []
    for held, name in enumerate(names):
        others = [at for at in range(len(names)) if at != held]
        train, stop = (_joined([part[at] for at in others]) for part in (examples, validation))
        cell_type = np.repeat(np.arange(len(others)), [len(examples[at].codes) for at in others])
        length, tasks = train.codes.shape[1], train.targets.shape[1]
        lessons = (GeneLesson(train, stop, settings, length), AdversarialLesson(train, cell_type, stop, settings))
        r = []
        for lesson in lessons:
            network = train_network(
                lambda: AdversarialNetwork(length, tasks, len(others), settings),  # noqa: B023
                lesson,
                settings,
                seed,
            ).network
            test = validation[held]
            r.append(mean_r(outputs(network, test.codes, test.side), test.targets))
        found.append(UnseenType(name, *r))
    return found


class _Examples(NamedTuple):
    codes: NDArray[np.uint8]
    side: NDArray[np.float64]
    targets: NDArray[np.float64]


def _joined(parts: Sequence[GeneExamples]) -> _Examples:
    return _Examples(
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.side for part in parts]),
        np.concatenate([part.targets for part in parts]),
    )
