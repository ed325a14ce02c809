"""Counted positions against the definition: any order, many buffers, intervals, empty sequences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import position_counts, position_counts_reference

SEQUENCES = 4
keys_of = st.lists(st.tuples(st.sampled_from([0, 1, 3]), st.integers(0, 40)), max_size=120)


def fill(keys, buffers) -> position_counts.PositionCounts:
    counts = position_counts.PositionCounts(SEQUENCES)
    for part in np.array_split(np.array([s << 32 | p for s, p in keys], np.uint64), buffers):
        counts.add(part.copy())
    return counts


def rows(found: position_counts.CountedPositions) -> list[tuple[int, ...]]:
    assert len(found.sizes) == SEQUENCES
    sequence = np.repeat(np.arange(SEQUENCES), found.sizes)
    return list(zip(sequence.tolist(), found.position.tolist(), found.reads.tolist(), strict=True))


@pytest.mark.parametrize("small", [0, 1 << 16])
@settings(deadline=None, max_examples=100)
@given(keys=keys_of, buffers=st.integers(1, 9))
def test_positions_equal_the_definition(small, keys, buffers):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(position_counts, "_SMALL", max(small, 1))
        found = position_counts.collect(fill(keys, buffers))
    assert rows(found) == position_counts_reference.collect(keys)


@settings(deadline=None, max_examples=100)
@given(keys=keys_of, lengths=st.lists(st.integers(1, 9), min_size=120, max_size=120), buffers=st.integers(1, 9))
def test_intervals_equal_the_definition(keys, lengths, buffers):
    ends = [(sequence, start + length) for (sequence, start), length in zip(keys, lengths, strict=False)]
    found = position_counts.collect(fill(keys, buffers), fill(ends, buffers))
    assert rows(found) == position_counts_reference.collect(keys, ends)


@settings(deadline=None, max_examples=50)
@given(keys=keys_of, swapped=st.integers(0, 200))
def test_sorted_keys_are_taken_as_they_are_and_one_out_of_order_is_seen(keys, swapped):
    keys = sorted(keys)
    assert rows(position_counts.collect(fill(keys, 1))) == position_counts_reference.collect(keys)
    if swapped < len(keys) - 1:
        keys[swapped], keys[swapped + 1] = keys[swapped + 1], keys[swapped]
        assert rows(position_counts.collect(fill(keys, 1))) == position_counts_reference.collect(keys)


@settings(deadline=None, max_examples=100)
@given(
    keys=st.lists(st.tuples(st.sampled_from([0, 1, 3]), st.integers(0, 9)), max_size=120), buffers=st.integers(1, 60)
)
def test_sorted_keys_in_many_buffers_are_never_merged(keys, buffers):
    """A position may end one buffer and begin the next; it is counted once, with the reads of both."""
    keys = sorted(keys)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(position_counts.loops, "merge_runs", None)
        assert rows(position_counts.collect(fill(keys, buffers))) == position_counts_reference.collect(keys)


def test_sorted_files_end_to_end_are_merged_in_a_logarithm_of_moves(monkeypatch):
    moved, merge = [], position_counts.loops.merge_runs
    monkeypatch.setattr(
        position_counts.loops, "merge_runs", lambda a, *rest: moved.append(len(a) + len(rest[1])) or merge(a, *rest)
    )
    keys = [(0, 64 * position + file) for file in range(64) for position in range(64)]
    counts = fill(keys, 512)
    assert rows(position_counts.collect(counts)) == position_counts_reference.collect(keys)
    assert sum(moved) <= 8 * len(keys)


def test_a_popped_sequence_is_gone():
    counts = fill([(1, 5), (1, 5), (1, 7)], 2)
    position, count = counts.pop(1)
    assert (position.tolist(), count.tolist()) == ([5, 7], [2, 1])
    assert len(counts.pop(1)[0]) == 0


def test_the_last_base_a_chromosome_may_have():
    found = position_counts.collect(fill([(3, 2**31 - 2), (0, 0)], 1))
    assert found.position.tolist() == [0, 2**31 - 2]


RUNS = st.lists(st.dictionaries(st.integers(0, 40), st.integers(1, 4), max_size=25), max_size=5)


@settings(deadline=None, max_examples=200)
@given(first=st.sets(st.integers(0, 40)), second=st.sets(st.integers(0, 40)))
def test_shared_positions_are_those_of_both_sets(first, second):
    assert position_counts.shared_positions(sorted(first), sorted(second)) == len(first & second)


@settings(deadline=None, max_examples=200)
@given(runs=st.lists(st.sets(st.integers(0, 40)), max_size=5))
def test_occupied_positions_are_those_of_any_set(runs):
    assert position_counts.occupied_positions([sorted(run) for run in runs]) == len(set().union(*runs))


@settings(deadline=None, max_examples=200)
@given(runs=RUNS)
def test_added_runs_equal_the_definition(runs):
    pieces = [(sorted(run), [run[base] for base in sorted(run)]) for run in runs]
    position, count = position_counts.added([(np.array(p, np.int32), np.array(c, np.int32)) for p, c in pieces])
    assert position.dtype == count.dtype == np.int32
    assert list(zip(position.tolist(), count.tolist(), strict=True)) == position_counts_reference.added(pieces)


def test_one_run_is_given_back_as_it_is():
    piece = np.array([3, 9], np.int32), np.array([1, 2], np.int32)
    assert all(given is got for given, got in zip(piece, position_counts.added([piece]), strict=True))


def test_counts_beyond_32_bits_are_refused():
    most = [2**31 - 1]
    assert position_counts.added([([5], most)])[1].tolist() == most
    with pytest.raises(ValueError, match=r"position 5 add up to 2,147,483,648, more than 2\^31"):
        position_counts.added([([5, 9], [*most, 1]), ([5, 7], [1, 2])])
    for beyond in (([5], [2**32 + 5]), ([2**33], [1])):
        with pytest.raises(ValueError, match=r"beyond 2\^31"):
            position_counts.added([beyond, ([1], [1])])


def test_large_counts_of_other_positions_are_added():
    position, count = position_counts.added([([5, 9], [2_000_000_000, 1]), ([4, 9], [2_000_000_000, 3])])
    assert (position.tolist(), count.tolist()) == ([4, 5, 9], [2_000_000_000, 2_000_000_000, 4])
