"""Training schedule: stages, adaptive rates (eq. 12), batches (eq. 13) and early stopping (paper 3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groprog_assets.study.model_parameters import TrainingParameters

Stage = Literal["genomic", "clinical", "joint"]
NORM_MEMORY = 0.9


def stage_of(epoch: int, parameters: TrainingParameters, genomic: bool, staged: bool = True) -> Stage:
    """Stage of an epoch (0-based): genomic warm-up, clinical warm-up, joint. Without omics the first stage is skipped.

    staged: whether the network has warm-ups; without them every epoch is joint.
    """
    if not staged:
        return "joint"
    first = parameters.genomic_warmup_epochs if genomic else 0
    if epoch < first:
        return "genomic"
    return "clinical" if epoch < first + parameters.clinical_warmup_epochs else "joint"


def warmup_epochs(parameters: TrainingParameters, genomic: bool, staged: bool = True) -> int:
    """Epochs before the joint stage."""
    if not staged:
        return 0
    return parameters.clinical_warmup_epochs + (parameters.genomic_warmup_epochs if genomic else 0)


@dataclass
class GradientRates:
    """eq. 12 as docs/methods.md settles it: rates of the two branches as multiples of l0, from smoothed gradient norms.

    The printed l0 / (1 + beta * own / (other + epsilon)), times 1 + beta so that equal norms give l0, then clamped.
    Norms are smoothed with memory 0.9 and bias correction.
    """

    beta: float
    clamp: tuple[float, float]
    genomic: float = 0.0
    clinical: float = 0.0
    steps: int = 0

    def update(self, genomic_norm: float, clinical_norm: float) -> tuple[float, float]:
        """Add the gradient norms of this step; returns the multiples (genomic, clinical)."""
        self.steps += 1
        self.genomic = NORM_MEMORY * self.genomic + (1 - NORM_MEMORY) * genomic_norm
        self.clinical = NORM_MEMORY * self.clinical + (1 - NORM_MEMORY) * clinical_norm
        correction = 1 - NORM_MEMORY**self.steps
        return adaptive_rates(self.genomic / correction, self.clinical / correction, self.beta, self.clamp)


def adaptive_rates(
    genomic_norm: float, clinical_norm: float, beta: float, clamp: tuple[float, float], epsilon: float = 1e-12
) -> tuple[float, float]:
    """eq. 12 normalised so that equal norms give one: (1 + beta) / (1 + beta * own / other), clamped. Multiples of l0."""
    genomic = (1 + beta) / (1 + beta * genomic_norm / (clinical_norm + epsilon))
    clinical = (1 + beta) / (1 + beta * clinical_norm / (genomic_norm + epsilon))
    return min(max(genomic, clamp[0]), clamp[1]), min(max(clinical, clamp[0]), clamp[1])


def batches(event: np.ndarray, weights: np.ndarray, limit: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Row indices of each step of one epoch.

    Up to `limit` patients: one batch of all patients, in order. Beyond: batches of `limit`. The share of events in a batch
    follows the eq. 13 weights and is at least that of the cohort. Events are drawn again once all have been used, so that
    every batch has events.
    """
    n = event.size
    if n <= limit:
        yield np.arange(n)
        return
    happened = np.flatnonzero(event)
    censored = np.flatnonzero(~np.asarray(event, dtype=bool))
    share = float(weights[happened].sum() / weights.sum()) if happened.size else 0.0
    steps = -(-n // limit)
    per_batch = min(round(limit * share), limit - 1) if censored.size else limit
    per_batch = max(per_batch, 1) if happened.size else 0
    events = _cycle(happened, per_batch * steps, generator)
    others = _cycle(censored, (limit - per_batch) * steps, generator)
    for step in range(steps):
        chosen = np.r_[
            events[step * per_batch : (step + 1) * per_batch],
            others[step * (limit - per_batch) : (step + 1) * (limit - per_batch)],
        ]
        yield np.unique(chosen)


def _cycle(rows: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    if rows.size == 0 or size == 0:
        return np.zeros(0, dtype=np.int64)
    rounds = -(-size // rows.size)
    return np.concatenate([generator.permutation(rows) for _ in range(rounds)])[:size]


@dataclass
class EarlyStopping:
    """Stops the joint stage `patience` epochs after the best validation value (lower is better)."""

    patience: int
    best: float = float("inf")
    best_epoch: int = -1

    def update(self, epoch: int, value: float) -> bool:
        """Record an epoch's value; True when it is the best so far."""
        if value < self.best - 1e-6:
            self.best, self.best_epoch = value, epoch
            return True
        return False

    def done(self, epoch: int) -> bool:
        """Whether `patience` epochs have passed without improvement."""
        return self.best_epoch >= 0 and epoch - self.best_epoch >= self.patience
