"""Similarity of motifs: the kernel against all alignments and all sums; strands, offsets, planted twins; memelite beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import motif_similarity as kernel
from groprog_kernels import motif_similarity_reference as reference

COLUMNS = st.sampled_from([(1.0, 0, 0, 0), (0, 1.0, 0, 0), (0, 0, 0, 1.0), (0.5, 0, 0.5, 0), (0.25, 0.25, 0.25, 0.25)])
MOTIFS = st.lists(st.lists(COLUMNS, min_size=1, max_size=4).map(lambda rows: np.array(rows).T), min_size=1, max_size=2)


@settings(deadline=None, max_examples=60)
@given(MOTIFS, MOTIFS, st.integers(2, 9), st.integers(1, 3))
def test_equals_its_definition(queries, targets, bins, overlap):
    found = kernel.similarity(queries, targets, bins, overlap)
    expected = reference.similarity(queries, targets, bins, overlap)
    assert found.p.ravel() == pytest.approx([item[0] for item in expected], abs=1e-12)
    for (p, offset, reverse), at, other in zip(expected, found.offset.ravel(), found.reverse.ravel(), strict=True):
        # Equal p of two alignments may differ in the last digit of their sums.
        assert p == pytest.approx(1.0) or (at, other) == (offset, reverse) or _tied(queries, targets, bins, overlap)


def _tied(queries, targets, bins, overlap) -> bool:
    """Whether some pair has another alignment of the same p on the other strand: a palindrome, or columns that are alike."""
    mirrored = kernel.similarity(queries, [motif[::-1, ::-1] for motif in targets], bins, overlap)
    return bool(np.allclose(mirrored.p, kernel.similarity(queries, targets, bins, overlap).p))


def planted() -> tuple[np.ndarray, list[np.ndarray]]:
    random = np.random.default_rng(0)
    motifs = [random.dirichlet(np.full(4, 0.3), 10).T for _ in range(60)]
    return motifs[7][:, 2:9], motifs


def test_a_part_of_a_motif_finds_it_where_it_lies_on_either_strand():
    query, motifs = planted()
    found = kernel.similarity([query, query[::-1, ::-1]], motifs)
    assert found.p.argmin(axis=1).tolist() == [7, 7]
    assert (found.offset[0, 7], found.reverse[0, 7]) == (-2, False)
    assert (found.offset[1, 7], found.reverse[1, 7]) == (-1, True)
    assert (found.p[:, 7] < 1e-4).all()


def test_p_of_unrelated_motifs_are_those_of_chance():
    random = np.random.default_rng(1)
    motifs = [random.dirichlet(np.full(4, 0.3), 8).T for _ in range(200)]
    p = kernel.similarity(motifs[:40], motifs[40:]).p
    assert 0.02 < (p < 0.05).mean() < 0.08


def test_empty_lists_and_bad_matrices():
    assert kernel.similarity([], [np.ones((4, 3))]).p.shape == (0, 1)
    assert kernel.similarity([np.ones((4, 3))], []).p.shape == (1, 0)
    for bad in (np.ones((3, 4)), np.ones((4, 0)), np.full((4, 2), np.nan), np.ones((4, 61))):
        with pytest.raises(ValueError, match="motif"):
            kernel.similarity([bad], [np.ones((4, 3))])
    with pytest.raises(ValueError, match="bins"):
        kernel.similarity([], [], bins=1)


@pytest.mark.slow
def test_agrees_with_memelite():
    memelite = pytest.importorskip("memelite", reason="memelite, of the extra `sequence`, is not installed")
    query, motifs = planted()
    queries = [query, *motifs[20:30]]
    theirs = memelite.tomtom(queries, motifs, n_jobs=1)[0]
    ours = kernel.similarity(queries, motifs, overlap=1).p
    assert np.array_equal(theirs.argmin(axis=1), ours.argmin(axis=1))
    assert np.corrcoef(np.log10(theirs + 1e-12).ravel(), np.log10(ours + 1e-12).ravel())[0, 1] > 0.8
