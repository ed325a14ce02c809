"""Folds of patients with the events spread evenly: outer folds, and the inner ones of a training cohort."""

from __future__ import annotations

import numpy as np


def stratified_folds(event: np.ndarray, folds: int, random: np.random.Generator) -> np.ndarray:
    """Fold (n,) int64, 0 .. folds - 1, of each patient with `event` (n,) bool, drawn from `random`.

    Patients with an event are assigned to folds in turn, in random order, then the other patients. The number of events, and
    of patients, therefore differs between folds by one at most. Fewer patients than folds leave the last folds empty.
    """
    happened = np.asarray(event, dtype=bool)
    dealt = np.concatenate(
        [random.permutation(np.flatnonzero(happened)), random.permutation(np.flatnonzero(~happened))]
    )
    fold = np.empty(happened.size, dtype=np.int64)
    fold[dealt] = np.arange(happened.size) % folds
    return fold
