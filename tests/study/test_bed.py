"""The one reader of BED: headers, blanks and gzip; every bad line with its number; strands where they are asked for."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError, ModelError
from groprog_assets.study.annotation_files import ProblemCollector
from groprog_assets.study.bed import bed_lines, is_bed

TEXT = "#c\ntrack name=x\nbrowser position chr1\n\nchr1\t5 \t9\tpeak\nchr2 1 2\n"


@pytest.mark.parametrize("compress", [False, True])
def test_intervals_with_their_lines(tmp_path: Path, compress: bool):
    path = tmp_path / "a.bed"
    path.write_bytes(gzip.compress(TEXT.encode()) if compress else TEXT.encode())
    problems = ProblemCollector(path)
    found = list(bed_lines(problems))
    assert [row[:4] for row in found] == [(5, "chr1", 5, 9), (6, "chr2", 1, 2)]
    assert found[0].fields == ["chr1", "5", "9", "peak"]
    assert not problems.problems


def test_every_bad_line_is_told_and_left_out(tmp_path: Path):
    path = tmp_path / "a.bed"
    path.write_text("chr1\t5\nchr1\tx\t9\nchr1\t5\t5\nchr1\t-1\t5\nchr1\t7\t8\n")
    problems = ProblemCollector(path)
    assert [row.number for row in bed_lines(problems)] == [5]
    assert [problem.where.rpartition(" ")[2] for problem in problems.problems] == ["1", "2", "3", "4"]
    with pytest.raises(AnnotationError, match="BED lines are chromosome, start, end; each covers at least one base"):
        problems.raise_any()


def test_regions_have_a_strand(tmp_path: Path):
    path = tmp_path / "a.bed"
    lines = ["chr1\t5\t9\tg\t0\t+", "chr1\t5\t9\tg\t0\t.", "chr1\t5\t9", "chr1\t9\t5\tg\t0\t*", "chr1\t9\t9\tg\t0\t-"]
    path.write_text("".join(f"{line}\n" for line in lines))
    problems = ProblemCollector(path, ModelError)
    assert [row.fields[5] for row in bed_lines(problems, with_strand=True)] == ["+"]
    with pytest.raises(ModelError, match="line 2") as refused:
        problems.raise_any()
    told = [str(problem) for problem in refused.value.problems]
    assert len(told) == 5, "two of line 4"
    assert "line 2: strand '.'. The strand is + or -" in told[0]
    assert "line 3: chr1\t5\t9. A region needs six columns" in told[1]
    assert "Write them tab-separated" in told[1]
    assert [("line 4" in each, "strand '*'" in each, "at least one base" in each) for each in told[2:4]] == [
        (True, False, True),
        (True, True, False),
    ]
    assert "line 5: chr1\t9\t9" in told[4]
    assert "strand '" not in told[4]


@pytest.mark.parametrize(
    ("name", "text", "bed"),
    [("a.bed", "", True), ("a.BED.gz", "", True), ("a.bed.bgz", "", True), ("a.txt", TEXT, True), ("a.narrowPeak", TEXT, True),
     ("a.fa", ">chr1\nACGT\n", False), ("a.txt", "chr1\tname\tx\n", False), ("a.fa", "", False), ("missing.fa", None, False)],
)  # fmt: skip
@pytest.mark.parametrize("compress", [False, True])
def test_a_bed_is_known_by_its_name_or_its_first_interval(
    tmp_path: Path, name: str, text: str, bed: bool, compress: bool
):
    if text is not None:
        (tmp_path / name).write_bytes(gzip.compress(text.encode()) if compress else text.encode())
    assert is_bed(tmp_path / name) == bed
