"""Counting windows of units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.methods.reads.window_counts import count_stranded, stranded_index
from groprog_assets.methods.transcription.transcript_counts import count_transcripts, counting_windows
from groprog_assets.study.parameters import DifferentialParameters
from tests.methods.nascent import positions, transcripts
from tests.oracles import grohmm


@pytest.mark.parametrize(("output", "offset", "size"), [("output", 1_000, 13_000), ("output_500_5000", 500, 5_000)])
def test_every_case_of_the_reference(shared, output, offset, size):
    unit = grohmm.unit(shared, "limitToXkb")
    given_, wanted = (grohmm.bed(pd.DataFrame(unit[name])) for name in ("input", output))
    window = counting_windows(given_["start"], given_["end"], given_["strand"], offset=offset, size=size)
    assert window.start.tolist() == wanted["start"].tolist()
    assert window.end.tolist() == wanted["end"].tolist()


@settings(deadline=None)
@given(st.integers(1, 20_000), st.sampled_from("+-"), st.sampled_from([(1_000, 13_000), (500, 5_000), (0, 100)]))
def test_a_window_never_leaves_its_unit(width, strand, window):
    offset, size = window
    result = counting_windows(np.array([50]), np.array([50 + width]), np.array([strand]), offset=offset, size=size)
    assert 50 <= result.start[0] < result.end[0] <= 50 + width
    assert result.end[0] - result.start[0] <= max(size, offset)


def test_real_units_count_as_in_the_reference(shared):
    units = grohmm.bed(grohmm.annotation_table(shared, "tx_final"))
    expected = grohmm.annotation_table(shared, "tx_final_counts_limit13kb")
    strand = units["strand"].to_numpy(object)
    window = counting_windows(units["start"], units["end"], strand, offset=1_000, size=13_000)
    assert np.array_equal(window.start + 1, expected["start1"])
    assert np.array_equal(window.end, expected["end1"])
    for run in ("S0mR1", "S40mR1"):
        index = stranded_index(grohmm.positions(shared, f"{run}.bam"))
        counted = count_stranded(index, units["chrom"].to_numpy(object), strand, window.start, window.end)
        assert np.array_equal(counted, expected[run])


def test_table_is_long_and_stranded():
    units = transcripts([("a", "chr1", 0, 5_000, "+"), ("b", "chr1", 0, 5_000, "-"), ("c", "chr9", 0, 900, "+")])
    table, whole = count_transcripts(
        units,
        {
            "mock_1": positions([("chr1", "+", 999, 8), ("chr1", "+", 1_000, 3), ("chr1", "-", 3_999, 2)]),
            "oe_1": positions(),
        },
        DifferentialParameters(),
    )
    assert whole.tolist() == [11, 2, 0]
    assert table["count"].tolist() == [3, 2, 0, 0, 0, 0]
    assert table["library"].tolist() == ["mock_1"] * 3 + ["oe_1"] * 3
