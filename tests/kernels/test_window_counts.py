"""Counting in windows: kernels against one read at a time, edges, conservation of reads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import window_counts as kernel
from groprog_kernels import window_counts_reference as reference

READS = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 4)), max_size=30)
WINDOWS = st.lists(st.tuples(st.integers(-5, 28), st.integers(-2, 12), st.booleans()), max_size=6)


def columns(rows, width):
    return [np.array([row[i] for row in rows], dtype=np.int64) for i in range(width)]


@settings(deadline=None)
@given(READS, WINDOWS, st.integers(1, 7))
def test_all_three_equal_their_definitions(reads, windows, bins):
    position, count = columns(reads, 2)
    start, length, reverse = columns(windows, 3)
    end, reverse = start + length, reverse.astype(bool)
    index = kernel.index_positions(position, count)
    assert np.array_equal(kernel.count_windows(index, start, end), reference.count_windows(position, count, start, end))
    assert np.array_equal(
        kernel.bin_windows(index, start, end, bins, reverse),
        reference.bin_windows(position, count, start, end, bins, reverse),
    )
    assert np.array_equal(
        kernel.profile_windows(index, start, bins, reverse),
        reference.profile_windows(position, count, start, bins, reverse),
    )


@settings(deadline=None)
@given(READS, WINDOWS, st.integers(1, 7))
def test_bins_sum_to_their_window(reads, windows, bins):
    position, count = columns(reads, 2)
    start, length, reverse = columns(windows, 3)
    index = kernel.index_positions(position, count)
    binned = kernel.bin_windows(index, start, start + length, bins, reverse.astype(bool))
    assert np.array_equal(binned.sum(axis=1), kernel.count_windows(index, start, start + length))


@settings(deadline=None)
@given(READS, WINDOWS, st.integers(1, 7))
def test_narrow_sorted_columns_are_kept_and_count_alike(reads, windows, bins):
    position, count = columns(sorted(reads), 2)
    start, length, reverse = columns(windows, 3)
    narrow = position.astype(np.int32), count.astype(np.int32)
    index, wide = kernel.index_positions(*narrow), kernel.index_positions(position, count)
    assert index.position is narrow[0]
    assert index.reads is narrow[1]
    ends = start + length
    assert np.array_equal(kernel.count_windows(index, start, ends), kernel.count_windows(wide, start, ends))
    reverse = reverse.astype(bool)
    for call in (kernel.bin_windows, kernel.profile_windows):
        arguments = (start, ends, bins, reverse) if call is kernel.bin_windows else (start, bins, reverse)
        assert np.array_equal(call(index, *arguments), call(wide, *arguments))


def test_a_sum_beyond_32_bits():
    index = kernel.index_positions(np.array([1, 2, 3], np.int32), np.full(3, 2**30, np.int32))
    assert kernel.count_windows(index, [0], [9]).tolist() == [3 * 2**30]


def test_no_positions_count_nothing():
    index = kernel.index_positions([])
    assert index.total == 0
    assert kernel.count_windows(index, [0, 5], [10, 5]).tolist() == [0, 0]
    assert kernel.profile_windows(index, [0], 3, [True]).tolist() == [0, 0, 0]


def test_half_open_edges():
    index = kernel.index_positions([10, 19, 20])
    assert kernel.count_windows(index, [10, 11, 20, 20], [20, 20, 20, 21]).tolist() == [2, 1, 0, 1]


def test_bin_edges_are_those_of_the_counts():
    assert kernel.bin_edges(100, 110, 4).tolist() == [100, 102, 105, 107, 110]


@pytest.mark.parametrize(
    "call",
    [
        lambda i: kernel.index_positions([1, 2], [1]),
        lambda i: kernel.index_positions([1], [-1]),
        lambda i: kernel.count_windows(i, [1, 2], [3]),
        lambda i: kernel.profile_windows(i, [1], 0, [False]),
        lambda i: kernel.profile_windows(i, [1], 5, [False, True]),
        lambda i: kernel.bin_windows(i, [1], [2], 0),
        lambda i: kernel.bin_windows(i, [1], [2], 2, [True, False]),
    ],
)
def test_wrong_shapes_are_refused(call):
    with pytest.raises(ValueError, match=r"\d"):
        call(kernel.index_positions([3]))
