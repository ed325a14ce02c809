"""Training of one sequence net: AdamW in one cycle, early stopping, resumed after each epoch. One seed gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from groprog_assets.model.device import device_of, single_threaded
from groprog_assets.model.training_state import write_whole
from groprog_assets.study.sequence_net_parameters import NetParameters

RISING = 0.3
"""Share of the cycle in which the rate rises."""
FIRST_RATE, LAST_RATE = 1 / 25, 1 / 25e4
"""Rates at the ends of the cycle, as fractions of the highest."""
GRADIENT_LIMIT = 5.0


class EpochRow(TypedDict):
    """An epoch: mean loss of its steps, score on the validation genes (higher is better; NaN without any)."""

    epoch: int
    loss: float
    score: float


class Lesson(Protocol):
    """What a net learns from: how many examples, the loss of some, the score on the validation examples, a digest of it all."""

    @property
    def examples(self) -> int: ...

    def loss(
        self, network: nn.Module, rows: NDArray[np.int64], random: np.random.Generator, done: float
    ) -> torch.Tensor:
        """Mean loss of the examples `rows`; what is drawn (shifts) is drawn from `random`; done: share of the cycle behind."""

    def score(self, network: nn.Module) -> float:
        """Score of the network, in evaluation mode, on the validation examples; NaN without any."""

    def digest(self) -> str:
        """sha256 of all that the loss depends on, by which an unfinished training is recognised."""


class Trained(NamedTuple):
    """network: in evaluation mode, with the weights of the best epoch; history: a row an epoch; best: its number."""

    network: nn.Module
    history: list[EpochRow]
    best: int


def one_cycle(step: int, steps: int, highest: float) -> float:
    """The learning rate of a step (0-based) of `steps`: a cosine up over the first 30 %, and one down to almost 0.

    As torch's OneCycleLR by default (Smith and Topin 2019, arXiv:1708.07120), without its change of momentum.
    """
    top = RISING * steps - 1
    if step <= top:
        return _between(highest * FIRST_RATE, highest, step / top if top > 0 else 1.0)
    return _between(highest, highest * LAST_RATE, (step - top) / max(steps - 1 - top, 1e-12))


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + float(np.cos(np.pi * share)))


def seed_of(*numbers: int) -> int:
    """A seed of torch from several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def train_network(
    make: Callable[[], nn.Module],
    lesson: Lesson,
    settings: NetParameters,
    seed: int,
    folder: Path | None = None,
    progress: Callable[[EpochRow], object] = str,
    stop: Callable[[EpochRow], bool] = lambda row: False,
) -> Trained:
    """Train `make()` on a lesson; the weights of the epoch with the best score are kept, the last ones without a score.

    After `patience` epochs without a better score, or when `stop` says so of an epoch, training ends. With a `folder` it goes
    on from the last finished epoch of the same lesson and settings, to the same weights as without a break. One thread; torch's
    generator is left as it was. It trains on the device of the settings and is given back on the CPU. Raises ModelError for
    `cuda` where there is none.
    """
    device = device_of(settings.device)
    with single_threaded(), torch.random.fork_rng(devices=[] if device.type == "cpu" else None):
        torch.manual_seed(seed_of(seed, 0))
        network = make().to(device)
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        best_weights = _copied(network)
        history: list[EpochRow] = []
        named = f"{lesson.digest()} {seed} {settings.model_dump_json()}"
        place = None if folder is None else Path(folder) / "net.safetensors"
        held = _recalled(place, named)
        if held is not None:
            tensors, history = held
            network.load_state_dict(_part(tensors, "network"))
            best_weights = _part(tensors, "best")
            _restore(optimizer, _part(tensors, "optimizer"))
        batches = max(-(-lesson.examples // settings.batch), 1)
        while not _finished(history, settings, stop):
            epoch = len(history)
            random = np.random.default_rng([seed, 1, epoch])
            torch.manual_seed(seed_of(seed, 2, epoch))
            order = random.permutation(lesson.examples)
            network.train()
            losses = []
            for number, rows in enumerate(np.array_split(order, batches)):
                step, steps = epoch * batches + number, settings.epochs * batches
                for group in optimizer.param_groups:
                    group["lr"] = one_cycle(step, steps, settings.learning_rate)
                optimizer.zero_grad(set_to_none=True)
                loss = lesson.loss(network, rows, random, step / steps)
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_LIMIT)
                optimizer.step()
                losses.append(loss.item())
            network.eval()
            with torch.no_grad():
                score = lesson.score(network)
            history.append({"epoch": epoch, "loss": float(np.mean(losses)), "score": score})
            if best_epoch(history) == epoch:
                best_weights = _copied(network)
            progress(history[-1])
            if place is not None:
                parts = {"network": network.state_dict(), "best": best_weights, "optimizer": _state(optimizer)}
                _save(place, named, parts, history)
        network.load_state_dict(best_weights)
    return Trained(network.eval().cpu(), history, best_epoch(history))


def best_epoch(history: list[EpochRow]) -> int:
    """The epoch with the highest score, the first of equal ones; the last where no epoch has a score."""
    scores = np.array([row["score"] for row in history])
    return int(np.nanargmax(scores)) if np.isfinite(scores).any() else len(history) - 1


def _finished(history: list[EpochRow], settings: NetParameters, stop: Callable[[EpochRow], bool]) -> bool:
    if not history:
        return False
    waited = len(history) - 1 - best_epoch(history)
    return len(history) >= settings.epochs or waited >= settings.patience or stop(history[-1])


def _copied(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _state(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """The moments of every parameter, `<number>.<name>`."""
    return {
        f"{number}.{name}": value
        for number, held in optimizer.state_dict()["state"].items()
        for name, value in held.items()
    }


def _restore(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _save(place: Path, named: str, parts: dict[str, dict[str, torch.Tensor]], history: list[EpochRow]) -> None:
    tensors = {
        f"{part}.{name}": value.detach().cpu().contiguous().clone()
        for part, held in parts.items()
        for name, value in held.items()
    }
    # One entry: safetensors writes several in an order that changes from process to process.
    document = json.dumps({"of": named, "history": history})
    write_whole(place, save_tensors(tensors, metadata={"document": document}))


def _recalled(place: Path | None, named: str) -> tuple[dict[str, torch.Tensor], list[EpochRow]] | None:
    """Tensors and history of an unfinished training of the same name; a file that cannot be read counts as none."""
    if place is None or not place.is_file():
        return None
    content = place.read_bytes()
    try:
        header: dict[str, Any] = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        document = json.loads(header["__metadata__"]["document"])
        return (load_tensors(content), document["history"]) if document["of"] == named else None
    except (ValueError, KeyError, OSError, RuntimeError):
        return None


def _part(tensors: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key.partition(".")[2]: value for key, value in tensors.items() if key.partition(".")[0] == name}
