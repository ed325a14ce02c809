"""Per-cycle qualities against the definition; FASTQ that is broken in every way."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groprog_kernels import quality, quality_reference
from tests import alignment_files as files

reads = st.lists(st.text(alphabet=[chr(c) for c in range(33, 127)], max_size=12), min_size=1, max_size=20)


def fastq(qualities, end="\n"):
    return "".join(f"@r{i} x{end}{'N' * len(q)}{end}+{end}{q}{end}" for i, q in enumerate(qualities)).encode()


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(qualities=reads, end=st.sampled_from(["\n", "\r\n"]), packed=st.booleans(), last=st.booleans())
def test_equals_the_definition(tmp_path, qualities, end, packed, last):
    qualities = ["!", *qualities]
    data = fastq(qualities, end)
    data = data if last else data[: -len(end)]
    (tmp_path / "a.fq").write_bytes(gzip.compress(data) if packed else data)
    got = quality.tally_fastq(tmp_path / "a.fq")
    expected = quality_reference.tally_fastq(data.decode().replace("\r", "").split("\n"))
    assert got.reads.tolist() == [len(qualities)]
    assert got.counts[0].tolist() == expected[:, 33:127].tolist()
    phred = [[ord(c) - 33 for c in q] for q in qualities]
    summary = quality.summarize(got.counts[0])
    for cycle, row in enumerate(quality_reference.cycle_means(phred)):
        assert np.allclose([column[cycle] for column in summary], row, rtol=1e-12, atol=1e-9)


def test_records_straddle_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(quality, "_CHUNK", 16)
    qualities = ["I" * i + "#" for i in range(300)]
    (tmp_path / "a.fq").write_bytes(fastq(qualities))
    (tmp_path / "b.fq.gz").write_bytes(gzip.compress(fastq(qualities[:100])) + gzip.compress(fastq(qualities[100:])))
    plain, packed = quality.tally_fastq(tmp_path / "a.fq"), quality.tally_fastq(tmp_path / "b.fq.gz")
    assert plain.counts.tolist() == packed.counts.tolist()
    assert plain.counts[0].sum(axis=1).tolist() == [sum(len(q) > c for q in qualities) for c in range(300)]


def test_old_illumina_scale(tmp_path):
    (tmp_path / "a.fq").write_bytes(fastq(["hhB", "hgf"]))
    assert quality.summarize(quality.tally_fastq(tmp_path / "a.fq").counts[0]).mean.tolist() == [40, 39.5, 20]
    (tmp_path / "b.fq").write_bytes(fastq(["III"]))
    assert quality.summarize(quality.tally_fastq(tmp_path / "b.fq").counts[0]).mean.tolist() == [40] * 3


GOOD = fastq(["IIII", "IIII", "IIII"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no reads"),
        (b"\n", "no reads"),
        (b">r1\nACGT\n", "record 1 does not begin"),
        (GOOD + b"r\nA\n+\nI\n", "record 4 does not begin"),
        (GOOD + b"@r\nACGT\nIIII\n+\n", r"record 4 has no '\+'"),
        (GOOD + b"@r\nACGT\n+\nIII\n", "record 4 has a sequence and qualities"),
        (GOOD + b"@r\nA\n+\n \n", "record 4 has a quality character"),
        (GOOD[:-3], "cut off within record 3"),
        (GOOD[:-7], "cut off within record 3"),
        (gzip.compress(GOOD, mtime=0)[:-4], "cut off"),
        (gzip.compress(GOOD, mtime=0)[:20], "cut off"),
        (gzip.compress(GOOD, mtime=0) + b"tail", "not gzip"),
    ],
)
def test_broken_files(tmp_path, data, words):
    (tmp_path / "a.fq").write_bytes(data)
    with pytest.raises(quality.FastqError, match=words):
        quality.tally_fastq(tmp_path / "a.fq")


def test_altered_gzip(tmp_path):
    data = bytearray(gzip.compress(fastq(["IFJ#" * 10] * 500)))
    data[-7] ^= 1
    (tmp_path / "a.fq.gz").write_bytes(data)
    with pytest.raises(quality.FastqError, match="altered"):
        quality.tally_fastq(tmp_path / "a.fq.gz")


@pytest.mark.parametrize("ending", ["bam", "sam", "cram"])
def test_alignments_in_sequencing_order(tmp_path, ending):
    rows = [files.row(cigar=[(0, 4)], length=True), files.row(cigar=[(0, 4)], length=True, flag=16)]
    rows += [files.row(cigar=[(0, 4)], length=True, flag=256), files.row(cigar=[(0, 600)], length=True, flag=1 | 128)]
    path = files.write(tmp_path / f"a.{ending}", rows, {"SQ": [{"SN": "chr1", "LN": 1000}]})
    got = quality.tally_alignments(path)
    forward = [(j * 7) % 42 for j in range(4)]
    assert got.reads.tolist() == [2, 1]
    assert got.counts[0, :4].argmax(axis=1).tolist() == [0, 7, 7, 0]
    assert got.counts[0, range(4), forward].tolist() == got.counts[0, range(4), forward[::-1]].tolist() == [1] * 4
    assert got.counts[1].sum() == 600


def test_alignments_without_qualities(shared):
    got = quality.tally_alignments(shared / "data/nascent/S0mR1.bam")
    assert (got.counts.shape[1], got.without) == (0, 210_615)


def test_a_cycle_nobody_reached():
    with pytest.raises(ValueError, match="without reads"):
        quality.summarize(np.zeros((2, 94), int))
