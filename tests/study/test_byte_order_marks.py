"""A byte-order mark, which spreadsheets and editors of Windows write: passed over where we read, named where others read."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from groprog_assets.errors import AssayError, GroProgError
from groprog_assets.methods.annotation.obo import read_obo
from groprog_assets.methods.assays.vcf import _require_blocks
from groprog_assets.methods.reads.bedgraph import is_bedgraph, read_bedgraph
from groprog_assets.methods.sequence.genome_codes import read_fasta
from groprog_assets.methods.sequence.vcf import read_variants
from groprog_assets.study.annotation_files import ProblemCollector, lines
from groprog_assets.study.bed import bed_lines
from groprog_kernels import quality, records

MARK = b"\xef\xbb\xbf"
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
TERM = "format-version: 1.2\n\n[Term]\nid: GO:0000001\nname: x\nnamespace: biological_process\n"
READERS: list[tuple[str, str, Callable[[Path], object]]] = [
    ("a.fa", ">chr1\nACGT\n", read_fasta),
    ("a.vcf", f"{HEADER}chr1\t5\t.\tA\tC\t.\t.\t.\n", lambda path: read_variants(path)[1:]),
    ("table.tsv", "chr1\t5\t.\tA\tC\n", lambda path: read_variants(path)[1:]),
    ("named.tsv", "chrom\tpos\tid\tref\talt\nchr1\t5\t.\tA\tC\n", lambda path: read_variants(path)[1:]),
    ("a.bed", "chr1\t5\t9\n", lambda path: list(bed_lines(ProblemCollector(path)))),
    ("a.gtf", "chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id 'a'\n", lambda path: list(lines(path))),
    ("a.bedgraph", "chr1\t5\t6\t1\n", lambda path: (is_bedgraph(path), str(read_bedgraph(path, {"chr1": 9})))),
    ("a.obo", TERM, lambda path: read_obo(path).terms.to_dict()),
]


@pytest.mark.parametrize(("name", "text", "read"), READERS, ids=[name for name, *_ in READERS])
def test_a_mark_is_passed_over(tmp_path: Path, name: str, text: str, read: Callable[[Path], object]):
    plain, marked, zipped = (tmp_path / f"{kind}_{name}" for kind in ("plain", "marked", "zipped"))
    plain.write_bytes(text.encode())
    marked.write_bytes(MARK + text.encode())
    zipped.write_bytes(gzip.compress(MARK + text.encode()))
    assert read(marked) == read(plain)
    if name != "a.fa":  # a compressed FASTA is in blocks
        assert read(zipped) == read(plain)


@pytest.mark.parametrize(("name", "text", "read"), READERS[:-1], ids=[name for name, *_ in READERS[:-1]])
def test_text_in_utf_16_is_named(tmp_path: Path, name: str, text: str, read: Callable[[Path], object]):
    path = tmp_path / name
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(GroProgError, match="UTF-16, to be saved as UTF-8"):
        read(path)


def test_reads_that_other_programs_take_are_refused_by_its_name(tmp_path: Path):
    sam, fastq = tmp_path / "a.sam", tmp_path / "a.fastq"
    sam.write_bytes(MARK + b"@HD\tVN:1.6\n")
    with pytest.raises(records.BamError, match="begins with a byte-order mark"):
        records.alignment_format(sam)
    read = b"@a\nACGT\n+\nIIII\n"
    for content in (MARK + read, gzip.compress(MARK + read)):
        fastq.write_bytes(content)
        for tally in (quality.first_name, quality.tally_fastq):
            with pytest.raises(quality.FastqError, match="a byte-order mark stands before record 1"):
                tally(fastq)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_vcf_of_an_assay_is_refused_by_its_name(tmp_path: Path, encoding: str):
    (tmp_path / "a.vcf").write_bytes(HEADER.encode(encoding))
    with pytest.raises(AssayError, match="a byte-order mark"):
        _require_blocks(tmp_path / "a.vcf")
