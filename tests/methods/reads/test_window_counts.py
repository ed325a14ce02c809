"""A library's reads by chromosome and strand."""

from __future__ import annotations

import numpy as np

from groprog_assets.methods.reads import window_counts as method
from tests.methods.nascent import positions

READS = [("chr2", "-", 5, 2), ("chr1", "+", 9, 1), ("chr1", "+", 3, 4), ("chr2", "+", 5, 1)]


def test_index_holds_every_read_whatever_the_order():
    index = method.stranded_index(positions(READS))
    assert {key: part.total for key, part in index.items()} == {("chr2", "-"): 2, ("chr1", "+"): 5, ("chr2", "+"): 1}
    assert index["chr1", "+"].position.tolist() == [3, 9]
    assert method.total_reads(index) == 8
    assert method.stranded_index(positions()) == {}


def test_windows_count_their_own_strand_only():
    index = method.stranded_index(positions(READS))
    chrom = np.array(["chr1", "chr1", "chr2", "chr3"], dtype=object)
    strand = np.array(["+", "-", "-", "+"], dtype=object)
    counts = method.count_stranded(index, chrom, strand, np.array([0, 0, 0, 0]), np.array([9, 9, 9, 9]))
    assert counts.tolist() == [4, 0, 2, 0]


def test_several_windows_at_a_place_are_counted_together():
    index = method.stranded_index(positions(READS))
    place = np.array(["chr1", "chr2", "chr1"], dtype=object), np.array(["+", "-", "-"], dtype=object)
    counts = method.count_stranded(
        index, *place, np.array([[0, 4], [5, 6], [0, 0]]), np.array([[4, 10], [6, 5], [9, 9]])
    )
    assert counts.tolist() == [[4, 1], [2, 0], [0, 0]]


def test_pooling_adds():
    tables = {"a": positions(READS), "b": positions([("chr1", "+", 3, 10)])}
    index = method.pooled_index(tables, ["a", "b"])
    assert index["chr1", "+"].total == 15
    assert index["chr2", "-"].total == 2


def test_windows_are_mirrored_on_minus():
    start, end = method.tss_window(np.array([100, 100]), np.array(["+", "-"]), -50, 200)
    assert (start.tolist(), end.tolist()) == ([50, -99], [300, 151])
