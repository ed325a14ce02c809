"""Windows of a chromosome: kernels against one position at a time, over both ends and on both strands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import bases
from groprog_kernels import windows as kernel
from groprog_kernels import windows_reference as reference

CHROMOSOMES = st.lists(st.integers(0, 4), max_size=12).map(lambda codes: np.array(codes, np.uint8))
PLACES = st.lists(st.tuples(st.integers(-20, 20), st.booleans()), max_size=6)


@settings(deadline=None)
@given(CHROMOSOMES, PLACES, st.integers(1, 9))
def test_windows_equal_their_definition(chromosome, places, width):
    start = np.array([place for place, _ in places], np.int64)
    reverse = np.array([turned for _, turned in places], bool)
    found = kernel.window_codes(chromosome, start, width, reverse)
    assert np.array_equal(found, reference.window_codes(chromosome, start, width, reverse))
    assert np.array_equal(kernel.one_hot_windows(chromosome, start, width, reverse), bases.one_hot(found))


@settings(deadline=None)
@given(CHROMOSOMES, PLACES, st.integers(1, 9))
def test_the_other_strand_of_a_window_is_its_reverse_complement(chromosome, places, width):
    start = np.array([place for place, _ in places], np.int64)
    there = np.zeros(len(places), bool)
    forward, backward = (kernel.window_codes(chromosome, start, width, strand) for strand in (there, ~there))
    assert np.array_equal(backward, bases.reverse_complement(forward))


def test_arguments_are_checked():
    chromosome = np.zeros(5, np.uint8)
    with pytest.raises(ValueError, match="width"):
        kernel.window_codes(chromosome, [0], 0, [False])
    with pytest.raises(ValueError, match="equally long"):
        kernel.window_codes(chromosome, [0, 1], 2, [False])
    with pytest.raises(ValueError, match="uint8"):
        kernel.one_hot_windows(chromosome.astype(float), [0], 2, [False])
