"""The gain from other cohorts by the number of training patients, beside a placebo. The linear path alone; NumPy only.

The placebo is the sources' weights of genes dealt anew between the genes; what they say of the fields is left out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypedDict

import numpy as np

from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.model.cross_validation import fit_path
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.linear import path_columns
from groprog_assets.study.parameters import Parameters
from groprog_assets.wording import count_of
from groprog_kernels.concordance import harrell

LEAST_EVENTS = 6
"""Fewer training events are no cohort to learn from."""
PLAIN, SOURCES, PLACEBO = "without", "with_sources", "placebo"


class CurveRow(TypedDict):
    """Harrell C of one variant on one test fold: `patients` asked for in training (0: all), those there, their events."""

    repeat: int
    fold: int
    patients: int
    trained_on: int
    tested_on: int
    events: int
    variant: str
    cindex: float


def learning_curve(
    inputs: ModelInputs,
    outcomes: Outcomes,
    folds: Sequence[Fold],
    parameters: Parameters,
    tell: Callable[[str], object] = lambda text: None,
) -> list[CurveRow]:
    """A row for each fold, number of training patients (`transfer.curve_patients`, and all) and variant.

    inputs with `sources`. A smaller training cohort is a random part of the training fold with as large a share of events; test
    patients are all those of the fold. Sizes near that of the training fold, and with fewer than LEAST_EVENTS events, are left
    out. The same patients are used for each variant.
    """
    assert inputs.sources is not None
    placebo = inputs.sources.with_genes_permuted(parameters.training.seed)
    placebo = replace(placebo, clinical=np.zeros_like(placebo.clinical))
    variants = {PLAIN: None, SOURCES: inputs.sources, PLACEBO: placebo}
    rows: list[CurveRow] = []
    for fold in folds:
        test, judged = inputs.take(fold.test), outcomes.take(fold.test)
        if not judged.event.any():
            continue
        for size in (*sorted(parameters.transfer.curve_patients), 0):
            if size and round(fold.train.size / size) < 2:
                continue
            train = smaller(fold, outcomes, size, parameters.training.seed)
            told = outcomes.take(train)
            if told.event.sum() < LEAST_EVENTS:
                continue
            tell(f"repeat {fold.repeat} fold {fold.fold}: {count_of(train.size, 'training patient')}")
            for name, sources in variants.items():
                given = replace(inputs.take(train), sources=sources)
                encoders, path = fit_path(given, told, parameters, fold.repeat, fold.fold)
                risk = np.zeros(len(test)) if path is None else path_columns(encoders.transform(test)) @ path.whole
                rows.append(
                    {
                        "repeat": fold.repeat,
                        "fold": fold.fold,
                        "patients": size,
                        "trained_on": int(train.size),
                        "tested_on": int(fold.test.size),
                        "events": int(told.event.sum()),
                        "variant": name,
                        "cindex": float(harrell(risk, judged.time, judged.event).cindex),
                    }
                )
    return rows


def smaller(fold: Fold, outcomes: Outcomes, size: int, seed: int) -> np.ndarray:
    """Rows of about `size` training patients of the fold with its share of events, ascending; all of them for 0."""
    if not size:
        return fold.train
    parts = round(fold.train.size / size)
    random = np.random.default_rng([seed, fold.repeat, fold.fold, size])
    dealt = stratified_folds(outcomes.event[fold.train], parts, random)
    return fold.train[dealt == 0]
