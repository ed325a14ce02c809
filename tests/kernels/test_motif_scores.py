"""Best motif scores: kernel against one place at a time, both strands, unknown bases, a motif wider than the window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import motif_scores as kernel
from groprog_kernels import motif_scores_reference as reference
from groprog_kernels.bases import reverse_complement


def drawn(seed, windows=4, width=30, motifs=3):
    random = np.random.default_rng(seed)
    codes = random.choice(5, (windows, width), p=[0.24, 0.24, 0.24, 0.24, 0.04]).astype(np.uint8)
    return codes, [random.integers(-8, 8, (int(random.integers(1, 9)), 4)).astype(float) for _ in range(motifs)]


@settings(deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 30), min_size=2, max_size=5, unique=True))
def test_scores_equal_their_definition(seed, edges):
    codes, weights = drawn(seed)
    found = kernel.best_scores(codes, sorted(edges), weights)
    assert np.array_equal(found, reference.best_scores(codes, sorted(edges), weights))


def test_a_window_and_its_other_strand_have_the_same_best_score():
    codes, weights = drawn(1)
    assert np.array_equal(
        kernel.best_scores(codes, [0, 30], weights), kernel.best_scores(reverse_complement(codes), [0, 30], weights)
    )


def test_a_stretch_without_a_place_has_the_lowest_score():
    codes, weights = np.full((2, 6), 4, np.uint8), [np.array([[1.0, 2, 3, 4], [-1, -2, -3, -4]])]
    assert (kernel.best_scores(codes, [0, 6], weights) == 1 - 4).all()
    assert (kernel.best_scores(np.zeros((1, 1), np.uint8), [0, 1], weights) == -3).all()


def test_no_windows_and_no_motifs_are_possible():
    codes, weights = drawn(2)
    assert kernel.best_scores(codes[:0], [0, 30], weights).shape == (0, 1, 3)
    assert kernel.best_scores(codes, [0, 30], []).shape == (4, 1, 0)


@pytest.mark.parametrize(
    ("codes", "edges", "weights"),
    [
        (np.full((1, 5), 5), [0, 5], []),
        (np.zeros((1, 5)), [0, 6], []),
        (np.zeros((1, 5)), [3, 2], []),
        (np.zeros((1, 5)), [0, 5], [np.zeros((2, 3))]),
        (np.zeros((1, 5)), [0, 5], [np.zeros((0, 4))]),
    ],
)
def test_what_is_no_window_or_motif_is_refused(codes, edges, weights):
    with pytest.raises(ValueError, match=r"codes|edges|matrix"):
        kernel.best_scores(codes, edges, weights)
