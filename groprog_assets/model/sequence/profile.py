"""The base-resolution net: which bases of a window the reads fall on, and how many there are. One-hot windows in.

One multinomial over both strands, on top of the mean profile of the training genes; counts have a head of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from groprog_assets.model.device import place_of, single_threaded
from groprog_assets.model.sequence.inputs import one_hot_tensor
from groprog_assets.model.sequence.training import EpochRow, train_network
from groprog_assets.study.sequence_net_parameters import NetParameters

FIRST_KERNEL, HEAD_KERNEL = 21, 75
COUNT_BINS = 8
BLOCK = 64


def margin(layers: int) -> int:
    """bp on each side of the output that its outermost bases depend on: 557 with 8 dilated layers."""
    return (FIRST_KERNEL - 1) // 2 + sum(2**i for i in range(1, layers + 1)) + (HEAD_KERNEL - 1) // 2


class Dilated(nn.Module):
    """Convolution of 3 at a dilation and GELU, added to the middle of its input, which loses `dilation` bp on each side."""

    def __init__(self, width: int, dilation: int):
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, dilation=dilation)
        self.act = nn.GELU()
        self.cut = dilation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, self.cut : -self.cut] + self.act(self.conv(x))


class ProfileNetwork(nn.Module):
    """`forward(x)` with x (n, 4, output + 2 * margin) gives (logits (n, 2, output), log(1 + reads) (n, counts)).

    The logits are what is added to the log of the mean profile. The counts are read from the mean of all positions and the
    highest value in each of 8 stretches.
    """

    def __init__(self, width: int, layers: int, counts: int):
        super().__init__()
        self.conv = nn.Conv1d(4, width, FIRST_KERNEL)
        self.act = nn.GELU()
        self.layers = nn.Sequential(*(Dilated(width, 2**i) for i in range(1, layers + 1)))
        self.profile = nn.Conv1d(width, 2, HEAD_KERNEL)
        self.highest = nn.AdaptiveMaxPool1d(COUNT_BINS)
        self.flat = nn.Flatten()
        self.counts = nn.Linear(width * (1 + COUNT_BINS), counts)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found, evidence = self.read(x)
        return self.profile(found), self.counts(evidence)

    def read(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(positions (n, width, s), what is read of them as a whole (n, 9 width)): the trunk that all heads share."""
        found = self.layers(self.act(self.conv(x)))
        return found, torch.cat([found.mean(dim=2), self.flat(self.highest(found))], dim=1)


def other_strand(x: torch.Tensor) -> torch.Tensor:
    """The reverse complement of one-hot windows (n, 4, L), or the same reads seen from there, of profiles (n, 2, w)."""
    return x.flip(1, 2)


class ProfileExamples(NamedTuple):
    """codes (n, output + 2 * margin + 2 * shift) uint8; profile (n, 2, output + 2 * shift) reads, the gene's strand first, both
    centred on the TSS; counts (n, k) reads that the count head predicts, such as those of each strand and condition."""

    codes: NDArray[np.uint8]
    profile: NDArray[np.float32]
    counts: NDArray[np.float64]

    def rows(self, chosen: NDArray) -> ProfileExamples:
        """The chosen examples, by mask or row numbers."""
        return ProfileExamples(self.codes[chosen], self.profile[chosen], self.counts[chosen])


class Prediction(NamedTuple):
    """profile (n, 2, output) with the sum 1 in each window; counts (n, k) reads."""

    profile: NDArray[np.float64]
    counts: NDArray[np.float64]


class ProfilePredictor(NamedTuple):
    """network, log of the mean profile (2, output), and the epochs of its training."""

    network: nn.Module
    bias: NDArray[np.float32]
    history: list[EpochRow]

    @property
    def reach(self) -> int:
        """bp on each side of the TSS that it reads."""
        layers = sum(isinstance(module, Dilated) for module in self.network.modules())
        return self.bias.shape[1] // 2 + margin(layers)

    def predict(self, codes: NDArray[np.uint8]) -> Prediction:
        """The profile and the counts of windows (n, output + 2 * margin), the mean of both strands' logits: the window from the
        other strand gives the same, strands swapped, but for the mean profile, which is that of the gene's direction."""
        profiles, counts = [], []
        bias = torch.from_numpy(self.bias)
        with single_threaded(), torch.no_grad():
            for first in range(0, len(codes), BLOCK):
                logits, reads = both_strands(self.network, one_hot_tensor(codes[first : first + BLOCK]))
                shares = torch.softmax((logits + bias).flatten(1), dim=1).view_as(logits)
                profiles.append(shares.double().numpy())
                counts.append(np.expm1(reads.double().numpy()))
        if not profiles:
            return Prediction(np.empty((0, *self.bias.shape)), np.empty((0, 0)))
        return Prediction(np.concatenate(profiles), np.concatenate(counts))

    def arrays(self) -> dict[str, NDArray]:
        """All it learnt."""
        weights = {f"net.{name}": value.numpy() for name, value in self.network.state_dict().items()}
        return {"bias": self.bias, **{name: np.ascontiguousarray(value) for name, value in weights.items()}}


def both_strands(network: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(logits, counts) as the mean of the window and its reverse complement, whose strands are swapped back."""
    logits, counts = network(x)
    others, again = network(other_strand(x))
    return (logits + other_strand(others)) / 2, (counts + again) / 2


class ProfileLesson:
    """Multinomial error over both strands, divided by the reads, and the squared error of the log counts.

    A window with fewer than `profile_counts` reads weighs less in proportion. Windows move by up to `shift` bp with their reads,
    and half of them are read from the other strand. The score is the negative multinomial error on the validation windows.
    """

    def __init__(self, train: ProfileExamples, validation: ProfileExamples, settings: NetParameters):
        self._train, self._validation, self._settings = train, validation, settings
        self.output = train.profile.shape[2] - 2 * settings.shift
        middle = train.profile[:, :, settings.shift : settings.shift + self.output].astype(np.float64)
        total = middle.sum(axis=(1, 2), keepdims=True)
        held = total[:, 0, 0] > 0
        mean = (middle[held] / total[held]).mean(axis=0) if held.any() else np.ones(middle.shape[1:])
        # A base that no training gene has a read on is possible all the same.
        mean = mean / mean.sum() + 0.01 / mean.size
        self.bias = np.log(mean / mean.sum()).astype(np.float32)

    @property
    def examples(self) -> int:
        return len(self._train.codes)

    def loss(
        self, network: nn.Module, rows: NDArray[np.int64], random: np.random.Generator, done: float
    ) -> torch.Tensor:
        shift = random.integers(0, 2 * self._settings.shift + 1, len(rows))
        place = place_of(network)
        reverse = torch.from_numpy(random.random(len(rows)) < 0.5)[:, None, None].to(place)
        codes, profile = self._moved(self._train, rows, shift)
        x = one_hot_tensor(codes).to(place)
        logits, counts = network(torch.where(reverse, other_strand(x), x))
        logits = torch.where(reverse, other_strand(logits), logits)
        reads = torch.from_numpy(np.log1p(self._train.counts[rows])).to(torch.float32).to(place)
        return self._error(logits, profile) + self._settings.count_weight * ((counts - reads) ** 2).mean()

    def score(self, network: nn.Module) -> float:
        found = []
        shift = np.full(BLOCK, self._settings.shift)
        for first in range(0, len(self._validation.codes), BLOCK):
            rows = np.arange(first, min(first + BLOCK, len(self._validation.codes)))
            codes, profile = self._moved(self._validation, rows, shift[: len(rows)])
            error = self._error(network(one_hot_tensor(codes).to(place_of(network)))[0], profile)
            found.append((float(error), len(rows)))
        if not found:
            return float("nan")
        errors, sizes = zip(*found, strict=True)
        return -float(np.average(errors, weights=sizes))

    def digest(self) -> str:
        parts = (*self._train, *self._validation)
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()

    def _moved(
        self, examples: ProfileExamples, rows: NDArray[np.int64], shift: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], torch.Tensor]:
        length = examples.codes.shape[1] - 2 * self._settings.shift
        codes = np.take_along_axis(examples.codes[rows], shift[:, None] + np.arange(length), axis=1)
        at = np.broadcast_to(shift[:, None, None] + np.arange(self.output), (len(rows), 2, self.output))
        return codes, torch.from_numpy(np.take_along_axis(examples.profile[rows], at, axis=2)).to(torch.float32)

    def _error(self, logits: torch.Tensor, profile: torch.Tensor) -> torch.Tensor:
        """Mean over windows of -sum(share of the reads * log probability), weighted by reads up to `profile_counts`."""
        shares = torch.log_softmax((logits + torch.from_numpy(self.bias).to(logits.device)).flatten(1), dim=1)
        reads = profile.flatten(1).to(logits.device)
        total = reads.sum(dim=1)
        weight = (total / self._settings.profile_counts).clamp(max=1)
        error = -(reads * shares).sum(dim=1) / total.clamp(min=1)
        return (error * weight).sum() / weight.sum().clamp(min=1e-6)


def fit_profile(
    train: ProfileExamples,
    validation: ProfileExamples,
    settings: NetParameters,
    seed: int,
    folder: Path | None = None,
    progress: Callable[[EpochRow], object] = str,
) -> ProfilePredictor:
    """The net trained on the training windows and stopped by the validation windows."""
    lesson = ProfileLesson(train, validation, settings)
    counts = train.counts.shape[1]
    level = torch.from_numpy(np.log1p(train.counts).mean(axis=0)).to(torch.float32)

    def make() -> nn.Module:
        network = ProfileNetwork(settings.profile_width, settings.profile_layers, counts)
        with torch.no_grad():
            network.counts.bias.copy_(level)
        return network

    trained = train_network(make, lesson, settings, seed, folder, progress)
    return ProfilePredictor(trained.network, lesson.bias, trained.history)


def restored_profile(arrays: dict[str, NDArray]) -> ProfilePredictor:
    """The predictor of stored arrays, whose shapes tell those of the net."""
    weights = {name[4:]: torch.from_numpy(np.array(v)) for name, v in arrays.items() if name.startswith("net.")}
    # A trunk that is shared with the gene's values has a head for these too.
    weights = {name: value for name, value in weights.items() if not name.startswith("scalars.")}
    layers = sum(name.startswith("layers.") and name.endswith(".bias") for name in weights)
    network = ProfileNetwork(len(weights["conv.bias"]), layers, len(weights["counts.bias"]))
    network.load_state_dict(weights)
    return ProfilePredictor(network.eval(), arrays["bias"], [])
