"""Nets as rungs of the ladder: `fit(train, validation)` gives a predictor, `predict(codes, side)` (n, T). Arrays in and out."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from groprog_assets.errors import ModelError, Problem
from groprog_assets.fitting.high_low import cuts, labels
from groprog_assets.model.device import place_of, single_threaded
from groprog_assets.model.sequence.deep_lift import deep_lift
from groprog_assets.model.sequence.dual_path import DualPathNetwork
from groprog_assets.model.sequence.hybrid import HybridNetwork
from groprog_assets.model.sequence.inputs import (
    Around,
    GeneExamples,
    Scaling,
    density_weights,
    hidden,
    hidden_tracks,
    one_hot_tensor,
    scaled,
    scaling_of,
    shifted,
    shifted_tracks,
)
from groprog_assets.model.sequence.motif_net import MotifNetwork, stacked
from groprog_assets.model.sequence.networks import CnnNetwork, folded, rescaled, unscaled, without_norms
from groprog_assets.model.sequence.search import search_settings
from groprog_assets.model.sequence.training import EpochRow, train_network
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_assets.study.sequence_study import PER_BASE, WITH_MOTIFS

Matrix = NDArray[np.float64]
BLOCK = 256
"""Windows that are predicted at a time."""
LEAST_VALIDATION = 3
SHAPING = ("width", "blocks")
"""Settings that a search may change and that a network is built by."""


class NetPredictor(NamedTuple):
    """networks: the members, in evaluation mode, each (n, 4, L) one-hot to (n, T) in the unit of the targets; history: epochs of
    each member, empty of a restored one; side: how many further columns they read, with the bases of `channels` tracks behind
    them; settings: those that a search found, else the given ones; seen (L,): the columns of a window that they read."""

    networks: list[nn.Module]
    history: list[list[EpochRow]]
    side: int
    settings: NetParameters
    channels: int = 0
    seen: NDArray[np.bool_] = np.ones(0, bool)

    def predict(self, codes: NDArray[np.uint8], side: Matrix) -> Matrix:
        """(n, T) means of the members."""
        return self.members(codes, side).mean(axis=0)

    def members(self, codes: NDArray[np.uint8], side: Matrix) -> NDArray[np.float64]:
        """(m, n, T) predictions of each member; their standard deviation tells how far the nets agree."""
        codes, side = self._shown(codes, side)
        return np.stack([outputs(network, codes, side) for network in self.networks])

    def _shown(self, codes: NDArray[np.uint8], side: Matrix) -> tuple[NDArray[np.uint8], Matrix]:
        return hidden(codes, self.seen), hidden_tracks(side, self.seen, self.channels)

    def links(self, codes: NDArray[np.uint8], side: Matrix) -> Matrix:
        """(n, k) share of the attention on each of the k fragments behind a window, whose weights are `side` (n, k), mean of the
        members. TypeError for a net that reads no fragments."""
        found, codes = [], self._shown(codes, side)[0]
        for network in self.networks:
            if not isinstance(network, DualPathNetwork):
                raise TypeError(f"{type(network).__name__} reads no fragments")
            with single_threaded(), torch.no_grad():
                parts = [slice(first, first + BLOCK) for first in range(0, len(codes), BLOCK)]
                weights = torch.from_numpy(side).to(torch.float32)
                found.append(torch.cat([network.links(one_hot_tensor(codes[part]), weights[part]) for part in parts]))
        shares: Matrix = torch.stack(found).mean(dim=0).double().numpy()
        return shares

    def explained(
        self, codes: NDArray[np.uint8], references: NDArray[np.uint8], task: int, beside: Matrix | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """As `deep_lift`, means of the members; beside (n, s): what the net reads beside the bases. ValueError for a net that it
        does not cover."""
        given, beside = self._shown(codes, np.empty((len(codes), 0)) if beside is None else beside)
        others = hidden(references.reshape(-1, references.shape[2]), self.seen).reshape(references.shape)
        found = [deep_lift(network, given, others, task, beside) for network in self.networks]
        out, background = (np.mean([each[part] for each in found], axis=0) for part in (0, 1))
        return self._where_seen(out), background

    def _where_seen(self, contributions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Contributions (n, 4, L), 0 where the nets do not look, in place."""
        if not self.seen.all():
            contributions[:, :, ~self.seen] = 0
        return contributions

    def gradient(self, codes: NDArray[np.uint8], task: int, beside: Matrix) -> NDArray[np.float32]:
        """(n, 4, L) gradient of one task by the one-hot bases of windows (n, L), mean of the members; beside (n, s): what the net
        reads beside the bases."""
        found = []
        codes, beside = self._shown(codes, beside)
        with single_threaded():
            for network in self.networks:
                x = one_hot_tensor(codes).requires_grad_()
                (slope,) = torch.autograd.grad(network(x, _side(beside))[:, task].sum(), x)
                found.append(slope.numpy())
        return self._where_seen(np.mean(found, axis=0, dtype=np.float32))

    def arrays(self) -> dict[str, NDArray]:
        """All weights, `<member>.<name>`, how many further columns there are, and the settings that shape the network."""
        about = {f"setting.{name}": np.array([getattr(self.settings, name)]) for name in SHAPING}
        about |= {"channels": np.array([self.channels])} if self.channels else {}
        about |= {} if self.seen.all() else {"seen": self.seen.astype(np.uint8)}
        return {"side": np.array([self.side]), **about} | {
            f"{at}.{name}": np.ascontiguousarray(value.detach().cpu().numpy())
            for at, network in enumerate(self.networks)
            for name, value in network.state_dict().items()
        }


def outputs(network: nn.Module, codes: NDArray[np.uint8], side: Matrix) -> Matrix:
    """(n, T) outputs of a network in evaluation mode for windows (n, L), one thread."""
    found, place = [], place_of(network)
    with single_threaded(), torch.no_grad():
        for first in range(0, len(codes), BLOCK):
            rows = slice(first, first + BLOCK)
            found.append(network(one_hot_tensor(codes[rows]).to(place), _side(side[rows], place)).cpu().numpy())
    tasks = found[0].shape[1] if found else 0
    return np.concatenate(found).astype(np.float64) if found else np.empty((0, tasks))


def _side(side: Matrix, place: torch.device | str = "cpu") -> torch.Tensor | None:
    return torch.from_numpy(side).to(torch.float32).to(place) if side.shape[1] else None


class GeneLesson:
    """Squared error of standardised targets, missing ones left out; the score is the mean r of the tasks on the validation genes.

    The first `window` columns move by up to `shift` bp while training; fragments behind them stay. They are never reversed: a
    gene has one direction. The last `channels * window` side columns are tracks along the window and move with it.
    """

    def __init__(
        self, train: GeneExamples, validation: GeneExamples, settings: NetParameters, window: int, channels: int = 0
    ):
        self._train, self._validation, self._settings, self._window = train, validation, settings, window
        self._channels = channels
        self.scaling = scaling_of(train.targets)
        self._targets, held = scaled(train.targets, self.scaling)
        weights = density_weights(train.targets) if settings.density_weights else np.ones(train.targets.shape)
        self._weights = held * torch.from_numpy(weights).to(torch.float32)

    @property
    def examples(self) -> int:
        return len(self._train.codes)

    def loss(
        self, network: nn.Module, rows: NDArray[np.int64], random: np.random.Generator, done: float
    ) -> torch.Tensor:
        return self.error(network(*self.given(rows, random, place_of(network))), rows)

    def given(
        self, rows: NDArray[np.int64], random: np.random.Generator, place: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """(windows (n, 4, L), side columns or None) of the examples `rows` on a device, moved as `random` says."""
        shift = random.integers(-self._settings.shift, self._settings.shift + 1, len(rows))
        codes = self._train.codes[rows]
        moved = shifted(codes[:, : self._window], shift)
        if codes.shape[1] > self._window:
            moved = np.hstack([moved, codes[:, self._window :]])
        side = shifted_tracks(self._train.side[rows], shift, self._channels, self._window)
        return one_hot_tensor(moved).to(place), _side(side, place)

    def error(self, found: torch.Tensor, rows: NDArray[np.int64]) -> torch.Tensor:
        """Weighted mean squared error of outputs (n, T) for the examples `rows`."""
        weights, targets = self._weights[rows].to(found.device), self._targets[rows].to(found.device)
        return ((found - targets) ** 2 * weights).sum() / weights.sum().clamp(min=1)

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


class HighLowLesson(GeneLesson):
    """Binary cross entropy of high against low, cut at the median of training and validation genes; outputs are log odds. The
    score is the mean r of the tasks' log odds with the labels of the validation genes."""

    def __init__(
        self, train: GeneExamples, validation: GeneExamples, settings: NetParameters, window: int, channels: int = 0
    ):
        cut = cuts(np.concatenate([train.targets, validation.targets]))
        super().__init__(_labelled(train, cut), _labelled(validation, cut), settings, window, channels)
        held = np.isfinite(self._train.targets)
        self._targets = torch.from_numpy(np.where(held, self._train.targets, 0)).to(torch.float32)
        tasks = self._train.targets.shape[1]
        self.scaling = Scaling(np.zeros(tasks), np.ones(tasks))

    def error(self, found: torch.Tensor, rows: NDArray[np.int64]) -> torch.Tensor:
        """Weighted mean cross entropy of outputs (n, T) for the examples `rows`."""
        weights, targets = self._weights[rows].to(found.device), self._targets[rows].to(found.device)
        each = functional.binary_cross_entropy_with_logits(found, targets, weight=weights, reduction="sum")
        return each / weights.sum().clamp(min=1)


class _Genes(NamedTuple):
    """Genes whose targets are labels, or whose side columns are standardised."""

    codes: NDArray[np.uint8]
    side: Matrix
    targets: Matrix


def _labelled(examples: GeneExamples, cut: NDArray[np.float64]) -> _Genes:
    return _Genes(examples.codes, examples.side, labels(examples.targets, cut))


class Shape(NamedTuple):
    """length: columns of a window; side: further columns; tasks: outputs; filters (m, 4, w): log odds of the user's motifs;
    level, spread (c,): of tracks along the window."""

    length: int
    side: int
    tasks: int
    filters: NDArray[np.float32]
    level: NDArray[np.floating] = np.empty(0)
    spread: NDArray[np.floating] = np.empty(0)

    @property
    def channels(self) -> int:
        """How many tracks there are."""
        return len(self.level)


Build = Callable[[Shape, NetParameters], nn.Module]
"""A network whose last layer is `head.out`."""


def _motif_net(shape: Shape, settings: NetParameters) -> nn.Module:
    return MotifNetwork(shape.length, shape.side, shape.tasks, shape.filters, settings.motif_stretch)


def _cnn(shape: Shape, settings: NetParameters) -> nn.Module:
    given = settings.width, settings.blocks, settings.dropout, settings.head_dropout
    return _scaled_tracks(
        CnnNetwork(shape.length, shape.side, shape.tasks, *given, shape.channels, settings.encoder), shape
    )


def _hybrid(shape: Shape, settings: NetParameters) -> nn.Module:
    given = settings.width, settings.blocks, settings.dropout, settings.head_dropout
    return _scaled_tracks(HybridNetwork(shape.side, shape.tasks, *given, shape.channels, settings.encoder), shape)


def _scaled_tracks(network: CnnNetwork | HybridNetwork, shape: Shape) -> nn.Module:
    if network.tracks is not None:
        network.tracks.mean.copy_(torch.from_numpy(shape.level))
        network.tracks.spread.copy_(torch.from_numpy(shape.spread))
    return network


def _dual(shape: Shape, settings: NetParameters) -> nn.Module:
    given = settings.dropout, settings.head_dropout
    return DualPathNetwork(shape.length, settings.fragment_width, shape.tasks, *given, encoder=settings.encoder)


def _deepcba(shape: Shape, settings: NetParameters) -> nn.Module:
    given = settings.dropout, settings.head_dropout
    return DualPathNetwork(shape.length, settings.fragment_width, shape.tasks, *given, "deepcba", settings.encoder)


BUILDERS: dict[str, Build] = {
    "motif_net": _motif_net,
    "cnn": _cnn,
    "cnn_bilstm": _dual,
    "cnn_bilstm+deepcba": _deepcba,
    "hybrid": _hybrid,
}
"""Nets by name, simpler first."""
READ_FRAGMENTS = ("cnn_bilstm", "cnn_bilstm+deepcba")
"""Nets whose windows are followed by distal fragments and whose side columns are the fragments' weights."""


class NetRung:
    """A net of BUILDERS on windows of `length` columns; `folder` keeps what an unfinished training has reached; around: where
    the start and the end of the gene are in a window, else the start is its middle."""

    def __init__(
        self,
        name: str,
        length: int,
        settings: NetParameters,
        seed: int,
        filters: NDArray[np.float32] | None = None,
        folder: Path | None = None,
        progress: Callable[[EpochRow], object] = str,
        high_low: bool = False,
        channels: int = 0,
        around: Around | None = None,
    ):
        self.name, self.length, self.settings, self.seed = name, length, settings, seed
        self.filters = np.zeros((0, 4, 1), np.float32) if filters is None else filters
        self.folder, self._progress, self.high_low, self.channels = folder, progress, high_low, channels
        self.around = Around(((0, length // 2, length),), length) if around is None else around

    @property
    def reads_fragments(self) -> bool:
        """Whether its windows are followed by distal fragments, where there are contacts."""
        return self.name in READ_FRAGMENTS

    def for_high_low(self) -> NetRung:
        """The same net, which learns high against low and answers in log odds."""
        made = copy.copy(self)
        made.high_low = True
        return made

    def with_channels(self, channels: int) -> NetRung:
        """The same net, whose last `channels * length` side columns are tracks along the window, where it reads any."""
        made = copy.copy(self)
        made.channels = channels if self.name in PER_BASE else 0
        return made

    @property
    def _lesson(self) -> type[GeneLesson]:
        return HighLowLesson if self.high_low else GeneLesson

    def fit(self, train: GeneExamples, validation: GeneExamples) -> NetPredictor:
        """As many nets as `seeds`, trained on the training genes and stopped by the validation genes; without those, after all
        epochs."""
        networks, history = [], []
        columns = train.side.shape[1] - self.channels * self.length
        tracks = train.side[:, columns:].reshape(len(train.side), self.channels, self.length)
        level, spread = level_and_spread(tracks, (0, 2))
        side = None if self.reads_fragments else level_and_spread(train.side[:, :columns], (0,))
        if side is not None and columns:
            train, validation = (_standardised(each, *side) for each in (train, validation))
        shape = Shape(self.length, columns, train.targets.shape[1], self.filters, level, spread)
        if self.name in WITH_MOTIFS and not len(self.filters):
            raise ModelError(_no_motifs(self.name))
        settings = self._searched(train, validation, shape)
        train, validation = (self._shown(each, settings) for each in (train, validation))
        for member in range(self.settings.seeds):
            lesson = self._lesson(train, validation, settings, self.length, self.channels)
            folder = None if self.folder is None else self.folder / f"member_{member}"
            trained = train_network(
                lambda: BUILDERS[self.name](shape, settings),
                lesson,
                settings,
                self.seed + member,
                folder,
                self._progress,
            )
            networks.append(_exported(trained.network, lesson.scaling, side))
            history.append(trained.history)
        return NetPredictor(networks, history, columns, settings, self.channels, self._seen(settings))

    def _seen(self, settings: NetParameters) -> NDArray[np.bool_]:
        return self.around.seen(self.length, settings.reach, settings.promoter_alone)

    def _shown(self, examples: GeneExamples, settings: NetParameters) -> GeneExamples:
        """The examples as a net of these settings reads them."""
        seen = self._seen(settings)
        if seen.all():
            return examples
        side = hidden_tracks(examples.side, seen, self.channels)
        return _Genes(hidden(examples.codes, seen), side, examples.targets)

    def restored(self, arrays: dict[str, NDArray]) -> NetPredictor:
        """The predictor of stored arrays."""
        networks: list[nn.Module] = []
        found = {name: arrays[f"setting.{name}"].item() for name in SHAPING if f"setting.{name}" in arrays}
        settings = self.settings.model_copy(update=found)
        channels = int(arrays["channels"][0]) if "channels" in arrays else 0
        while any(name.startswith(f"{len(networks)}.") for name in arrays):
            at = f"{len(networks)}."
            weights = {
                name[len(at) :]: torch.from_numpy(np.array(v)) for name, v in arrays.items() if name.startswith(at)
            }
            filters = weights["scan.weight"].numpy() if "scan.weight" in weights else self.filters
            level, spread = (weights[f"tracks.{n}"].numpy() if channels else np.empty(0) for n in ("mean", "spread"))
            shape = Shape(self.length, int(arrays["side"][0]), len(weights["head.out.bias"]), filters, level, spread)
            network = without_norms(BUILDERS[self.name](shape, settings))
            network.load_state_dict(weights)
            networks.append(network)
        seen = arrays.get("seen", np.ones(self.length, np.uint8)).astype(bool)
        return NetPredictor(networks, [], int(arrays["side"][0]), settings, channels, seen)

    def _searched(self, train: GeneExamples, validation: GeneExamples, shape: Shape) -> NetParameters:
        """The settings; after a search of `trials` on the validation genes, the best of them."""
        if not self.settings.trials or len(validation.codes) < LEAST_VALIDATION:
            return self.settings

        def score(tried: NetParameters, trial: int, stop: Callable[[EpochRow], bool]) -> list[EpochRow]:
            shown = self._shown(train, tried), self._shown(validation, tried)
            lesson = self._lesson(*shown, tried, self.length, self.channels)
            folder = None if self.folder is None else self.folder / f"trial_{trial}"
            return train_network(
                lambda: BUILDERS[self.name](shape, tried), lesson, tried, self.seed, folder, self._progress, stop
            ).history

        return search_settings(self.settings, score, self.seed, self.around.beyond_promoter).settings


def _no_motifs(name: str) -> Problem:
    return Problem("sequence.motifs", "no motifs", f"{name} reads motifs.", "Name MEME files in sequence.motifs.")


def level_and_spread(values: Matrix, axis: tuple[int, ...]) -> tuple[Matrix, Matrix]:
    """Mean and standard deviation over axes; 1 where nothing varies."""
    spread = values.std(axis=axis)
    return values.mean(axis=axis), np.where(spread > 0, spread, 1.0)


def _standardised(examples: GeneExamples, level: Matrix, spread: Matrix) -> _Genes:
    """The examples with their first side columns less level over spread (s,)."""
    side, end = examples.side.copy(), len(level)
    side[:, :end] = (side[:, :end] - level) / spread
    return _Genes(examples.codes, side, examples.targets)


def _exported(network: nn.Module, scaling: Scaling, side: tuple[Matrix, Matrix] | None) -> nn.Module:
    """The network with batch norms folded, whose outputs have the unit of the targets and whose side columns are as given, not
    standardised by `side` (level, spread)."""
    made = folded(network)
    level, spread = (torch.from_numpy(part).to(torch.float32) for part in scaling)
    head = made.get_submodule("head.out")
    assert isinstance(head, nn.Linear)
    if side is not None and len(side[0]):
        unscaled(head, *(torch.from_numpy(part).to(torch.float32) for part in side))
    rescaled(head, level, spread)
    return made


def net_rungs(
    length: int,
    models: Sequence[str],
    settings: NetParameters,
    seed: int,
    motifs: Sequence[NDArray[np.float64]],
    around: Around | None = None,
) -> list[NetRung]:
    """The nets among `models` for windows of `length` columns, simpler first; motifs: log odds (4, w) of each; around: where the
    sites of the gene are in a window."""
    filters = stacked(motifs)
    return [NetRung(name, length, settings, seed, filters, around=around) for name in BUILDERS if name in models]
