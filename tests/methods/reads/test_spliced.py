"""The share of spliced reads, against pysam's reading of the same file."""

from __future__ import annotations

import pysam
import pytest

from groprog_assets.methods.reads.spliced import spliced_share
from groprog_kernels.records import BamError

HEADER = {"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr1", "LN": 1_000_000}]}
KINDS = (("50M", 0), ("20M1000N30M", 0), ("5S45M", 16), ("20M900N10M80N20M", 16), ("20M1000N30M", 256), ("50M", 2048))


def write(path, mode, reads):
    with pysam.AlignmentFile(str(path), mode, header=HEADER) as file:
        for k in range(reads):
            cigar, flag = KINDS[k % len(KINDS)]
            record = pysam.AlignedSegment(file.header)
            record.query_name, record.flag, record.reference_id, record.reference_start = f"read{k}", flag, 0, 100 + k
            record.cigarstring, record.query_sequence, record.mapping_quality = cigar, "A" * 50, 40
            file.write(record)
        unmapped = pysam.AlignedSegment(file.header)
        unmapped.query_name, unmapped.flag, unmapped.query_sequence = "none", 4, "A" * 50
        file.write(unmapped)


@pytest.mark.parametrize(("name", "mode"), [("a.bam", "wb"), ("a.sam", "w")])
def test_primary_alignments_with_an_intron_are_counted(tmp_path, name, mode):
    path = tmp_path / name
    write(path, mode, 60_000)  # more than one chunk of the reader
    with pysam.AlignmentFile(str(path)) as file:
        looked = [r for r in file.fetch(until_eof=True) if not (r.is_unmapped or r.is_secondary or r.is_supplementary)]
    counted = [any(operation == 3 for operation, _ in record.cigartuples) for record in looked]
    assert spliced_share(path) == sum(counted) / len(counted) == 0.5
    assert spliced_share(path, 3) == sum(counted[:3]) / 3


def test_a_cram_is_read_without_its_reference(tmp_path):
    sequence = tmp_path / "genome.fa"
    sequence.write_text(">chr1\n" + "A" * 1_000_000 + "\n")
    pysam.faidx(str(sequence))
    path = tmp_path / "a.cram"
    with pysam.AlignmentFile(str(path), "wc", header=HEADER, reference_filename=str(sequence)) as file:
        record = pysam.AlignedSegment(file.header)
        record.query_name, record.reference_id, record.reference_start = "read", 0, 100
        record.cigarstring, record.query_sequence, record.mapping_quality = "20M1000N30M", "A" * 50, 40
        file.write(record)
    sequence.unlink()
    assert spliced_share(path) == 1.0


def test_the_placeholder_of_a_cigar_in_a_tag_is_no_intron(tmp_path):
    path = tmp_path / "a.bam"
    with pysam.AlignmentFile(str(path), "wb", header=HEADER) as file:
        record = pysam.AlignedSegment(file.header)
        record.query_name, record.reference_id, record.reference_start = "read", 0, 100
        record.cigarstring, record.mapping_quality = "1M1I" * 33_000, 40
        record.query_sequence = "A" * 66_000
        file.write(record)
    assert spliced_share(path) == 0.0


def test_a_file_without_mapped_reads_has_no_share(tmp_path):
    write(tmp_path / "a.bam", "wb", 0)
    assert spliced_share(tmp_path / "a.bam") is None


def test_a_cut_file_is_refused(tmp_path):
    write(tmp_path / "a.bam", "wb", 60_000)
    whole = (tmp_path / "a.bam").read_bytes()
    (tmp_path / "a.bam").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BamError):
        spliced_share(tmp_path / "a.bam")
