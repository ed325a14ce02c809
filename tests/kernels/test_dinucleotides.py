"""Dinucleotide shuffles: the kernel against the definition, what they keep, that they shuffle."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import dinucleotides as kernel
from groprog_kernels import dinucleotides_reference as reference


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 3), st.integers(0, 4), st.integers(0, 30), st.integers(1, 5))
def test_equals_its_definition(seed: int, windows: int, shuffles: int, length: int, letters: int):
    random = np.random.default_rng(seed)
    codes = random.integers(0, letters, (windows, length)).astype(np.uint8)
    draws = random.random((windows, shuffles, length))
    found = kernel.dinucleotide_shuffles(codes, draws)
    assert np.array_equal(found, reference.dinucleotide_shuffles(codes, draws))


def test_pairs_of_neighbours_ends_and_unknown_bases_stay_and_the_rest_moves():
    random = np.random.default_rng(2)
    codes = random.integers(0, 4, (5, 200)).astype(np.uint8)
    codes[1, 50:58] = 4
    found = kernel.dinucleotide_shuffles(codes, random.random((5, 20, 200)))
    for row, shuffles in zip(codes, found, strict=True):
        known = row < 4
        for shuffled in shuffles:
            assert np.array_equal(shuffled < 4, known)
            assert sorted(pairwise(shuffled[known])) == sorted(pairwise(row[known]))
            assert shuffled[0] == row[0]
            assert shuffled[-1] == row[-1]
            assert 0.1 < (shuffled == row)[known].mean() < 0.5
    assert len({shuffled.tobytes() for shuffled in found[0]}) == 20


def test_one_base_over_and_over_comes_back():
    codes = np.full((1, 9), 2, np.uint8)
    assert np.array_equal(kernel.dinucleotide_shuffles(codes, np.zeros((1, 2, 9))), np.full((1, 2, 9), 2))


def test_what_is_refused():
    codes = np.zeros((2, 4), np.uint8)
    for windows, draws in (
        (codes + 5, np.zeros((2, 1, 4))),
        (codes, np.zeros((2, 1, 5))),
        (codes, np.ones((2, 1, 4))),
        (codes, np.full((2, 1, 4), np.nan)),
    ):
        with pytest.raises(ValueError, match=r"codes are|draws are"):
            kernel.dinucleotide_shuffles(windows, draws)
