"""Records against their definition and pysam: headers, formats, chunks that end within a record."""

from __future__ import annotations

import gzip

import numpy as np
import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groprog_kernels import records, records_reference
from tests import alignment_files as files


def raw(path, threads=1):
    """Every record's bytes, cut by the sizes they state, however the chunks fall."""
    found = []
    with records.open_records(path, threads=threads) as stream:
        for buffer, at, end in stream:
            while end - at >= 4:
                size = (
                    int(buffer[at : at + 4].view("<i4")[0])
                    if at % 4 == 0
                    else int.from_bytes(bytes(buffer[at : at + 4]), "little")
                )
                if at + 4 + size > end:
                    break
                found.append(bytes(buffer[at + 4 : at + 4 + size]))
                at += 4 + size
            stream.keep(buffer, at, end)
    return found


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(files.records, max_size=20))
def test_records_equal_the_definition(tmp_path, rows):
    path = files.write(tmp_path / "a.bam", rows)
    text, lengths, expected = records_reference.split(gzip.decompress(path.read_bytes()))
    header = records.read_header(path)
    assert (header.text, header.lengths, header.format) == (text, lengths, "bam")
    assert raw(path) == expected


@pytest.mark.parametrize("threads", [1, 2])
def test_records_larger_than_chunks(tmp_path, threads):
    """Long reads straddle blocks and chunks; a CIGAR of 70,000 operations goes into a tag."""
    rows = [files.row(cigar=[(0, 3)]), files.row(cigar=[(0, 1), (1, 1)] * 35_000, length=True)] * 30
    rows += [files.row(cigar=[(0, 1), (1, 2_500_000)], length=True), files.row()]
    path = files.write(tmp_path / "a.bam", rows, {"SQ": [{"SN": "chr1", "LN": 90_000}]})
    assert raw(path, threads) == records_reference.split(gzip.decompress(path.read_bytes()))[2]


def test_many_contigs(tmp_path):
    header = {"SQ": [{"SN": f"contig_{i}", "LN": i + 1} for i in range(100_000)]}
    path = files.write(tmp_path / "a.bam", [files.row(contig=99_999, cigar=[(0, 1)])], header)
    assert len(records.read_header(path).lengths) == 100_000
    assert len(raw(path)) == 1


def test_formats_by_their_bytes(tmp_path):
    rows = [files.row()]
    for ending in ("bam", "sam", "cram"):
        path = files.write(tmp_path / f"a.{ending}", rows)
        assert records.alignment_format(path) == ending
        assert records.read_header(path).lengths == files.CONTIGS
    (tmp_path / "a.sam.gz").write_bytes(gzip.compress((tmp_path / "a.sam").read_bytes()))
    assert records.alignment_format(tmp_path / "a.sam.gz") == "sam"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"@read1\nACGT\n+\nIIII\n",
        gzip.compress(b"chr1\t5\t6\n", mtime=0),
        b"\x1f\x8b garbage",
        bytes(100),
        b"PK\3\4 zip",
    ],
)
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a.bam").write_bytes(content)
    with pytest.raises(records.BamError):
        records.read_header(tmp_path / "a.bam")


@pytest.mark.parametrize("ending", ["bam", "cram"])
def test_truncation_is_seen(tmp_path, ending):
    rng = np.random.default_rng(0)
    rows = [files.row(position=int(p), length=True) for p in rng.integers(0, 250, 5000)]
    whole = files.write(tmp_path / f"whole.{ending}", rows).read_bytes()
    cut = tmp_path / f"cut.{ending}"
    for size in [10, 30, len(whole) // 3, len(whole) // 2, len(whole) - 40, len(whole) - 28, len(whole) - 1]:
        cut.write_bytes(whole[:size])
        with pytest.raises(records.BamError):
            raw(cut)


def test_altered_bytes_are_seen(tmp_path):
    rows = [files.row(position=i % 250, length=True) for i in range(3000)]
    for ending in ("bam", "cram"):
        whole = files.write(tmp_path / f"whole.{ending}", rows).read_bytes()
        expected = raw(tmp_path / f"whole.{ending}")
        for at in np.linspace(200, len(whole) - 60, 6).astype(int):
            altered = bytearray(whole)
            altered[at] ^= 0x10
            (tmp_path / f"a.{ending}").write_bytes(altered)
            try:  # a CRAM's names and sequences are not read, so bits there change nothing
                assert raw(tmp_path / f"a.{ending}") == expected
            except records.BamError:
                continue
            assert ending == "cram"


def test_htslib_speaks_of_broken_sam(tmp_path):
    path = tmp_path / "a.sam"
    path.write_text("@SQ\tSN:chr1\tLN:100\nr1\t0\tchr1\t5\t30\t4M\t*\t0\t0\tACGT\n")
    with pytest.raises(records.BamError, match="SAM"):
        raw(path)


def test_empty_file_of_records(tmp_path):
    for ending in ("bam", "sam", "cram"):
        assert raw(files.write(tmp_path / f"a.{ending}", [])) == []


def test_pysam_agrees_on_the_header(shared):
    path = shared / "data/nascent/S0mR1.bam"
    with pysam.AlignmentFile(str(path), check_sq=False) as file:
        assert records.read_header(path).lengths == dict(zip(file.references, file.lengths, strict=True))
