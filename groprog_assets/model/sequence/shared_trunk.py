"""One trunk for the profile of a gene and its values, kept where neither is predicted worse than by nets of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from groprog_assets.model.device import place_of, single_threaded
from groprog_assets.model.sequence.inputs import one_hot_tensor, scaled, scaling_of
from groprog_assets.model.sequence.networks import rescaled
from groprog_assets.model.sequence.profile import (
    BLOCK,
    COUNT_BINS,
    ProfileExamples,
    ProfileLesson,
    ProfileNetwork,
    ProfilePredictor,
    fit_profile,
)
from groprog_assets.model.sequence.rungs import mean_r
from groprog_assets.model.sequence.training import EpochRow, train_network
from groprog_assets.study.sequence_net_parameters import NetParameters


class TrunkChoice(TypedDict):
    """Validation scores of a fold: profile (minus the multinomial error) and values (mean r of the tasks), each by a net of its
    own and by one trunk; whether that is kept. NaN without validation genes, and then it is not."""

    profile_alone: float
    profile_shared: float
    values_alone: float
    values_shared: float
    shared: bool


class Chosen(NamedTuple):
    """profile: the predictor in use; values: the network that gives the values (n, T) in the unit of the targets; choice."""

    profile: ProfilePredictor
    values: ValueNetwork
    choice: TrunkChoice


class ValueNetwork(ProfileNetwork):
    """`ProfileNetwork` with one more linear output for each of `tasks`, of the gene's own strand: `values(x)` (n, T)."""

    def __init__(self, width: int, layers: int, counts: int, tasks: int):
        super().__init__(width, layers, counts)
        self.scalars = nn.Linear(width * (1 + COUNT_BINS), tasks)

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """(n, T) standardised values of windows (n, 4, L)."""
        found: torch.Tensor = self.scalars(self.read(x)[1])
        return found


class ValueLesson(ProfileLesson):
    """Squared error of the values alone, missing ones left out; or, with `base`, the errors of profile and values together.

    base: the scores of profile and values by nets of their own. The score is then the smaller of both gains over these, so
    that the best epoch is the one that neither loses by, if there is one. Windows are never turned for the values: a gene has one
    direction.
    """

    def __init__(
        self,
        train: ProfileExamples,
        validation: ProfileExamples,
        targets: tuple[NDArray[np.float64], NDArray[np.float64]],
        settings: NetParameters,
        base: tuple[float, float] | None = None,
    ):
        super().__init__(train, validation, settings)
        self.base, self._told = base, targets
        self.scaling = scaling_of(targets[0])
        self._values, self._held = scaled(targets[0], self.scaling)

    def loss(
        self, network: nn.Module, rows: NDArray[np.int64], random: np.random.Generator, done: float
    ) -> torch.Tensor:
        assert isinstance(network, ValueNetwork)
        place = place_of(network)
        shift = random.integers(0, 2 * self._settings.shift + 1, len(rows))
        x = one_hot_tensor(self._moved(self._train, rows, shift)[0]).to(place)
        held = self._held[rows].to(place)
        error = (network.values(x) - self._values[rows].to(place)) ** 2 * held
        own = error.sum() / held.sum().clamp(min=1)
        return own if self.base is None else own + super().loss(network, rows, random, done)

    def score(self, network: nn.Module) -> float:
        assert isinstance(network, ValueNetwork)
        r = mean_r(values(network, self._validation.codes, self._settings.shift), self._told[1])
        if self.base is None:
            return r
        return min(super().score(network) - self.base[0], r - self.base[1])

    def profile_score(self, network: nn.Module) -> float:
        """That of the profile, in evaluation mode."""
        with torch.no_grad():
            return super().score(network)

    def digest(self) -> str:
        parts = [*self._told, np.array(self.base or ())]
        return hashlib.sha256(super().digest().encode() + b"".join(part.tobytes() for part in parts)).hexdigest()


def values(network: ValueNetwork, codes: NDArray[np.uint8], shift: int) -> NDArray[np.float64]:
    """(n, T) standardised values of windows with `shift` bp more on both sides, in evaluation mode."""
    inner = codes[:, shift : codes.shape[1] - shift]
    found = [np.empty((0, network.scalars.out_features))]
    with single_threaded(), torch.no_grad():
        for first in range(0, len(inner), BLOCK):
            x = one_hot_tensor(inner[first : first + BLOCK]).to(place_of(network))
            found.append(network.values(x).cpu().double().numpy())
    return np.concatenate(found)


def fit_trunks(
    train: ProfileExamples,
    validation: ProfileExamples,
    targets: tuple[NDArray[np.float64], NDArray[np.float64]],
    settings: NetParameters,
    seed: int,
    folder: Path | None = None,
    progress: Callable[[EpochRow], object] = str,
) -> Chosen:
    """The profile net, a net of the same form for the values alone, and one with both; the last is used where it is at least as
    good as each of the first two on the validation genes. targets (n, T) of training and validation genes."""
    parts = {name: None if folder is None else folder / name for name in ("values", "shared")}
    alone = fit_profile(train, validation, settings, seed, folder, progress)

    def make() -> ValueNetwork:
        network = ValueNetwork(
            settings.profile_width, settings.profile_layers, train.counts.shape[1], targets[0].shape[1]
        )
        with torch.no_grad():
            network.counts.bias.copy_(torch.from_numpy(np.log1p(train.counts).mean(axis=0)).to(torch.float32))
        return network

    def trained(lesson: ValueLesson, name: str) -> ValueNetwork:
        network = train_network(make, lesson, settings, seed, parts[name], progress).network
        assert isinstance(network, ValueNetwork)
        return network

    lesson = ValueLesson(train, validation, targets, settings)
    own = trained(lesson, "values")
    base = lesson.profile_score(alone.network), lesson.score(own)
    both = ValueLesson(train, validation, targets, settings, base)
    shared = trained(both, "shared")
    choice: TrunkChoice = {
        "profile_alone": base[0],
        "profile_shared": both.profile_score(shared),
        "values_alone": base[1],
        "values_shared": lesson.score(shared),
        "shared": False,
    }
    choice["shared"] = (
        choice["profile_shared"] >= choice["profile_alone"] and choice["values_shared"] >= choice["values_alone"]
    )
    used = shared if choice["shared"] else own
    level, spread = (torch.from_numpy(part).to(torch.float32) for part in lesson.scaling)
    rescaled(used.scalars, level, spread)
    return Chosen(ProfilePredictor(shared, both.bias, alone.history) if choice["shared"] else alone, used, choice)
