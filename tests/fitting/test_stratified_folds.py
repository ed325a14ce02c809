"""Folds: events and patients spread evenly, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.fitting.stratified_folds import stratified_folds


@pytest.mark.parametrize(("patients", "every", "folds"), [(53, 4, 5), (10, 2, 10), (7, 7, 3), (6, 1, 4)])
def test_events_and_patients_are_dealt_evenly(patients: int, every: int, folds: int):
    event = np.arange(patients) % every == 0
    fold = stratified_folds(event, folds, np.random.default_rng(0))
    events, sizes = np.bincount(fold[event], minlength=folds), np.bincount(fold, minlength=folds)
    assert fold.min() >= 0
    assert sizes.size == folds
    assert events.max() - events.min() <= 1
    assert sizes.max() - sizes.min() <= 1


def test_folds_follow_the_generator_and_change_with_it():
    event = np.arange(40) % 3 == 0
    first, again, other = (stratified_folds(event, 5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
