"""Nets as rungs of the ladder: `fit(train, validation)` gives a predictor, `predict(codes, side)` (n, T). Arrays in and out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from groprog_assets.model.device import single_threaded
from groprog_assets.model.sequence.inputs import (
    GeneExamples,
    Scaling,
    density_weights,
    one_hot_tensor,
    scaled,
    scaling_of,
    shifted,
)
from groprog_assets.model.sequence.networks import CnnNetwork, folded, rescaled, without_norms
from groprog_assets.model.sequence.training import EpochRow, train_network
from groprog_assets.study.sequence_net_parameters import NetParameters

Matrix = NDArray[np.float64]
BLOCK = 256
"""Windows that are predicted at a time."""
LEAST_VALIDATION = 3


class NetPredictor(NamedTuple):
    """networks: the members, in evaluation mode, each (n, 4, L) one-hot to (n, T) in the unit of the targets; history: epochs of
    each member, empty of a restored one."""

    networks: list[nn.Module]
    history: list[list[EpochRow]]

    def predict(self, codes: NDArray[np.uint8], side: Matrix) -> Matrix:
        """(n, T) means of the members."""
        return self.members(codes, side).mean(axis=0)

    def members(self, codes: NDArray[np.uint8], side: Matrix) -> NDArray[np.float64]:
        """(m, n, T) predictions of each member; their standard deviation tells how far the nets agree."""
        return np.stack([outputs(network, codes, side) for network in self.networks])

    def arrays(self) -> dict[str, NDArray]:
        """All weights, `<member>.<name>`."""
        return {
            f"{at}.{name}": np.ascontiguousarray(value.detach().cpu().numpy())
            for at, network in enumerate(self.networks)
            for name, value in network.state_dict().items()
        }


def outputs(network: nn.Module, codes: NDArray[np.uint8], side: Matrix) -> Matrix:
    """(n, T) outputs of a network in evaluation mode for windows (n, L), one thread."""
    found = []
    with single_threaded(), torch.no_grad():
        for first in range(0, len(codes), BLOCK):
            rows = slice(first, first + BLOCK)
            found.append(network(one_hot_tensor(codes[rows]), _side(side[rows])).numpy())
    tasks = found[0].shape[1] if found else 0
    return np.concatenate(found).astype(np.float64) if found else np.empty((0, tasks))


def _side(side: Matrix) -> torch.Tensor | None:
    return torch.from_numpy(side).to(torch.float32) if side.shape[1] else None


class GeneLesson:
    """Squared error of standardised targets, missing ones left out; the score is the mean r of the tasks on the validation genes.

    Windows move by up to `shift` bp while training. They are never reversed: a gene has one direction.
    """

    def __init__(self, train: GeneExamples, validation: GeneExamples, settings: NetParameters):
        self._train, self._validation, self._settings = train, validation, settings
        self.scaling = scaling_of(train.targets)
        self._targets, held = scaled(train.targets, self.scaling)
        weights = density_weights(train.targets) if settings.density_weights else np.ones(train.targets.shape)
        self._weights = held * torch.from_numpy(weights).to(torch.float32)

    @property
    def examples(self) -> int:
        return len(self._train.codes)

    def loss(self, network: nn.Module, rows: NDArray[np.int64], random: np.random.Generator) -> torch.Tensor:
        shift = random.integers(-self._settings.shift, self._settings.shift + 1, len(rows))
        found = network(one_hot_tensor(shifted(self._train.codes[rows], shift)), _side(self._train.side[rows]))
        weights = self._weights[rows]
        return ((found - self._targets[rows]) ** 2 * weights).sum() / weights.sum().clamp(min=1)

    def score(self, network: nn.Module) -> float:
        if len(self._validation.codes) < LEAST_VALIDATION:
            return float("nan")
        found = outputs(network, self._validation.codes, self._validation.side)
        return mean_r(found, self._validation.targets)

    def digest(self) -> str:
        parts = (
            self._train.codes,
            self._train.side,
            self._train.targets,
            self._validation.codes,
            self._validation.targets,
        )
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


def mean_r(predicted: Matrix, targets: Matrix) -> float:
    """Mean over tasks of Pearson r; 0 for a task whose prediction does not vary, NaN without a task that has three values."""
    found = []
    for p, y in zip(predicted.T, targets.T, strict=True):
        held = np.isfinite(y)
        if held.sum() >= LEAST_VALIDATION and np.ptp(y[held]) > 0:
            r = np.corrcoef(p[held], y[held])[0, 1] if np.ptp(p[held]) > 0 else 0.0
            found.append(float(r) if np.isfinite(r) else 0.0)
    return float(np.mean(found)) if found else float("nan")


Build = Callable[[int, int, int, NetParameters], nn.Module]
"""Length of the windows, side columns, tasks and settings in; a network whose last layer is `head.out` out."""


def _cnn(length: int, side: int, tasks: int, settings: NetParameters) -> nn.Module:
    return CnnNetwork(length, side, tasks, settings.width, settings.blocks, settings.dropout, settings.head_dropout)


BUILDERS: dict[str, Build] = {"cnn": _cnn}
"""Nets by name, simpler first."""


class NetRung:
    """A net of BUILDERS on windows of `length` columns; `folder` keeps what an unfinished training has reached."""

    def __init__(
        self,
        name: str,
        length: int,
        settings: NetParameters,
        seed: int,
        folder: Path | None = None,
        progress: Callable[[EpochRow], object] = str,
    ):
        self.name, self.length, self.settings, self.seed = name, length, settings, seed
        self._folder, self._progress = folder, progress

    def fit(self, train: GeneExamples, validation: GeneExamples) -> NetPredictor:
        """As many nets as `seeds`, trained on the training genes and stopped by the validation genes; without those, after all
        epochs."""
        networks, history = [], []
        for member in range(self.settings.seeds):
            lesson = GeneLesson(train, validation, self.settings)
            folder = None if self._folder is None else self._folder / f"member_{member}"
            trained = train_network(
                lambda: self._network(train.side.shape[1], train.targets.shape[1]),
                lesson,
                self.settings,
                self.seed + member,
                folder,
                self._progress,
            )
            networks.append(_exported(trained.network, lesson.scaling))
            history.append(trained.history)
        return NetPredictor(networks, history)

    def restored(self, arrays: dict[str, NDArray]) -> NetPredictor:
        """The predictor of stored arrays."""
        networks: list[nn.Module] = []
        while any(name.startswith(f"{len(networks)}.") for name in arrays):
            at = f"{len(networks)}."
            weights = {
                name[len(at) :]: torch.from_numpy(np.array(v)) for name, v in arrays.items() if name.startswith(at)
            }
            tasks, inputs = weights["head.out.weight"].shape
            network = without_norms(self._network(inputs - _hidden(weights), tasks))
            network.load_state_dict(weights)
            networks.append(network)
        return NetPredictor(networks, [])

    def _network(self, side: int, tasks: int) -> nn.Module:
        return BUILDERS[self.name](self.length, side, tasks, self.settings)


def _hidden(weights: dict[str, torch.Tensor]) -> int:
    """Inputs of the last layer that are no side columns."""
    return int(weights["head.hidden.weight"].shape[0])


def _exported(network: nn.Module, scaling: Scaling) -> nn.Module:
    """The network with batch norms folded, whose outputs have the unit of the targets."""
    made = folded(network)
    level, spread = (torch.from_numpy(part).to(torch.float32) for part in scaling)
    head = made.get_submodule("head.out")
    assert isinstance(head, nn.Linear)
    rescaled(head, level, spread)
    return made


def net_rungs(
    length: int, models: Sequence[str], settings: NetParameters, seed: int, folder: Path | None = None
) -> list[NetRung]:
    """The nets among `models` for windows of `length` columns, simpler first."""
    return [NetRung(name, length, settings, seed, folder) for name in BUILDERS if name in models]
