"""What the sequence nets read: one-hot windows, shifted windows, standardised targets. Arrays in, tensors out."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from groprog_kernels.bases import one_hot

UNKNOWN = 4


class GeneExamples(Protocol):
    """codes (n, L) uint8; side (n, s) further columns; targets (n, T), missing where not defined."""

    @property
    def codes(self) -> NDArray[np.uint8]: ...

    @property
    def side(self) -> NDArray[np.float64]: ...

    @property
    def targets(self) -> NDArray[np.float64]: ...


Span = tuple[int, int, int]
"""Columns of a part of the window: first, that of the start or end of the gene, and past the last."""


class Around(NamedTuple):
    """spans: the window around the start, and that around the end if there is one; promoter: bp downstream of the start that the
    view `promoter` shows."""

    spans: tuple[Span, ...]
    promoter: int

    def seen(self, length: int, reach: float, promoter_alone: bool) -> NDArray[np.bool_]:
        """(length,) the columns that a net reads: a share of each side of each site, or of what the promoter shows."""
        found = np.zeros(length, bool)
        for place, (first, site, last) in enumerate(self.spans):
            if promoter_alone and place:
                break
            after = min(last - site, self.promoter) if promoter_alone else last - site
            found[site - round(reach * (site - first)) : site + round(reach * after)] = True
        return found

    @property
    def beyond_promoter(self) -> bool:
        """Whether the window shows more than the promoter."""
        return len(self.spans) > 1 or any(last - site > self.promoter for _, site, last in self.spans)


def hidden(codes: NDArray[np.uint8], seen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Windows (n, L), fragments behind them (n, L + ...) as they are, whose columns outside `seen` (L,) are unknown."""
    if seen.all():
        return codes
    out = codes.copy()
    out[:, : len(seen)][:, ~seen] = UNKNOWN
    return out


def hidden_tracks(side: NDArray[np.float64], seen: NDArray[np.bool_], channels: int) -> NDArray[np.float64]:
    """Side columns (n, s + channels * L) whose tracks are 0 outside `seen` (L,)."""
    if not channels or seen.all():
        return side
    first = side.shape[1] - channels * len(seen)
    return np.hstack([side[:, :first], side[:, first:] * np.tile(seen, channels)])


class Scaling(NamedTuple):
    """level, spread (T,) of the training targets; 0 and 1 for a task without values."""

    level: NDArray[np.float64]
    spread: NDArray[np.float64]


def one_hot_tensor(codes: NDArray[np.uint8]) -> torch.Tensor:
    """(n, 4, L) float32; a column of zeros where the code is 4."""
    return torch.from_numpy(one_hot(codes)).to(torch.float32)


def shifted(codes: NDArray[np.uint8], shift: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Windows (n, L) moved by `shift` (n,) columns, positive to the right; what comes in from outside is code 4."""
    columns = np.arange(codes.shape[1]) - shift[:, None]
    inside = (columns >= 0) & (columns < codes.shape[1])
    moved = np.take_along_axis(codes, np.clip(columns, 0, codes.shape[1] - 1), axis=1)
    return np.where(inside, moved, UNKNOWN).astype(np.uint8)


def shifted_tracks(
    side: NDArray[np.float64], shift: NDArray[np.int64], channels: int, window: int
) -> NDArray[np.float64]:
    """Side columns (n, s + channels * window) whose tracks are moved as `shifted` moves the window; what comes in is 0."""
    if not channels:
        return side
    first = side.shape[1] - channels * window
    columns = np.arange(window) - shift[:, None]
    inside = (columns >= 0) & (columns < window)
    tracks = side[:, first:].reshape(len(side), channels, window)
    moved = np.take_along_axis(tracks, np.clip(columns, 0, window - 1)[:, None, :], axis=2) * inside[:, None, :]
    return np.hstack([side[:, :first], moved.reshape(len(side), -1)])


def scaling_of(targets: NDArray[np.float64]) -> Scaling:
    """Mean and standard deviation of each task (n, T) over the genes that have a value."""
    held = np.isfinite(targets)
    count = np.maximum(held.sum(axis=0), 1)
    level = np.where(held, targets, 0).sum(axis=0) / count
    spread = np.sqrt((np.where(held, targets - level, 0) ** 2).sum(axis=0) / count)
    return Scaling(level, np.where(spread > 0, spread, 1.0))


def scaled(targets: NDArray[np.float64], scaling: Scaling) -> tuple[torch.Tensor, torch.Tensor]:
    """((n, T) standardised targets, 0 where missing; (n, T) 1 where there is a value), float32."""
    held = np.isfinite(targets)
    values = np.where(held, (targets - scaling.level) / scaling.spread, 0)
    return torch.from_numpy(values).to(torch.float32), torch.from_numpy(held).to(torch.float32)


def density_weights(targets: NDArray[np.float64], bins: int = 20) -> NDArray[np.float64]:
    """(n, T) weight of each gene in a task: 1 / density of its value, by equally wide bins between the 20-quantiles' ends,
    clipped to 0.5 to 2, mean 1 over the genes that have a value.

    The density of a value is that of its quantile bin, 1 / (bins * width of the bin).
    """
    weights = np.ones(targets.shape)
    for task, values in enumerate(targets.T):
        held = np.isfinite(values)
        if held.sum() < bins:
            continue
        edges = np.unique(np.quantile(values[held], np.linspace(0, 1, bins + 1)))
        if len(edges) < 3:
            continue
        bin_of = np.clip(np.searchsorted(edges, values[held], side="right") - 1, 0, len(edges) - 2)
        width = np.diff(edges)[bin_of]
        own = np.clip(width / width.mean(), 0.5, 2.0)
        weights[held, task] = own / own.mean()
    return weights
