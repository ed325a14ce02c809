"""Window counts against the definition and groHMM's own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import coverage, coverage_reference


@settings(deadline=None, max_examples=200)
@given(
    length=st.integers(0, 60),
    bin_size=st.integers(1, 12),
    reads=st.lists(st.tuples(st.integers(0, 59), st.integers(0, 4)), max_size=30),
)
def test_equals_the_definition(length, bin_size, reads):
    reads = sorted(read for read in reads if read[0] < length)
    position, count = [p for p, _ in reads], [c for _, c in reads]
    got = coverage.bin_positions(position, count, length, bin_size)
    expected = coverage_reference.bin_positions(position, count, length, bin_size)
    assert coverage.dense(got.window, got.reads, got.windows).tolist() == expected.tolist()
    assert (got.reads > 0).all()
    assert (np.diff(got.window) > 0).all()


def test_equals_grohmm(shared):
    case = json.loads((shared / "data/oracle/grohmm/units/window_analysis.json").read_text())
    for strands, key in (("+", "plus_seqlen"), ("+-", "star_seqlen")):
        for chrom, length in case["seqlengths"].items():
            bases = sorted(
                base
                for read in case["reads"]
                if read["chrom"] == chrom and read["strand"] in strands
                for base in range(read["start"] - 1, read["end"])
            )
            got = coverage.bin_positions(bases, np.ones(len(bases), int), length, 50)
            assert coverage.dense(got.window, got.reads, got.windows).tolist() == case[key][chrom]


def test_edges():
    """What makes the reference program abort: a short contig, an empty strand."""
    assert coverage.bin_positions([3, 9], [1, 1], 10, 50).windows == 0
    assert len(coverage.bin_positions([3, 9], [1, 1], 10, 50).window) == 0
    assert coverage.dense(*coverage.bin_positions([], [], 500, 50)).tolist() == [0] * 10
    assert [list(coverage.bin_positions([99, 100, 119], [1, 2, 4], 120, 50)[i]) for i in (0, 1)] == [[1], [1]]


@pytest.mark.parametrize(
    ("position", "count", "length", "bin_size", "words"),
    [
        ([1], [1], 10, 0, "bin_size"),
        ([2, 1], [1, 1], 10, 5, "fall"),
        ([10], [1], 10, 5, "outside"),
        ([-1], [1], 10, 5, "outside"),
        ([1], [-1], 10, 5, "negative"),
        ([1, 2], [1], 10, 5, "equally long"),
        ([1], [1], -1, 5, "long"),
        ([1, 1], [2**31 - 1, 1], 10, 5, r"2\^31"),
    ],
)
def test_refusals(position, count, length, bin_size, words):
    with pytest.raises(ValueError, match=words):
        coverage.bin_positions(position, count, length, bin_size)
    with pytest.raises(ValueError, match="indices"):
        coverage.dense([5], [1], 5)
