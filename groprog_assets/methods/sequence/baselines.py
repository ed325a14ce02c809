"""The rungs of the ladder without nets: mean, GC, ridge on positional k-mers, and with selected words. Arrays in and out.

A rung is made for a layout; `fit(train, validation)` gives a predictor, whose `predict(codes, side)` gives (n, T). Nets follow
the same two protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from groprog_assets.methods.sequence.targets import pearson
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.methods.sequence.words import core_presence, select_words
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_kernels.kmers import count_kmers

Matrix = NDArray[np.float64]
SIDE_EASE = 10.0
"""How many times smaller the penalty of side columns is than that of the k-mers, as that of words is."""
BLOCK = 2048
"""Windows whose features are held at a time where no Gram matrix needs all."""


class Examples(NamedTuple):
    """codes (n, L) uint8; side (n, s) further numeric columns, s may be 0; targets (n, T), missing where not defined."""

    codes: NDArray[np.uint8]
    side: Matrix
    targets: Matrix

    def rows(self, chosen: NDArray) -> Examples:
        """The chosen examples, by mask or row numbers."""
        return Examples(self.codes[chosen], self.side[chosen], self.targets[chosen])

    def with_others(self, other: Examples) -> Examples:
        """These and the other examples."""
        return Examples(
            np.concatenate([self.codes, other.codes]),
            np.concatenate([self.side, other.side]),
            np.concatenate([self.targets, other.targets]),
        )


class Predictor(Protocol):
    """What a fitted rung is: `predict` gives (n, T); `arrays` holds all it learnt, for a file."""

    def predict(self, codes: NDArray[np.uint8], side: Matrix) -> Matrix: ...

    def arrays(self) -> dict[str, NDArray]: ...


class Rung(Protocol):
    """A model before it is fitted. `restored` makes the predictor again from its arrays."""

    name: str

    def fit(self, train: Examples, validation: Examples) -> Predictor: ...

    def restored(self, arrays: dict[str, NDArray]) -> Predictor: ...


class Linear(NamedTuple):
    """A linear predictor on standardised features: mean, scale (p,), weights (p, T), offset (T,); features of codes."""

    features: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: Matrix
    offset: Matrix

    def predict(self, codes: NDArray[np.uint8], side: Matrix) -> Matrix:
        """(n, T) predictions; `side` has columns that go behind the features."""
        out = np.empty((len(codes), len(self.offset)))
        weights = self.weights / self.scale[:, None]
        offset = self.offset - self.mean @ weights
        for first in range(0, len(codes), BLOCK):
            rows = slice(first, first + BLOCK)
            out[rows] = _joined(self.features(codes[rows]), side[rows]) @ weights + offset
        return out

    def apply(self, columns: NDArray[np.float32], extra: NDArray) -> Matrix:
        """(n,) predictions of the first task from features that are there already, `extra` columns behind them."""
        weights = (self.weights[:, 0] / self.scale).astype(np.float64)
        at = columns.shape[1]
        return columns @ weights[:at] + extra @ weights[at:] + (self.offset[0] - self.mean @ weights)

    def arrays(self) -> dict[str, NDArray]:
        """All it learnt; the features are the rung's."""
        return {"mean": self.mean, "scale": self.scale, "weights": self.weights, "offset": self.offset}


def _joined(features: NDArray[np.float32], side: Matrix) -> NDArray[np.float32]:
    return np.hstack([features, side.astype(np.float32)]) if side.shape[1] else features


class Mean:
    """The mean of each task's training genes."""

    name = "mean"

    def fit(self, train: Examples, validation: Examples) -> Linear:
        """The means of training and validation genes; 0 for a task without a value."""
        targets = np.vstack([train.targets, validation.targets])
        held = np.isfinite(targets)
        offset = np.where(held, targets, 0).sum(axis=0) / np.maximum(held.sum(axis=0), 1)
        return self._linear(np.zeros((train.side.shape[1], len(offset))), offset)

    def restored(self, arrays: dict[str, NDArray]) -> Linear:
        """The predictor of stored arrays."""
        return self._linear(arrays["weights"], arrays["offset"])

    def _linear(self, weights: Matrix, offset: Matrix) -> Linear:
        columns = len(weights)
        return Linear(_no_features, np.zeros(columns, np.float32), np.ones(columns, np.float32), weights, offset)


def _no_features(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.empty((len(codes), 0), np.float32)


class GC:
    """Least squares on the GC share of each stretch of the window."""

    name = "gc"

    def __init__(self, layout: Layout, parameters: SequenceParameters):
        self._edges = layout.stretches()

    def features(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, stretches) share of C and G among the known bases."""
        known, gc = codes < 4, (codes == 1) | (codes == 2)
        columns = []
        for edges in self._edges:
            for start, end in pairwise(edges):
                columns.append(gc[:, start:end].sum(axis=1) / np.maximum(known[:, start:end].sum(axis=1), 1))
        return np.column_stack(columns).astype(np.float32)

    def fit(self, train: Examples, validation: Examples) -> Linear:
        """Fitted on training and validation genes; the penalty only keeps the equations solvable."""
        both = train.with_others(validation)
        return _Ridge(self.features, both).at(1.0)

    def restored(self, arrays: dict[str, NDArray]) -> Linear:
        """The predictor of stored arrays."""
        return Linear(self.features, **arrays)


class RidgeKmer:
    """Ridge on log(1 + count) of the k-mers of each stretch; one penalty for all tasks, chosen on the validation genes."""

    name = "ridge_kmer"

    def __init__(self, layout: Layout, parameters: SequenceParameters):
        self._edges, self._parameters = layout.stretches(), parameters

    def features(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, stretches * 4**k) log(1 + count)."""
        k = self._parameters.kmer_length
        counts = [count_kmers(codes, edges, k).reshape(len(codes), -1) for edges in self._edges]
        return np.log1p(np.hstack(counts), dtype=np.float32)

    def fit(self, train: Examples, validation: Examples) -> Linear:
        """The penalty with the best mean r over tasks on the validation genes, then a fit on training and validation genes.

        Without validation genes it is the middle one.
        """
        penalties = sorted(self._parameters.penalties)
        chosen = penalties[len(penalties) // 2]
        if len(validation.codes) > 2 and len(penalties) > 1:
            ridge = _Ridge(self.features, train)
            scores = []
            for penalty in penalties:
                predicted = ridge.at(penalty).predict(validation.codes, validation.side)
                scores.append(np.mean([pearson(a, b) for a, b in zip(predicted.T, validation.targets.T, strict=True)]))
            chosen = penalties[int(np.argmax(scores))]
        both = train.with_others(validation)
        return _Ridge(self.features, both).at(chosen)

    def restored(self, arrays: dict[str, NDArray]) -> Linear:
        """The predictor of stored arrays."""
        return Linear(self.features, **arrays)


class WordLinear(NamedTuple):
    """One linear predictor a task, each with the presence of its own words behind the k-mers. words: columns by task."""

    layout: Layout
    parameters: SequenceParameters
    tasks: Sequence[Linear]
    words: Sequence[NDArray[np.int64]]

    def predict(self, codes: NDArray[np.uint8], side: Matrix) -> Matrix:
        """(n, T) predictions."""
        out = np.empty((len(codes), len(self.tasks)))
        for first in range(0, len(codes), BLOCK):
            rows = slice(first, first + BLOCK)
            presence = core_presence(codes[rows], self.layout, self.parameters)
            columns = _joined(RidgeKmer(self.layout, self.parameters).features(codes[rows]), side[rows])
            for place, (task, words) in enumerate(zip(self.tasks, self.words, strict=True)):
                out[rows, place] = task.apply(columns, presence[:, words])
        return out

    def arrays(self) -> dict[str, NDArray]:
        """All it learnt, `<task number>.<name>`."""
        found: dict[str, NDArray] = {}
        for place, (task, words) in enumerate(zip(self.tasks, self.words, strict=True)):
            found |= {f"{place}.{name}": values for name, values in {**task.arrays(), "words": words}.items()}
        return found


def predict_task(predictor: Predictor, codes: NDArray[np.uint8], task: int, side: Matrix | None = None) -> Matrix:
    """(n,) predictions of one task, without side columns where none are given; where each task has a predictor of its own, only
    that is asked."""
    if isinstance(predictor, WordLinear):
        predictor, task = predictor._replace(tasks=[predictor.tasks[task]], words=[predictor.words[task]]), 0
    return predictor.predict(codes, np.empty((len(codes), 0)) if side is None else side)[:, task]


class RidgeKmerWords:
    """`RidgeKmer` with the presence of words selected for each task on its training genes, under a smaller penalty."""

    name = "ridge_kmer+words"

    def __init__(self, layout: Layout, parameters: SequenceParameters):
        self._layout, self._parameters = layout, parameters
        self._kmers = RidgeKmer(layout, parameters)

    def fit(self, train: Examples, validation: Examples) -> WordLinear:
        """Words are selected, and all weights fitted, on training and validation genes; both penalties are fixed."""
        both = train.with_others(validation)
        presence = core_presence(both.codes, self._layout, self._parameters)
        ridge = _Ridge(self._kmers.features, both)
        factors: dict[int, tuple[Matrix, bool]] = {}
        tasks, chosen = [], []
        for task, target in enumerate(both.targets.T):
            held = np.isfinite(target)
            words = select_words(presence[held], target[held], self._parameters)
            penalties = self._parameters.words_kmer_penalty, self._parameters.word_penalty
            tasks.append(ridge.bordered(task, presence[:, words], *penalties, factors))
            chosen.append(words)
        return WordLinear(self._layout, self._parameters, tasks, chosen)

    def restored(self, arrays: dict[str, NDArray]) -> WordLinear:
        """The predictor of stored arrays."""
        tasks: list[Linear] = []
        words: list[NDArray[np.int64]] = []
        while f"{len(tasks)}.words" in arrays:
            own = {name: arrays[f"{len(tasks)}.{name}"] for name in ("mean", "scale", "weights", "offset", "words")}
            words.append(own.pop("words"))
            tasks.append(self._kmers.restored(own))
        return WordLinear(self._layout, self._parameters, tasks, words)


class _Ridge:
    """Ridge of all tasks on standardised features: one Gram matrix a pattern of missing targets, any penalty."""

    def __init__(self, features: Callable[[NDArray[np.uint8]], NDArray[np.float32]], examples: Examples):
        self._features = features
        self._targets = examples.targets
        columns = _joined(features(examples.codes), examples.side)
        self._mean = columns.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = columns.std(axis=0, dtype=np.float64).astype(np.float32)
        self._scale = np.where(spread > 0, spread, np.float32(1))
        if side := examples.side.shape[1]:
            # A column that varies more is penalised less.
            self._scale[-side:] /= np.float32(np.sqrt(SIDE_EASE))
        self._columns = (columns - self._mean) / self._scale
        self._grams: list[tuple[NDArray[np.int64], Matrix, Matrix, Matrix, NDArray]] = []
        held = np.isfinite(self._targets)
        patterns, which = np.unique(held, axis=1, return_inverse=True)
        for pattern in range(patterns.shape[1]):
            tasks = np.flatnonzero(np.ravel(which) == pattern)
            rows = patterns[:, pattern]
            kept = self._columns if rows.all() else self._columns[rows]
            target = self._targets[rows][:, tasks]
            level = target.mean(axis=0) if rows.any() else np.zeros(len(tasks))
            centre = kept.mean(axis=0, dtype=np.float64) if rows.any() else np.zeros(kept.shape[1])
            gram = (kept.T @ kept).astype(np.float64) - len(kept) * np.outer(centre, centre)
            right = kept.T.astype(np.float64) @ (target - level)
            self._grams.append((tasks, gram, right, level, centre))

    def at(self, penalty: float) -> Linear:
        """The solution of all tasks for a penalty."""
        size = self._columns.shape[1]
        weights, offset = np.zeros((size, self._targets.shape[1])), np.zeros(self._targets.shape[1])
        for tasks, gram, right, level, centre in self._grams:
            weights[:, tasks] = cho_solve(cho_factor(gram + penalty * np.eye(size), lower=True), right)
            offset[tasks] = level - centre @ weights[:, tasks]
        return Linear(self._features, self._mean, self._scale, weights, offset)

    def bordered(
        self,
        task: int,
        extra: NDArray,
        penalty: float,
        extra_penalty: float,
        factors: dict[int, tuple[Matrix, bool]],
    ) -> Linear:
        """The solution of one task with `extra` columns (n, m) behind the others, under a penalty of their own.

        By block elimination, so that tasks with values for the same genes share one factor, kept in `factors`.
        """
        place, found = next((i, item) for i, item in enumerate(self._grams) if task in item[0])
        tasks, gram, right, _, centre = found
        if place not in factors:
            factors[place] = cho_factor(gram + penalty * np.eye(len(gram)), lower=True)
        rows = np.isfinite(self._targets[:, task])
        mean, spread = extra.mean(axis=0), extra.std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        added = ((extra - mean) / scale)[rows]
        added_centre = added.mean(axis=0) if rows.any() else np.zeros(added.shape[1])
        added = added - added_centre
        target = self._targets[rows, task]
        level = target.mean() if rows.any() else 0.0
        right_first = right[:, int(np.flatnonzero(tasks == task)[0])]
        cross = self._columns[rows].T.astype(np.float64) @ added
        solved = cho_solve(factors[place], np.column_stack([right_first, cross]))
        inner = added.T @ added + extra_penalty * np.eye(added.shape[1]) - cross.T @ solved[:, 1:]
        second = np.linalg.solve(inner, added.T @ (target - level) - cross.T @ solved[:, 0])
        weights = np.r_[solved[:, 0] - solved[:, 1:] @ second, second]
        return Linear(
            self._features,
            np.r_[self._mean, mean].astype(np.float32),
            np.r_[self._scale, scale].astype(np.float32),
            weights[:, None],
            np.array([level - np.r_[centre, added_centre] @ weights]),
        )
