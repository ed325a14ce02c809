"""Small alignment files with every awkward thing in them: ties, flags, odd CIGARs, missing contigs, tags of all kinds."""

from __future__ import annotations

import random
from pathlib import Path

import pysam
from hypothesis import strategies as st

CONTIGS = {"chr1": 300, "chr2": 120, "chrUn_1": 200, "dm6_chr2L": 150}
"""In the files; the studies of the tests know chr1 and chr2 (and chr3, which no file has)."""
CHROMS = {"chr2": 120, "chr3": 40, "chr1": 300}

cigars = st.one_of(
    st.just([(0, 10)]),
    st.just([(0, 1)]),
    st.just([]),
    st.just([(4, 3), (0, 5), (1, 2), (0, 4), (2, 3), (7, 2), (8, 1), (3, 7), (0, 2), (5, 4)]),
    st.just([(0, 3)] + [(1, 1), (0, 1)] * 40),
    st.lists(st.tuples(st.sampled_from([0, 1, 2, 3, 7, 8]), st.integers(1, 6)), min_size=1, max_size=6),
)
"""BAM operations (code, length)."""

records = st.fixed_dictionaries(
    {
        "flag": st.one_of(
            st.sampled_from([0, 16]),
            st.sampled_from([4, 256, 272, 512, 528, 1024, 2048, 65, 81, 129, 145, 1040, 69, 133, 1089]),
            st.integers(0, 4095),
        ),
        "contig": st.sampled_from([0, 0, 0, 1, 1, 2, 3, -1]),
        "position": st.one_of(st.integers(0, 5), st.integers(0, 130), st.just(-1)),
        "mapq": st.sampled_from([0, 1, 9, 10, 11, 42, 255]),
        "cigar": cigars,
        "length": st.booleans(),
        "span": st.sampled_from([0, 50, -50]),
        "AS": st.sampled_from([None, 0, -5, 300, 70000]),
        "XS": st.sampled_from([None, 0, -5, 300, "A"]),
        "NH": st.sampled_from([None, 1, 1, 2, 300]),
        "XA": st.booleans(),
        "X0": st.sampled_from([None, None, 1, 2]),
        "umi": st.sampled_from(
            ["", "", "_ACGT", ":ACGT_TTGA", ":7:UMI_ACG", "_GATTACA_ACGT", "_AC", "_acgt", "ACGT", ":"]
        ),
        "RX": st.sampled_from([None, "ACGT", "ACGA", "ACGT-TTTT"]),
        "array": st.booleans(),
    }
)


def write(path: Path, rows: list[dict], header: dict | None = None, reference: Path | None = None) -> Path:
    """The rows of `records` as BAM, SAM or CRAM by the path's ending."""
    header = header or {
        "HD": {"VN": "1.6", "SO": "unsorted"},
        "SQ": [{"SN": name, "LN": length} for name, length in CONTIGS.items()],
    }
    mode = {".bam": "wb", ".sam": "wh", ".cram": "wc"}[path.suffix]
    options = {"reference_filename": str(reference)} if reference else {}
    with pysam.AlignmentFile(str(path), mode, header=header, **options) as file:
        for i, row in enumerate(rows):
            read = pysam.AlignedSegment(file.header)
            read.query_name = f"r{i}{row['umi']}"
            read.flag = row["flag"]
            read.reference_id = row["contig"]
            read.reference_start = row["position"]
            read.mapping_quality = row["mapq"]
            size = sum(n for op, n in row["cigar"] if op in (0, 1, 4, 7, 8))
            if row["length"] and size:
                read.query_sequence = ("ACGTN" * size)[:size]
                read.query_qualities = pysam.qualitystring_to_array(
                    "".join(chr(33 + (j * 7) % 42) for j in range(size))
                )
            read.cigartuples = row["cigar"]
            read.next_reference_id = row["contig"]
            read.template_length = row["span"]
            if row["array"]:
                read.set_tag("ZB", [1, 70000, 3])
                read.set_tag("ZF", 1.5, "f")
            for tag in ("AS", "NH"):
                if row[tag] is not None:
                    read.set_tag(tag, row[tag], "i")
            if row["XS"] == "A":
                read.set_tag("XS", "+", "A")
            elif row["XS"] is not None:
                read.set_tag("XS", row["XS"], "i")
            if row["X0"] is not None:
                read.set_tag("X0", row["X0"], "i")
            if row["XA"]:
                read.set_tag("XA", "chr1,+5,10M,0;")
            if row["RX"]:
                read.set_tag("RX", row["RX"])
            file.write(read)
    return path


def another_library(source: Path, target: Path) -> Path:
    """A library as another sample would give it: the BAM `source` without a tenth of its reads, drawn by the name of `target`."""
    rng = random.Random(target.name)
    with pysam.AlignmentFile(str(source)) as given, pysam.AlignmentFile(str(target), "wb", template=given) as file:
        for read in given.fetch(until_eof=True):
            if rng.random() > 0.1:
                file.write(read)
    return target


def row(contig: int = 0, position: int = 0, flag: int = 0, cigar: list | None = None, **others) -> dict:
    """One plain read of 10 bp at MAPQ 42, with what is asked for changed."""
    plain = {"mapq": 42, "length": False, "span": 0, "AS": None, "XS": None, "NH": None, "XA": False, "RX": None}
    plain |= {"X0": None, "umi": ""}
    return (
        plain
        | {"contig": contig, "position": position, "flag": flag, "cigar": cigar or [(0, 10)], "array": False}
        | others
    )
