"""Gradient-boosted trees on positional k-mers, a rung of the ladder. Arrays in and out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.sequence.baselines import BLOCK, Examples, Matrix, RidgeKmer
from groprog_assets.methods.sequence.targets import pearson
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters

DEPTH = 5


class Trees(NamedTuple):
    """The trees of one task as arrays (trees, nodes): column that a node asks, threshold below which it goes left, children,
    value; a leaf is its own child. base: what they add to."""

    column: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float32]
    base: NDArray[np.float64]

    def first(self, size: int) -> Trees:
        """Only the first trees."""
        return Trees(
            self.column[:size],
            self.threshold[:size],
            self.left[:size],
            self.right[:size],
            self.value[:size],
            self.base,
        )

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) sums of base and leaves; features (n, p)."""
        rows = np.arange(len(features))
        total = np.full(len(features), self.base[0])
        for column, threshold, left, right, value in zip(*self[:5], strict=True):
            node = np.zeros(len(features), np.int64)
            for _ in range(DEPTH):
                below = features[rows, column[node]] < threshold[node]
                node = np.where(below, left[node], right[node])
            total += value[node]
        return total


class Boosted(NamedTuple):
    """A rung's features, and the trees of each task on them."""

    rung: GradientBoosting
    tasks: list[Trees]

    def predict(self, codes: NDArray[np.uint8], side: Matrix) -> Matrix:
        """(n, T) predictions."""
        out = np.empty((len(codes), len(self.tasks)))
        for first in range(0, len(codes), BLOCK):
            rows = slice(first, first + BLOCK)
            features = self.rung.features(codes[rows], side[rows])
            for place, trees in enumerate(self.tasks):
                out[rows, place] = trees.predict(features)
        return out

    def arrays(self) -> dict[str, NDArray]:
        """All trees, `<task number>.<name>`."""
        return {f"{at}.{name}": values for at, task in enumerate(self.tasks) for name, values in task._asdict().items()}


class GradientBoosting:
    """XGBoost on the features of `ridge_kmer`, by histograms: the settings of scikit-learn's HistGradientBoostingRegressor with
    depth 5, learning rate .07 and a tenth of the features at each split."""

    name = "gbm"

    def __init__(self, layout: Layout, parameters: SequenceParameters):
        self._kmers, self._parameters = RidgeKmer(layout, parameters), parameters

    def features(self, codes: NDArray[np.uint8], side: Matrix) -> NDArray[np.float32]:
        """(n, p) k-mer features with the side columns behind them."""
        return np.hstack([self._kmers.features(codes), side.astype(np.float32)])

    def fit(self, train: Examples, validation: Examples) -> Boosted:
        """For each task as many trees as do best on the validation genes, then as many on training and validation genes.

        Without validation genes it is the middle number of `boosting_rounds`. A task without a value is predicted as 0.
        """
        both = train.with_others(validation)
        rounds = sorted(self._parameters.boosting_rounds)
        chosen = [rounds[len(rounds) // 2]] * train.targets.shape[1]
        if len(validation.codes) > 2 and len(rounds) > 1:
            features = self.features(validation.codes, validation.side)
            chosen = []
            for trees, target in zip(
                self._boost(train, [rounds[-1]] * len(train.targets.T)), validation.targets.T, strict=True
            ):
                shorter = [trees.first(size) for size in rounds]
                scores = [pearson(each.predict(features), target) for each in shorter]
                chosen.append(rounds[int(np.argmax(scores))])
        return Boosted(self, list(self._boost(both, chosen)))

    def restored(self, arrays: dict[str, NDArray]) -> Boosted:
        """The predictor of stored arrays."""
        tasks: list[Trees] = []
        while f"{len(tasks)}.column" in arrays:
            tasks.append(Trees(*(arrays[f"{len(tasks)}.{name}"] for name in Trees._fields)))
        return Boosted(self, tasks)

    def _boost(self, examples: Examples, rounds: list[int]) -> list[Trees]:
        import xgboost

        settings = {
            "tree_method": "hist",
            "max_depth": DEPTH,
            "learning_rate": self._parameters.boosting_rate,
            "colsample_bynode": self._parameters.boosting_features,
            "min_child_weight": 20,
            "lambda": 0.0,
            "max_bin": 255,
            "nthread": 1,
            "seed": self._parameters.seed,
            "verbosity": 0,
        }
        features = self.features(examples.codes, examples.side)
        data = xgboost.QuantileDMatrix(features, nthread=1, max_bin=255)
        found = []
        for target, size in zip(examples.targets.T, rounds, strict=True):
            held = np.isfinite(target)
            level = float(target[held].mean()) if held.any() else 0.0
            data.set_label(np.where(held, target - level, 0.0))
            data.set_weight(held.astype(np.float32))
            booster = xgboost.train({**settings, "base_score": 0.0}, data, num_boost_round=size if held.any() else 0)
            found.append(_trees(booster, level))
        return found


def _trees(booster: Any, level: float) -> Trees:
    """The trees of a booster without missing values, level being what they add to."""
    import json

    held = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"]
    nodes = max((len(tree["left_children"]) for tree in held), default=1)
    shape = (len(held), nodes)
    column, left, right = (np.zeros(shape, np.int32) for _ in range(3))
    threshold, value = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for at, tree in enumerate(held):
        size = len(tree["left_children"])
        own = np.arange(size)
        leaf = np.array(tree["left_children"]) < 0
        left[at, :size] = np.where(leaf, own, tree["left_children"])
        right[at, :size] = np.where(leaf, own, tree["right_children"])
        column[at, :size] = np.where(leaf, 0, tree["split_indices"])
        threshold[at, :size] = np.where(leaf, 0, tree["split_conditions"])
        value[at, :size] = np.where(leaf, tree["split_conditions"], 0)
    return Trees(column, threshold, left, right, value, np.array([level]))
