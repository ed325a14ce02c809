"""k-mers of windows: kernels against one k-mer at a time, unknown bases, both strands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import bases
from groprog_kernels import kmers as kernel
from groprog_kernels import kmers_reference as reference

BASES = st.sampled_from([0, 0, 1, 2, 3, 3, 4])
WINDOWS = st.integers(0, 14).flatmap(
    lambda width: st.lists(st.lists(BASES, min_size=width, max_size=width), min_size=1, max_size=4)
)


def array(rows):
    return np.array(rows, np.uint8).reshape(len(rows), len(rows[0]))


@settings(deadline=None)
@given(WINDOWS, st.integers(1, 4), st.lists(st.integers(0, 14), min_size=2, max_size=5, unique=True))
def test_counts_equal_their_definition(rows, k, edges):
    edges = sorted({min(edge, len(rows[0])) for edge in edges})
    if len(edges) < 2:
        return
    assert np.array_equal(kernel.count_kmers(array(rows), edges, k), reference.count_kmers(rows, edges, k))


@settings(deadline=None)
@given(WINDOWS, st.integers(1, 4))
def test_every_kmer_of_a_window_is_counted_once(rows, k):
    if not rows[0]:
        return
    parts = sorted({0, len(rows[0]) // 2, len(rows[0])})
    counts = kernel.count_kmers(array(rows), parts, k)
    whole = kernel.count_kmers(array(rows), [0, len(rows[0])], k)
    assert np.array_equal(counts.sum(axis=1), whole[:, 0])


@settings(deadline=None)
@given(WINDOWS, st.integers(1, 4))
def test_words_are_the_same_on_both_strands(rows, k):
    codes = array(rows)
    found = kernel.canonical_kmers(codes, k)
    assert [[None if n == kernel.NOT_A_KMER else int(n) for n in row] for row in found] == reference.canonical_kmers(
        rows, k
    )
    assert np.array_equal(kernel.canonical_kmers(bases.reverse_complement(codes), k)[:, ::-1], found)
    words = kernel.canonical_words(k)
    presence = kernel.word_presence(codes, k)
    held = [set(words[row > 0].tolist()) for row in presence]
    assert held == [{n for n in row if n is not None} for row in reference.canonical_kmers(rows, k)]


@settings(deadline=None)
@given(WINDOWS, st.integers(1, 3), st.integers(1, 4))
def test_shared_pairs_equal_their_definition(rows, k, most):
    sets = [{n for n in row if n is not None} for row in reference.canonical_kmers(rows, k)]
    entries = sorted((word, window) for window, words in enumerate(sets) for word in words)
    found = kernel.shared_pairs([word for word, _ in entries], [window for _, window in entries], most)
    assert sorted(map(tuple, found.tolist())) == reference.shared_pairs(sets, most)


def test_long_words_and_limits():
    assert len(kernel.canonical_words(7)) == 8192
    codes = np.array([[0] * 31, [3] * 31], np.uint8)
    assert kernel.canonical_kmers(codes, 31).tolist() == [[0], [0]]
    with pytest.raises(ValueError, match="1 to 31"):
        kernel.canonical_kmers(codes, 32)
    with pytest.raises(ValueError, match="1 to 8"):
        kernel.count_kmers(codes, [0, 31], 9)
    with pytest.raises(ValueError, match="edges must rise"):
        kernel.count_kmers(codes, [0, 40], 4)
    with pytest.raises(ValueError, match="must not fall"):
        kernel.shared_pairs([2, 1], [0, 0], 5)
