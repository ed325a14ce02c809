"""State of an unfinished training on disk: tensors and document in one file, written atomically.

Loading executes no code from a file.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypedDict

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors


class EpochRow(TypedDict):
    """An epoch: mean losses of its steps, multiples of the learning rate, and, in the joint stage, the validation."""

    epoch: int
    stage: str
    cox: float
    ranking: float
    coherence: float
    validation_concordance: float
    genomic_rate: float
    clinical_rate: float
    eta_mean: float
    effective_rank: float


class TrainingDocument(TypedDict):
    """The numbers later epochs depend on; None for an infinite loss, because JSON has no infinity."""

    next_epoch: int
    average_steps: int
    best: float | None
    best_epoch: int
    warm_loss: float | None
    rates: tuple[float, float, int]
    current_rates: tuple[float, float]
    learning_rates: list[float]
    history: list[EpochRow]


class TrainingState(NamedTuple):
    """All that later epochs depend on: tensors by name, and a JSON-able document."""

    tensors: dict[str, torch.Tensor]
    document: TrainingDocument


class TrainingFolder:
    """One member's unfinished training: `state.safetensors` holding the tensors and, in its header, the document."""

    def __init__(self, folder: Path, seconds: float):
        self.path = Path(folder) / "state.safetensors"
        self.seconds = seconds
        self.saved_at = time.monotonic()

    def load(self) -> TrainingState | None:
        """The last saved state, or None. A file that cannot be read counts as none: training then starts over."""
        if not self.path.is_file():
            return None
        content = self.path.read_bytes()
        try:
            header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
            return TrainingState(load_tensors(content), json.loads(header["__metadata__"]["document"]))
        except (ValueError, KeyError, OSError, RuntimeError):
            return None

    def save_when_due(self, state: Callable[[], TrainingState], finished: bool) -> None:
        """Save `state()` when `seconds` have passed since the last time, or training is finished."""
        if not finished and time.monotonic() - self.saved_at < self.seconds:
            return
        tensors, document = state()
        held = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        write_whole(self.path, save_tensors(held, metadata={"document": json.dumps(document)}))
        self.saved_at = time.monotonic()


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` under a temporary name, sync it and rename it, so that a reader sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(temporary, path)
