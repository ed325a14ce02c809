"""Quality curves of libraries and what is said of them."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.reads import read_quality, tallied_qualities
from groprog_assets.study.parameters import QualityParameters
from groprog_assets.study.schema import Library
from groprog_assets.tables import conform
from groprog_kernels import quality, reads
from tests import alignment_files as files


def fastq(path, reads):
    path.write_bytes("".join(f"@r\n{'A' * len(q)}\n+\n{q}\n" for q in reads).encode())
    return path


def table(*mates, reads=100):
    rows = [(m, c, q, q - 0.5, 2, 41, reads) for m, means in enumerate(mates, 1) for c, q in enumerate(means, 1)]
    names = ["mate", "cycle", "mean_quality", "error_mean_quality", "minimum_quality", "maximum_quality", "reads"]
    return conform(pd.DataFrame(rows, columns=names), "read_quality")


def test_mates_of_a_pair(tmp_path):
    first = fastq(tmp_path / "a_1.fq", ["I5", "+5"])
    second = tmp_path / "a_2.fq.gz"
    second.write_bytes(gzip.compress(b"@r\nA\n+\n#\n@r\nAC\n+\n#I\n"))
    got = read_quality.per_cycle_quality(Library(id="L", condition="m", reads=[first, second]))
    assert got[["mate", "cycle", "mean_quality", "reads"]].values.tolist() == [
        [1, 1, 25, 2],
        [1, 2, 20, 2],
        [2, 1, 2, 2],
        [2, 2, 40, 1],
    ]
    assert got["error_mean_quality"][0] == pytest.approx(-10 * np.log10((1e-4 + 1e-1) / 2))
    assert (got["minimum_quality"][0], got["maximum_quality"][0]) == (10, 40)


def test_broken_and_unequal_mates(tmp_path):
    first, second = fastq(tmp_path / "1.fq", ["II"]), fastq(tmp_path / "2.fq", ["II", "II"])
    with pytest.raises(ReadsError, match="mate 1 has 1 read, mate 2 2"):
        read_quality.per_cycle_quality(Library(id="L", condition="m", reads=[first, second]))
    first.write_bytes(first.read_bytes()[:4])
    second.write_text("no fastq")
    with pytest.raises(ReadsError) as caught:
        read_quality.per_cycle_quality(Library(id="L", condition="m", reads=[first, second]))
    assert len(caught.value.problems) == 2


def test_alignments_and_bigwigs(tmp_path, shared):
    path = files.write(tmp_path / "a.bam", [files.row(length=True)] * 3)
    assert read_quality.per_cycle_quality(Library(id="L", condition="m", alignments=path))["reads"].tolist() == [3] * 10
    for library in (
        Library(id="L", condition="m", alignments=shared / "data/nascent/S0mR1.bam"),
        Library(id="L", condition="m", bigwig_plus=tmp_path / "p", bigwig_minus=tmp_path / "m"),
    ):
        assert read_quality.per_cycle_quality(library).empty
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ReadsError):
        read_quality.per_cycle_quality(Library(id="L", condition="m", alignments=path))


def test_the_paper_s_curve():
    """Means of 37.3-39.3 with a step up where mate 2 begins (A29, A30)."""
    mate = np.linspace(39.3, 37.3, 150)
    tables = {"M1": table(mate, mate), "O1": table(mate - 0.1, mate - 0.1), "X": table()}
    conditions = {"M1": "mock", "O1": "oe", "X": "oe"}
    found = read_quality.judge_quality(tables, conditions, QualityParameters())
    library = found["libraries"]["M1"]
    assert (library["passes"], library["range"]) == (True, pytest.approx(2.0))
    assert library["boundary"]["after_cycle"] == 150
    assert library["boundary"]["is_the_largest"]
    assert library["boundary"]["step"] == pytest.approx(2.0)
    assert [row["largest_difference"] for row in found["conditions"]] == pytest.approx([0.1, 0.1])
    assert all(row["passes"] for row in found["conditions"])
    assert found["libraries"]["X"] == {"known": False, "passes": True, "mates": {}, "boundary": None}
    strict = read_quality.judge_quality(tables, conditions, QualityParameters(minimum_mean_quality=38))
    assert not strict["passes"]


def test_conditions_weigh_libraries_by_reads():
    tables = {"a": table([30.0], reads=300), "b": table([40.0], reads=100), "c": table([35.0])}
    found = read_quality.judge_quality(tables, {"a": "x", "b": "x", "c": "y"}, QualityParameters())
    assert found["conditions"][0]["largest_difference"] == pytest.approx(2.5)
    assert not found["conditions"][0]["passes"]


def paired(path, **others):
    """Records of both mates, turned and not, with secondary ones and one without qualities among them."""
    rows = [
        files.row(position=10 + i, cigar=[(0, 5 + i % 7)], length=True, flag=1 | 64 | 16 * (i % 2)) for i in range(40)
    ]
    rows += [files.row(position=60 + i, cigar=[(0, 9)], length=True, flag=1 | 128) for i in range(9)]
    rows += [files.row(position=70, length=True, flag=256), files.row(position=80)]
    return files.write(path, rows, {"SQ": [{"SN": "chr1", "LN": 1000}]})


@pytest.mark.parametrize("ending", ["bam", "sam"])
def test_a_pass_for_positions_counts_the_same_qualities(tmp_path, ending, monkeypatch):
    path = paired(tmp_path / f"a.{ending}")
    library = Library(id="L", condition="m", alignments=path)
    expected = read_quality.per_cycle_quality(library)
    with tallied_qualities.tallying(path) as tally:
        reads.decode_reads(path, {"chr1": 1000}, qualities=tally)
    monkeypatch.setattr(quality, "tally_alignments", lambda *_: pytest.fail("the file was read a second time"))
    assert read_quality.per_cycle_quality(library).equals(expected)
    assert expected["mate"].tolist() == [1] * 11 + [2] * 9


def test_counts_are_taken_once_and_only_for_the_file_as_it_was(tmp_path):
    path = paired(tmp_path / "a.bam")
    for change in (None, lambda: paired(path), lambda: path.unlink()):
        with tallied_qualities.tallying(path) as tally:
            reads.decode_reads(path, {"chr1": 1000}, qualities=tally)
        if change is not None:
            change()
            assert tallied_qualities.take_tally(path) is None
        else:
            assert tallied_qualities.take_tally(path) is not None
            assert tallied_qualities.take_tally(path) is None


def test_no_counts_are_kept_of_a_changed_or_odd_file(tmp_path, monkeypatch):
    path = paired(tmp_path / "a.bam")
    with tallied_qualities.tallying(path) as tally:
        reads.decode_reads(path, {"chr1": 1000}, qualities=tally)
        paired(path)  # while it is read
    assert tallied_qualities.take_tally(path) is None
    monkeypatch.setattr(tallied_qualities, "LONGEST_READ", 600)
    rows = [files.row(cigar=[(0, 601)], length=True)]
    path = files.write(tmp_path / "long.bam", rows, {"SQ": [{"SN": "chr1", "LN": 1000}]})
    with tallied_qualities.tallying(path) as tally:
        assert reads.decode_reads(path, {"chr1": 1000}, qualities=tally).outcomes["kept"] == 1
    assert tallied_qualities.take_tally(path) is None
    path.write_text("no alignments")
    for other in (path, tmp_path / "missing.bam"):
        with tallied_qualities.tallying(other) as tally:
            assert tally is None
