"""SEG: 1-based inclusive positions become 0-based intervals; names of columns and chromosomes differ between programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.seg import read_seg
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays.sources import source, written

ROWS = (
    "ID | chrom | loc.start | loc.end | num.mark | seg.mean",
    "S1 | 1 | 1 | 1000 | 12 | 0.0025",
    "S1 | 1 | 1001 | 1.5e3 | 3 | -1.5",
    "S2 | 23 | 5 | 5 | 1 | NA",
)


def genome(**given: object) -> AssaySource:
    return source("genome", "seg", genome_build="GRCh37", **given)


def test_intervals(tmp_path: Path):
    found = read_seg(written(tmp_path, "x.seg", *ROWS), genome()).intervals
    assert found is not None
    rows = list(found[["sample", "chrom", "start", "end", "kind"]].itertuples(index=False, name=None))
    assert rows == [
        ("S1", "1", 0, 1000, "segment"),
        ("S1", "1", 1000, 1500, "segment"),
        ("S2", "X", 4, 5, "segment"),
    ]
    np.testing.assert_array_equal(found["value"].to_numpy(), np.array([0.0025, -1.5, np.nan], np.float32))


@pytest.mark.parametrize(
    "header",
    [
        "Sample | Chromosome | Start | End | Num_Probes | Segment_Mean",
        "GDC_Aliquot | Chromosome | Start | End | Num_Probes | Segment_Mean",
        "'ID' | chrom | loc.start | loc.end | num.mark | seg.mean",
    ],
)
def test_the_names_of_other_programs(tmp_path: Path, header: str):
    one = read_seg(written(tmp_path, "x.seg", *ROWS), genome())
    other = read_seg(written(tmp_path, "y.seg", header, *ROWS[1:]), genome())
    assert one.intervals is not None
    assert one.intervals.equals(other.intervals)
    assert other.profiled == ("S1", "S2")


def test_segments_that_overlap_are_said(tmp_path: Path):
    found = read_seg(written(tmp_path, "x.seg", *ROWS, "S1 | 1 | 900 | 2000 | 3 | 1"), genome())
    assert found.counts == {"segments": 4, "without_value": 1, "overlapping": 2}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("| 1 | 1000 |", "| 0 | 1000 |"), "x.seg:2, column loc.start: 0. A position is a whole number from 1 to"),
        (("| 1 | 1000 |", "| 1.5 | 1000 |"), "x.seg:2, column loc.start: 1.5"),
        (("| 1 | 1000 |", "| 1 | |"), "x.seg:2, column loc.end: nan"),
        (("| 5 | 5 |", "| 5 | 4 |"), "x.seg:4, column loc.end: 4. A segment does not end before it starts."),
        (("seg.mean", "mean.seg"), "x.seg:1: no column of value"),
        (("S2 | 23", " | 23"), "x.seg:4, column ID: ''. A segment has a sample."),
        (("-1.5", "loss"), "x.seg:3, column seg.mean: 'loss'"),
    ],
)
def test_bad_input(tmp_path: Path, change: tuple[str, str], said: str):
    with pytest.raises(AssayError) as caught:
        read_seg(written(tmp_path, "x.seg", *(line.replace(*change) for line in ROWS)), genome())
    assert said in str(caught.value)


def test_a_build_must_be_stated(tmp_path: Path):
    with pytest.raises(AssayError, match="no genome build"):
        read_seg(written(tmp_path, "x.seg", *ROWS), source("genome", "seg"))


def test_a_cell_that_is_no_number_is_one_problem(tmp_path: Path):
    path = tmp_path / "a.seg"
    path.write_text("ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\nS1\t1\tx\t10\t3\t0.1\n")
    with pytest.raises(AssayError) as raised:
        read_seg(path, genome())
    assert [problem.value for problem in raised.value.problems] == ["'x'"]
    path.write_text("ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\nS1\t1\tNA\t10\t3\t0.1\n")
    with pytest.raises(AssayError, match="whole number from 1"):
        read_seg(path, genome())
