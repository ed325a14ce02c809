"""What each stretch of the window is worth to ridge on k-mers: alone, and taken away from the others. Arrays in, tables out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.sequence.baselines import RidgeKmer
from groprog_assets.methods.sequence.metrics import interval, resampled_r
from groprog_assets.methods.sequence.splits import Splits
from groprog_assets.methods.sequence.windows import SPACER, Layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables import conform

TABLE = "sequence_window_ablation"
Matrix = NDArray[np.float64]


def window_ablation(
    codes: NDArray[np.uint8],
    target: Matrix,
    splits: Splits,
    weights: NDArray[np.float32],
    layout: Layout,
    task: str,
    parameters: SequenceParameters,
) -> pd.DataFrame:
    """Table `sequence_window_ablation`: a row a stretch of `layout`, on chromosomes that the model never saw.

    codes (g, width of layout or more), target (g,) of `task`, missing where not defined; weights (samples, g) of the block
    bootstrap. All fits have one penalty, the middle one of `penalties`, so that they differ by their bases alone.
    """
    stretches = [
        (around, first, last)
        for around, edges in zip(("TSS", "TTS"), layout.stretches(), strict=False)
        for first, last in pairwise(edges)
    ]
    features = RidgeKmer(layout, parameters).features(codes[:, : layout.width])
    size = features.shape[1] // len(stretches)
    penalty = sorted(parameters.penalties)[len(parameters.penalties) // 2]
    of_stretch = np.repeat(np.arange(len(stretches)), size)
    kept = [np.ones(len(of_stretch), bool)]
    kept += [of_stretch == place for place in range(len(stretches))]
    kept += [of_stretch != place for place in range(len(stretches))]
    predicted = np.zeros((len(kept), len(codes)))
    fold = splits.table["fold"].to_numpy()
    for roles in splits.roles:
        train = np.isin(roles, ("train", "validation"))
        test = roles == "test"
        predicted[:, test] = _predicted(features[train], target[train], features[test], kept, penalty)
    r = [float(_r(target, each, fold)) for each in predicted]
    resampled = [resampled_r(weights, target, each, fold) for each in predicted]
    origins = {"TSS": layout.origin, "TTS": 0 if layout.tts is None else sum(layout.tss) + SPACER + layout.tts[0]}
    rows = []
    for place, (around, first, last) in enumerate(stretches):
        alone, without = 1 + place, 1 + len(stretches) + place
        inside, loss = interval(resampled[alone]), interval(resampled[0] - resampled[without])
        rows.append(
            {
                "task": task,
                "around": around,
                "start": first - origins[around],
                "end": last - origins[around],
                "whole": r[0],
                "alone": r[alone],
                "alone_lower": inside.lower,
                "alone_upper": inside.upper,
                "loss": r[0] - r[without],
                "loss_lower": loss.lower,
                "loss_upper": loss.upper,
            }
        )
    return conform(pd.DataFrame(rows), TABLE)


def _predicted(
    train: NDArray[np.float32],
    target: Matrix,
    test: NDArray[np.float32],
    kept: list[NDArray[np.bool_]],
    penalty: float,
) -> Matrix:
    """(len(kept), n) predictions of test rows (n, p) by ridge on each choice of the columns (p,), from one matrix of products: of
    the columns, or of the rows where there are fewer of those. Columns are scaled by all training rows, and fitted to those that
    have a target."""
    held = np.isfinite(target)
    if not held.any():
        return np.zeros((len(kept), len(test)))
    spread = train.std(axis=0, dtype=np.float64)
    scale = np.where(spread > 0, spread, 1.0)
    centre = train[held].mean(axis=0, dtype=np.float64)
    known, asked = ((each - centre) / scale for each in (train[held], test))
    target = target[held]
    level = target.mean()
    out = np.full((len(kept), len(test)), level)
    few_rows = len(known) < known.shape[1]
    gram = None if few_rows else known.T @ known
    right = None if few_rows else known.T @ (target - level)
    for place, columns in enumerate(kept):
        if gram is None or right is None:
            own = known[:, columns]
            inner = own @ own.T + penalty * np.eye(len(own))
            out[place] += asked[:, columns] @ (own.T @ np.linalg.solve(inner, target - level))
        else:
            inner = gram[np.ix_(columns, columns)] + penalty * np.eye(int(columns.sum()))
            out[place] += asked[:, columns] @ np.linalg.solve(inner, right[columns])
    return out


def _r(target: Matrix, predicted: Matrix, fold: NDArray[np.int64]) -> float:
    """Pearson r, mean over folds, as the ladder's."""
    return float(resampled_r(np.ones((1, len(target)), np.float32), target, predicted, fold)[0])
