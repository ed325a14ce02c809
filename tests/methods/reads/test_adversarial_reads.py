"""Bad files of every format: each altered or cut file is refused, or gives exactly what the whole file gives."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pysam
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.reads import bigwig, read_quality
from groprog_assets.methods.reads.filtered_alignments import filter_alignments
from groprog_assets.methods.reads.positions import position_table
from groprog_assets.study.parameters import FilteringParameters
from groprog_assets.study.schema import Genome, Library
from groprog_assets.tables import conform
from tests import alignment_files as files

MASKS = pd.DataFrame({"chrom": [], "start": [], "end": [], "reason": []})
GENES = conform(
    pd.DataFrame({"chrom": ["chr1"], "start": [0], "end": [300], "strand": ["+"], "transcript": ["a"], "gene": ["A"]}),
    "gene_models",
)
FEW = FilteringParameters(strandedness_minimum_reads=5)


def genome(tmp_path, fasta=None):
    return Genome(name="toy", chrom_sizes=tmp_path / "sizes", annotation=tmp_path / "genes", fasta=fasta)


def run(path, tmp_path, chroms=files.CHROMS, **others):
    library = Library(id="L1", condition="m", alignments=path, **others)
    return filter_alignments(path, library, chroms, MASKS, GENES, FEW, genome(tmp_path))


def rows(n=600, seed=1, length=True):
    rng = np.random.default_rng(seed)
    return [
        files.row(int(c), int(p), int(f), length=length)
        for c, p, f in zip(rng.integers(0, 2, n), rng.integers(0, 110, n), rng.choice([0, 16], n), strict=True)
    ]


def altered(whole: bytes, seed=0, flips=40, cuts=12):
    """Copies of `whole` with one bit turned, and with the end missing."""
    rng = np.random.default_rng(seed)
    for at, bit in zip(rng.integers(0, len(whole), flips).tolist(), rng.integers(0, 8, flips).tolist(), strict=True):
        data = bytearray(whole)
        data[at] ^= 1 << bit
        yield f"bit {bit} of byte {at:,}", bytes(data)
    for size in np.unique(rng.integers(1, len(whole), cuts)).tolist():
        yield f"first {size:,} bytes", whole[:size]


@pytest.mark.parametrize("ending", ["bam", "cram"])
def test_altered_alignments_are_refused_or_say_the_same(tmp_path, ending):
    path = files.write(tmp_path / f"a.{ending}", rows())
    expected = run(path, tmp_path).positions
    refused, silent = 0, []
    for what, data in altered(path.read_bytes(), flips=40 if ending == "bam" else 8, cuts=12 if ending == "bam" else 4):
        bad = tmp_path / f"bad.{ending}"
        bad.write_bytes(data)
        try:
            found = run(bad, tmp_path).positions
        except ReadsError:
            refused += 1
            continue
        if not found.equals(expected):
            silent.append(what)
    assert not silent
    assert refused > 6


def test_altered_fastq_is_refused_or_says_the_same(tmp_path):
    text = b"".join(b"@r%d\n%s\n+\n%s\n" % (i, b"ACGT" * 9, bytes([40 + i % 30]) * 36) for i in range(500))
    path = tmp_path / "a.fastq.gz"
    path.write_bytes(gzip.compress(text, mtime=0))
    library = Library(id="L1", condition="m", reads=[path])
    expected = read_quality.per_cycle_quality(library)
    refused = 0
    for what, data in altered(path.read_bytes()):
        path.write_bytes(data)
        try:
            assert read_quality.per_cycle_quality(library).equals(expected), what
        except ReadsError:
            refused += 1
    assert refused > 30


def test_altered_bigwigs_never_end_the_program(tmp_path):
    """The format has no checksum of its own: what is cut or cannot be inflated is refused."""
    positions = position_table(*(np.arange(50) * n for n in (0, 0, 3)), np.arange(1, 51), {"chr1": 300})
    plus, minus = bigwig.write_bigwigs(positions, {"chr1": 300}, tmp_path / "a")
    whole = plus.read_bytes()
    for size in (3, 60, 300, len(whole) // 2, len(whole) - 1):
        plus.write_bytes(whole[:size])
        with pytest.raises(ReadsError):
            bigwig.read_bigwig_pair(plus, minus, {"chr1": 300})
    block = whole.index(b"\x78\x01")
    plus.write_bytes(whole[: block + 4] + b"\xff\xff\xff" + whole[block + 7 :])
    with pytest.raises(ReadsError):
        bigwig.read_bigwig_pair(plus, minus, {"chr1": 300})


def test_reads_of_many_lengths(tmp_path):
    many = [files.row(0, 20, 0, [(0, n)], length=True) for n in (1, 7, 36, 100)] + [
        files.row(0, 20, 16, [(0, 5), (4, 31)])
    ]
    done = run(files.write(tmp_path / "a.bam", many), tmp_path)
    assert done.positions[["strand", "position", "count"]].values.tolist() == [["+", 20, 4], ["-", 24, 1]]
    assert (done.summary["shortest_read"], done.summary["longest_read"]) == (1, 100)
    table = read_quality.per_cycle_quality(Library(id="L", condition="m", alignments=tmp_path / "a.bam"))
    assert table["reads"].tolist()[::7] == [4, *[3 - (c >= 7) - (c >= 36) for c in range(7, 100, 7)]]


@pytest.mark.parametrize(
    ("chroms", "words"), [({"1": 300, "2": 120}, "differ only by 'chr'"), ({"Z": 300}, "one assembly")]
)
def test_names_of_another_world(tmp_path, chroms, words):
    path = files.write(tmp_path / "a.bam", rows(20))
    with pytest.raises(ReadsError) as caught:
        run(path, tmp_path, chroms)
    assert words in caught.value.problems[0].remedy
    one = position_table(*(np.zeros(1, int),) * 3, np.ones(1, int), {"chr1": 300})
    track, _ = bigwig.write_bigwigs(one, {"chr1": 300}, tmp_path / "a")
    with pytest.raises(ReadsError) as caught:
        bigwig.read_bigwig_pair(track, track, chroms)
    assert words in caught.value.problems[0].remedy


@pytest.mark.parametrize("flag", [0, 16])
def test_a_library_with_one_strand_empty_is_kept_and_turned(tmp_path, flag):
    path = files.write(tmp_path / "a.bam", [files.row(0, p, flag) for p in range(40, 60)])
    done = run(path, tmp_path)
    assert (done.summary["plus_reads"], done.summary["minus_reads"]) == (20, 0)
    assert done.summary["strandedness"]["applied"] == ("reverse" if flag else "forward")
    for track in bigwig.write_bigwigs(done.positions, files.CHROMS, tmp_path / "out"):
        assert track.stat().st_size > 0


def test_qualities_of_a_cram_need_its_genome(tmp_path, monkeypatch):
    monkeypatch.setenv("REF_PATH", str(tmp_path / "nowhere"))
    monkeypatch.setenv("REF_CACHE", str(tmp_path / "nowhere"))
    fasta = tmp_path / "genome.fa"
    fasta.write_text("".join(f">{name}\n{('ACGTTGCA' * length)[:length]}\n" for name, length in files.CONTIGS.items()))
    pysam.faidx(str(fasta))
    path = files.write(tmp_path / "a.cram", rows(100), reference=fasta)
    library = Library(id="L", condition="m", alignments=path)
    moved = fasta.rename(tmp_path / "moved.fa")
    pysam.faidx(str(moved))
    with pytest.raises(ReadsError, match=r"genome\.fasta"):
        read_quality.per_cycle_quality(library)
    table = read_quality.per_cycle_quality(library, genome(tmp_path, moved))
    assert table["reads"].tolist() == [100] * 10
