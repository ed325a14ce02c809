"""The reader of FASTA: pysam's own bases, every problem of a bad file, codes that stay on disk."""

from __future__ import annotations

import gzip
import re
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pysam
import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.sequence import genome_codes
from groprog_assets.methods.sequence import two_bit as two_bit_module
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


@pytest.mark.parametrize("chunk", [7, 61, 1 << 23])
def test_the_soft_mask_is_kept_beside_the_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int):
    monkeypatch.setattr(genome_codes, "_CHUNK", chunk)
    path = write_fasta(tmp_path / "g.fa", SEQUENCES)
    genome = open_genome(path, tmp_path / "codes", "abc")
    for name, text in SEQUENCES.items():
        expected = [letter.islower() for letter in text]
        assert genome.soft_masked(name, 0, len(text)).tolist() == expected
        assert genome.soft_masked(name, 3, len(text) - 1).tolist() == expected[3:-1]
        assert genome.soft_masked(name, -2, len(text) + 3).tolist() == [False] * 2 + expected + [False] * 3
    assert genome.mask.nbytes == (132 + 4 + 120 + 7) // 8
    assert not genome.mask.flags.writeable
    (tmp_path / "codes" / "abc.mask.npy").unlink()  # codes that an earlier version wrote
    again = open_genome(path, tmp_path / "codes", "abc")
    assert np.array_equal(again.mask, genome.mask)
    upper = open_genome(write_fasta(tmp_path / "u.fa", {"a": "ACGT"}), tmp_path / "codes", "upper")
    assert upper.mask is None
    assert not upper.soft_masked("a", 0, 4).any()
    assert sorted(each.name for each in (tmp_path / "codes").glob("upper*")) == ["upper.json", "upper.npy"]


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
        (">a\nACUuG\n", "2 bases U in a"),
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


def two_bit(sequences: dict[str, str], order: str = "<", version: int = 0) -> bytes:
    """A .2bit file, by the description of its format; N is packed as T."""

    def numbers(*values: int) -> bytes:
        return struct.pack(f"{order}{len(values)}I", *values)

    def record(text: str) -> bytes:
        parts = [numbers(len(text))]
        for pattern in ("[Nn]+", "[a-z]+"):
            spans = [match.span() for match in re.finditer(pattern, text)]
            parts.append(numbers(len(spans), *(a for a, _ in spans), *(b - a for a, b in spans)))
        held = ["TCAG".index(letter) if letter in "TCAG" else 0 for letter in text.upper()] + [0] * (-len(text) % 4)
        packed = [held[i] << 6 | held[i + 1] << 4 | held[i + 2] << 2 | held[i + 3] for i in range(0, len(held), 4)]
        return b"".join([*parts, numbers(0), bytes(packed)])

    size = 8 if version else 4
    place = 16 + sum(1 + len(name) + size for name in sequences)
    index, body = b"", b""
    for name, text in sequences.items():
        offset = struct.pack(f"{order}{'Q' if version else 'I'}", place + len(body))
        index += bytes([len(name)]) + name.encode() + offset
        body += record(text)
    return numbers(0x1A412743, version, len(sequences), 0) + index + body


@pytest.mark.parametrize(("order", "version"), [("<", 0), (">", 0), ("<", 1)])
def test_a_two_bit_file_gives_what_its_fasta_gives(order: str, version: int, tmp_path: Path, monkeypatch):
    random = np.random.default_rng(1)
    text = "NNN" + "".join(random.choice(list("ACGTacgtN"), 101)) + "nnAC"
    sequences = {"chr1": text, "b": "G", "odd": "acgtTTN"}
    (tmp_path / "g.2bit").write_bytes(two_bit(sequences, order, version))
    monkeypatch.setattr(two_bit_module, "_CHUNK", 7)
    found = open_genome(tmp_path / "g.2bit", tmp_path / "one", "s")
    other = open_genome(write_fasta(tmp_path / "g.fa", sequences), tmp_path / "two", "s")
    assert found.lengths == {name: len(held) for name, held in sequences.items()}
    assert np.array_equal(found.codes, other.codes)
    assert np.array_equal(found.mask, other.mask)
    assert [(r.name, r.unknown, r.iupac) for r in found.records] == [(r.name, r.unknown, 0) for r in other.records]
    assert [r.lower for r in found.records] == [sum(letter.islower() for letter in held) for held in sequences.values()]


def test_a_damaged_count_of_stretches_asks_for_no_memory(tmp_path: Path):
    content = bytearray(two_bit({"a": "ACGT"}))
    content[26:30] = b"\xff" * 4  # behind the header of 16, the index of 6 and the length
    (tmp_path / "g.2bit").write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(AnnotationError, match="cut short"):
            read_fasta(tmp_path / "g.2bit")
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()


def test_a_two_bit_file_that_ends_early_or_of_another_version_is_refused(tmp_path: Path):
    whole = two_bit({"a": "ACGTN" * 9})
    for content, said in ((whole[:-1], "cut short"), (whole[:20], "cut short"), (two_bit({}), "no sequence")):
        (tmp_path / "g.2bit").write_bytes(content)
        with pytest.raises(AnnotationError, match=said):
            read_fasta(tmp_path / "g.2bit")
    (tmp_path / "g.2bit").write_bytes(whole[:4] + struct.pack("<I", 7) + whole[8:])
    with pytest.raises(AnnotationError, match="version 7"):
        read_fasta(tmp_path / "g.2bit")
    double = two_bit({"a": "ACGT", "b": "ACGT"}).replace(b"\x01b", b"\x01a")
    (tmp_path / "g.2bit").write_bytes(double)
    with pytest.raises(AnnotationError, match="a stands twice"):
        read_fasta(tmp_path / "g.2bit")
