"""Exact tables: no suppressed cell can be told within fewer than five numbers, by search over every table that agrees."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.omics.suppression import feasible, suppressed_table


def by_search(counts: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of every cell over all tables of whole numbers that agree with kept cells and margins."""
    places = [tuple(place) for place in np.argwhere(~kept)]
    most = [min(counts[row].sum(), counts[:, column].sum()) for row, column in places]
    low, high = counts.astype(float).copy(), counts.astype(float).copy()
    for place in places:
        low[place], high[place] = np.inf, -np.inf
    for values in itertools.product(*(range(int(limit) + 1) for limit in most)):
        other = counts.copy()
        for place, value in zip(places, values, strict=True):
            other[place] = value
        if (other.sum(0) == counts.sum(0)).all() and (other.sum(1) == counts.sum(1)).all():
            for place in places:
                low[place], high[place] = min(low[place], other[place]), max(high[place], other[place])
    return low, high


@pytest.mark.parametrize(
    "counts", [[[1, 9, 20], [8, 7, 30], [25, 31, 40]], [[2, 12], [9, 14]], [[3, 6, 9], [7, 8, 30]]]
)
def test_bounds_equal_a_search_over_all_tables(counts: list[list[int]]):
    given = np.array(counts)
    found = suppressed_table(given, 5)
    assert (given[found.kept] >= 5).all()
    assert (~found.kept).sum() <= 4
    low, high = by_search(given, found.kept)
    assert np.allclose(found.low, low)
    assert np.allclose(found.high, high)
    assert (found.high - found.low)[~found.kept].min() >= 5


def test_one_cell_alone_would_be_told_by_its_margin():
    given = np.array([[1, 30, 30], [30, 30, 30], [30, 30, 30]])
    low, high = feasible(given, given >= 5)
    assert low[0, 0] == high[0, 0] == 1
    found = suppressed_table(given, 5)
    assert (~found.kept).sum() == 4


def test_a_table_without_small_cells_is_told_whole():
    assert suppressed_table(np.array([[5, 6], [7, 8]]), 5).kept.all()


def test_random_tables_are_protected_or_refused():
    random = np.random.default_rng(1)
    refused = 0
    for _ in range(40):
        given = random.poisson(random.choice([4, 8, 20], size=(3, 4)))
        try:
            found = suppressed_table(given, 5)
        except CohortError:
            refused += 1
            continue
        assert (given[found.kept] >= 5).all()
        assert (found.high - found.low >= 5 - 1e-6)[~found.kept].all()
        assert (found.low - 1e-6 <= given).all()
        assert (given <= found.high + 1e-6).all()
    assert refused < 20


def test_what_cannot_be_protected_is_refused_with_a_remedy():
    with pytest.raises(CohortError, match="larger groups") as told:
        suppressed_table(np.array([[1, 1], [1, 1]]), 5)
    assert not re.search(r"[0-4]|row|column", str(told.value)), "the error must not tell the cell"
