"""The reader of FASTA: pysam's own bases, every problem of a bad file, codes that stay on disk."""

from __future__ import annotations

import gzip
from pathlib import Path

import pysam
import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.sequence import genome_codes
from groprog_assets.methods.sequence.genome_codes import open_genome, read_fasta
from groprog_kernels.bases import decode
from tests.methods.sequence.planted import write_fasta

SEQUENCES = {"one": "ACGTNacgtnRY" * 11, "two": "TTTT", "three": "G" * 120}


@pytest.mark.parametrize("chunk", [7, 61, 1 << 23])
def test_bases_are_those_of_pysam_whatever_the_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int):
    monkeypatch.setattr(genome_codes, "_CHUNK", chunk)
    path = write_fasta(tmp_path / "g.fa", SEQUENCES)
    genome = open_genome(path, tmp_path / "codes", "abc")
    with pysam.FastaFile(str(path)) as peer:
        assert list(genome.lengths) == peer.references
        for name in peer.references:
            expected = "".join(letter if letter in "ACGT" else "N" for letter in peer.fetch(name).upper())
            assert decode(genome.chromosome(name)) == expected
    first = genome.records[0]
    assert (first.length, first.lower, first.unknown, first.iupac) == (132, 55, 44, 22)


def test_bgzip_is_read_and_plain_gzip_is_refused_with_a_remedy_that_works(tmp_path: Path):
    path = write_fasta(tmp_path / "g.fa", SEQUENCES)
    zipped = tmp_path / "plain.fa.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(AnnotationError, match="bgzip it"):
        read_fasta(zipped)
    pysam.tabix_compress(str(path), str(tmp_path / "g.fa.bgz"))
    assert read_fasta(tmp_path / "g.fa.bgz") == read_fasta(path)


def test_an_index_of_another_file_changes_nothing(tmp_path: Path):
    path = write_fasta(tmp_path / "g.fa", SEQUENCES)
    Path(f"{path}.fai").write_text("one\t3\t5\t60\t61\n")
    assert {record.name: record.length for record in read_fasta(path)} == {k: len(v) for k, v in SEQUENCES.items()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no sequence"),
        ("ACGT\n", "begins with a line"),
        (">a\nACGT\n>a\nAC\n", "a stands 2 times"),
        (">a\nACGT\nAC\nACGT\n", "unequal length in a"),
        (">a\nAC\nACGT\n", "unequal length in a"),
        (">a\nACGT\n\nACGT\n", "unequal length in a"),
        (">a\nAC-T\n", "'-' in a"),
        (">\nACGT\n", "an empty name"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, said: str):
    path = tmp_path / "bad.fa"
    path.write_text(text)
    if said == "an empty name":
        path.write_text(text + text)
    with pytest.raises(AnnotationError, match=said):
        read_fasta(path)


def test_all_problems_come_at_once(tmp_path: Path):
    path = tmp_path / "bad.fa"
    path.write_text(">a\nAC\nACGT\n>a\nA*\n")
    with pytest.raises(AnnotationError) as refused:
        read_fasta(path)
    assert len(refused.value.problems) == 3


def test_line_ends_of_windows_and_a_last_line_without_one(tmp_path: Path):
    path = tmp_path / "g.fa"
    path.write_bytes(b">a x\r\nACGT\r\nAC\r\n>b\r\nGG")
    genome = open_genome(path, tmp_path / "codes", "abc")
    assert genome.lengths == {"a": 6, "b": 2}
    assert genome.codes.tolist() == [0, 1, 2, 3, 0, 1, 2, 2]
    assert not genome.codes.flags.owndata
    assert not genome.codes.flags.writeable


def test_a_two_bit_file_is_named_with_what_to_do(tmp_path: Path):
    path = tmp_path / "g.2bit"
    path.write_bytes(b"\x43\x27\x41\x1a" + bytes(20))
    with pytest.raises(AnnotationError, match=r"twoBitToFa g\.2bit g\.fa"):
        read_fasta(path)
