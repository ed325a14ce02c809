"""Predictions of genes by models that never saw their fold, or under a random split; the final model. Arrays in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.sequence.baselines import Examples, Predictor, Rung
from groprog_assets.methods.sequence.batches import Batches, levelled
from groprog_assets.methods.sequence.splits import Splits, refuse_duplicates
from groprog_assets.study.sequence_parameters import SequenceParameters

Fitter = Callable[[Rung, Examples, Sequence[NDArray[np.str_]]], list[Predictor]]
"""Fits a rung once for each row of roles (g,) of ROLES, on its training and validation genes."""


def fit_here(rung: Rung, examples: Examples, every: Sequence[NDArray[np.str_]]) -> list[Predictor]:
    """One fit after another in this process."""
    return [rung.fit(examples.rows(roles == "train"), examples.rows(roles == "validation")) for roles in every]


class CrossFit(NamedTuple):
    """predicted (g, T) by models that held the gene's fold out; fold (g,); level, median (f, T) of each fold's training genes;
    predictors: one a fold; targets (g, T): what the predictions are compared with, the measured values, less the offsets of their
    batches where the study has any."""

    predicted: NDArray[np.float64]
    fold: NDArray[np.int64]
    level: NDArray[np.float64]
    median: NDArray[np.float64]
    predictors: list[Predictor]
    targets: NDArray[np.float64]


def cross_fit(
    rung: Rung,
    examples: Examples,
    splits: Splits,
    progress: Callable[[str], object] = str,
    fitter: Fitter = fit_here,
    batches: Batches | None = None,
) -> CrossFit:
    """Out-of-fold predictions under the folds of `splits`. batches: of the genes; each fold fits their offsets on its training
    genes. Raises ModelError where a test window also trains."""
    fold, names = splits.table["fold"].to_numpy(), splits.table["gene"].to_numpy()
    for roles in splits.roles:
        refuse_duplicates(examples.codes, roles, names)
    return _fit_folds(rung, examples, fold, splits.roles, progress, fitter, batches)


def random_fit(
    rung: Rung,
    examples: Examples,
    folds: int,
    parameters: SequenceParameters,
    fitter: Fitter = fit_here,
    batches: Batches | None = None,
) -> CrossFit:
    """The same under a random split of rows into as many folds, with a random share for validation. It leaks by design: its r
    is only shown beside the honest one."""
    random = np.random.default_rng([parameters.seed, 1])
    genes = len(examples.codes)
    fold = random.permutation(np.arange(genes) % max(folds, 2))
    roles = np.where(random.random(genes) < parameters.validation_fraction, "validation", "train")
    every = np.stack([np.where(fold == f, "test", roles) for f in range(max(folds, 2))])
    return _fit_folds(rung, examples, fold, every, str, fitter, batches)


def _fit_folds(
    rung: Rung,
    examples: Examples,
    fold: NDArray[np.int64],
    every: NDArray[np.str_],
    progress: Callable[[str], object],
    fitter: Fitter,
    batches: Batches | None,
) -> CrossFit:
    tasks = examples.targets.shape[1]
    predicted = np.full((len(fold), tasks), np.nan)
    level, median = np.zeros((len(every), tasks)), np.zeros((len(every), tasks))
    targets = examples.targets.copy()
    known = [levelled(examples.targets, batches, roles == "train") for roles in every]
    if batches is None:
        predictors = fitter(rung, examples, list(every))
    else:  # each fold has targets of its own
        predictors = [
            fitter(rung, examples._replace(targets=own), [roles])[0] for own, roles in zip(known, every, strict=True)
        ]
    for f, roles in enumerate(every):
        test = roles == "test"
        predicted[test] = predictors[f].predict(examples.codes[test], examples.side[test])
        targets[test] = known[f][test]
        seen = known[f][np.isin(roles, ("train", "validation"))]
        for task in range(tasks):
            held = seen[np.isfinite(seen[:, task]), task]
            level[f, task], median[f, task] = (held.mean(), np.median(held)) if len(held) else (0.0, 0.0)
        progress(f"{rung.name}: fold {f + 1} of {len(every)}")
    return CrossFit(predicted, fold, level, median, predictors, targets)


def final_roles(splits: Splits) -> NDArray[np.str_]:
    """(g,) roles for the final model: every gene trains but the validation genes of the first fold."""
    return np.where(splits.roles[0] == "validation", "validation", "train")


def fit_on_all(
    rung: Rung, examples: Examples, splits: Splits, fitter: Fitter = fit_here, batches: Batches | None = None
) -> Predictor:
    """The final model: every gene trains, and the validation genes of the first fold choose what is chosen. It has no metric."""
    roles = final_roles(splits)
    return fitter(rung, examples._replace(targets=levelled(examples.targets, batches, roles == "train")), [roles])[0]
