"""Spliced reads among the kept, against pysam's reading of the same file."""

from __future__ import annotations

import pysam
import pytest

from groprog_kernels.reads import decode_reads

SIZES = {"chrM": 200_000, "chr1": 1_000_000}
HEADER = {"HD": {"VN": "1.6"}, "SQ": [{"SN": name, "LN": size} for name, size in SIZES.items()]}
KINDS = (("50M", 0), ("20M1000N30M", 0), ("5S45M", 16), ("20M900N10M80N20M", 16), ("20M1000N30M", 256), ("50M", 2048))


def write(path, mode, reads):
    with pysam.AlignmentFile(str(path), mode, header=HEADER) as file:
        for k in range(reads):
            cigar, flag = KINDS[k % len(KINDS)]
            record = pysam.AlignedSegment(file.header)
            record.query_name, record.flag, record.reference_id, record.reference_start = f"read{k}", flag, 1, 100 + k
            record.cigarstring, record.query_sequence, record.mapping_quality = cigar, "A" * 50, 40
            file.write(record)
        unmapped = pysam.AlignedSegment(file.header)
        unmapped.query_name, unmapped.flag, unmapped.query_sequence = "none", 4, "A" * 50
        file.write(unmapped)


def shares(path) -> tuple[int, int]:
    """(spliced, kept) reads of the file."""
    found = decode_reads(path, SIZES)
    return found.spliced, found.outcomes["kept"]


@pytest.mark.parametrize(("name", "mode"), [("a.bam", "wb"), ("a.sam", "w")])
def test_primary_alignments_with_an_intron_are_counted(tmp_path, name, mode):
    path = tmp_path / name
    write(path, mode, 60_000)  # more than one chunk of the reader
    with pysam.AlignmentFile(str(path)) as file:
        looked = [r for r in file.fetch(until_eof=True) if not (r.is_unmapped or r.is_secondary or r.is_supplementary)]
    counted = [any(operation == 3 for operation, _ in record.cigartuples) for record in looked]
    assert shares(path) == (sum(counted), len(counted)) == (20_000, 40_000)


def test_they_are_counted_wherever_they_lie(tmp_path):
    """A file sorted with the mitochondrion first begins with reads that are never spliced."""
    path = tmp_path / "a.bam"
    with pysam.AlignmentFile(str(path), "wb", header=HEADER) as file:
        for k in range(130_000):
            record = pysam.AlignedSegment(file.header)
            record.query_name, record.mapping_quality, record.query_sequence = "read", 40, "A" * 50
            record.reference_id, record.reference_start = (0, 100 + k) if k < 110_000 else (1, k)
            record.cigarstring = "50M" if k < 110_000 else "20M1000N30M"
            file.write(record)
    assert shares(path) == (20_000, 130_000)


def test_a_cram_is_read_without_its_reference(tmp_path):
    sequence = tmp_path / "genome.fa"
    sequence.write_text("".join(f">{name}\n{'A' * size}\n" for name, size in SIZES.items()))
    pysam.faidx(str(sequence))
    path = tmp_path / "a.cram"
    with pysam.AlignmentFile(str(path), "wc", header=HEADER, reference_filename=str(sequence)) as file:
        record = pysam.AlignedSegment(file.header)
        record.query_name, record.reference_id, record.reference_start = "read", 1, 100
        record.cigarstring, record.query_sequence, record.mapping_quality = "20M1000N30M", "A" * 50, 40
        file.write(record)
    sequence.unlink()
    assert shares(path) == (1, 1)


def test_the_placeholder_of_a_cigar_in_a_tag_is_no_intron(tmp_path):
    path = tmp_path / "a.bam"
    with pysam.AlignmentFile(str(path), "wb", header=HEADER) as file:
        record = pysam.AlignedSegment(file.header)
        record.query_name, record.reference_id, record.reference_start = "read", 1, 100
        record.cigarstring, record.mapping_quality = "1M1I" * 33_000, 40
        record.query_sequence = "A" * 66_000
        file.write(record)
    assert shares(path) == (0, 1)
