"""Profiles around starts: the gene frame on both strands, scores against SciPy and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon

from groprog_assets.methods.sequence.profiles import (
    fit_initiator,
    mean_profile,
    profile_scores,
    stranded_profiles,
    summarised,
)
from groprog_kernels.bases import reverse_complement


def positions(rows):
    table = pd.DataFrame(rows, columns=["chrom", "strand", "position", "count"])
    return table.astype({"position": np.int32, "count": np.int32})


def test_reads_are_counted_in_the_direction_of_the_gene():
    one = positions([("c", "+", 9, 2), ("c", "+", 10, 5), ("c", "+", 12, 1), ("c", "-", 10, 7), ("c", "-", 8, 3)])
    genes = pd.DataFrame({"chrom": ["c", "c", "d"], "strand": ["+", "-", "+"], "tss": [10, 10, 10]})
    found = stranded_profiles({"a": one, "b": one}, ["a", "b"], genes, 2)
    assert found[0].tolist() == [[0, 4, 10, 0], [6, 0, 14, 0]]
    assert found[1].tolist() == [[0, 0, 14, 0], [2, 0, 10, 4]], "12, 11, 10, 9 on the other strand"
    assert not found[2].any()


def test_scores_equal_scipy_s_and_definitions():
    random = np.random.default_rng(0)
    measured, predicted = random.poisson(2.0, (30, 2, 40)), random.random((30, 2, 40))
    measured[3] = 0
    scores = profile_scores(measured, predicted, 100)
    assert scores.rows.tolist() == [n for n in range(30) if measured[n].sum() >= 100]
    for at, row in enumerate(scores.rows):
        p, q = measured[row].ravel(), predicted[row].ravel()
        assert scores.jsd[at] == pytest.approx(jensenshannon(p, q, 2))
        assert scores.pearson[at] == pytest.approx(np.corrcoef(p, q)[0, 1])
    told = summarised(scores)
    assert told.jsd == np.median(scores.jsd)
    assert summarised(profile_scores(measured, predicted, 10**6)).windows == 0


def test_the_highest_base_counts_within_two_bp_on_the_same_strand():
    measured = np.zeros((4, 2, 20))
    measured[:, 0, 10] = 100
    predicted = np.full((4, 2, 20), 0.1)
    for row, (strand, at) in enumerate([(0, 12), (0, 13), (1, 10), (0, 8)]):
        predicted[row, strand, at] = 1
    assert profile_scores(measured, predicted, 1).near.tolist() == [True, False, False, True]
    same, other = profile_scores(measured, measured, 1), profile_scores(measured, measured[:, ::-1], 1)
    assert same.jsd == pytest.approx(0)
    assert other.jsd == pytest.approx(1)


def test_the_mean_profile_weighs_windows_alike():
    counts = np.zeros((3, 2, 4))
    counts[0, 0, 0], counts[1, 1, 3] = 1000, 1
    assert mean_profile(counts).tolist() == [[0.5, 0, 0, 0], [0, 0, 0, 0.5]]
    assert mean_profile(counts[2:]).sum() == pytest.approx(1)


def test_the_initiator_finds_reads_at_its_motif_on_both_strands():
    """Reads begin in the middle of a word of 7, which is read 5' to 3' of each strand."""
    random, flank, width = np.random.default_rng(1), 12, 200
    word = np.array([3, 0, 3, 0, 0, 1, 2], np.uint8)
    codes = random.integers(0, 4, (400, width + 2 * flank)).astype(np.uint8)
    reads = random.poisson(0.05, (400, 2, width)).astype(float)
    for row in range(400):
        sense, other = random.integers(20, 80), random.integers(120, 180)
        codes[row, sense + flank - 3 : sense + flank + 4] = word
        codes[row, other + flank - 3 : other + flank + 4] = reverse_complement(word)
        reads[row, 0, sense], reads[row, 1, other] = 120, 120
    train, test = slice(0, 300), slice(300, 400)
    fitted = fit_initiator(codes[train], reads[train])
    found = profile_scores(reads[test], fitted.predict(codes[test]), 100)
    plain = profile_scores(reads[test], fitted.mean, 100)
    assert np.median(plain.jsd) - np.median(found.jsd) > 0.3
    assert found.near.mean() > 0.45, "either of two equal maxima"
    best = fitted.predict(codes[test]).argmax(axis=2)
    measured = reads[test].argmax(axis=2)
    assert (best == measured).mean(axis=0).min() > 0.9
    assert fitted.weight[9:16, :4].argmax(axis=1).tolist() == word.tolist()


def test_an_initiator_without_reads_is_even_and_unknown_bases_say_nothing():
    codes = np.full((3, 34), 4, np.uint8)
    fitted = fit_initiator(codes, np.zeros((3, 2, 10)))
    np.testing.assert_allclose(fitted.predict(codes), 1 / 20)
