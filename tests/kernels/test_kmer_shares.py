"""Shares of k-mers: the kernel against the definition, unknown bases, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import kmer_shares as kernel
from groprog_kernels import kmer_shares_reference as reference


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(0, 3), st.integers(0, 12))
def test_equals_its_definition(seed: int, k: int, windows: int, length: int):
    random = np.random.default_rng(seed)
    codes = random.choice(5, (windows, length), p=[0.23, 0.23, 0.23, 0.23, 0.08]).astype(np.uint8)
    table = random.normal(size=(windows, 2 * 4**k)).astype(np.float32)
    column = np.where(random.random(4**k) < 0.3, -1, random.permutation(4**k))
    offset = random.choice([-1, 0, 4**k], max(length - k + 1, 0))
    found = kernel.kmer_shares(codes, k, table, column, offset)
    assert np.array_equal(found, reference.kmer_shares(codes, k, table, column, offset))


def test_the_value_of_a_word_lies_on_its_bases():
    codes = np.array([[0, 0, 1, 2, 0, 4, 1, 2]], np.uint8)
    column = np.full(16, -1)
    column[4 * 1 + 2] = 0
    found = kernel.kmer_shares(codes, 2, [[3.0]], column, np.zeros(7))
    assert found[0, 1].tolist() == [0, 0, 1.5, 0, 0, 0, 1.5, 0]
    assert found[0, 2].tolist() == [0, 0, 0, 1.5, 0, 0, 0, 1.5]
    assert not found[0, [0, 3]].any()


def test_what_is_refused():
    codes = np.zeros((1, 4), np.uint8)
    for k, table, column, offset in (
        (9, np.zeros((1, 1)), np.zeros(4**9), np.zeros(4)),
        (1, np.zeros((2, 4)), np.zeros(4), np.zeros(4)),
        (1, np.zeros((1, 4)), np.zeros(5), np.zeros(4)),
        (1, np.zeros((1, 4)), np.zeros(4), np.zeros(3)),
        (1, np.zeros((1, 4)), np.arange(4), np.ones(4)),
    ):
        with pytest.raises(ValueError, match=r"k is|row a window|entry a k-mer|beyond"):
            kernel.kmer_shares(codes, k, table, column, offset)
