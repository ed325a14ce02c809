"""bedGraph pairs as a library: the same reads as the bigWig pair, and what is no bedGraph."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.errors import ReadsError
from groprog_assets.methods.reads import bedgraph
from groprog_assets.methods.reads.bigwig import read_bigwig_pair, track_format, track_lengths, write_bigwigs
from tests.methods.nascent import CHROM_SIZES, positions


def written(folder: Path, table: pd.DataFrame, sign: int = 1) -> list[Path]:
    """The pair as `bedtools genomecov -bg` writes it, neighbours of equal value in one interval."""
    paths = []
    for strand, name in (("+", "plus"), ("-", "minus")):
        path = folder / f"x.{name}.bedGraph"
        lines: list[list] = []
        row: Any
        for row in table[table["strand"] == strand].itertuples():
            value = row.count * (sign if strand == "-" else 1)
            if lines and lines[-1][0] == row.chrom and lines[-1][2] == row.position and lines[-1][3] == value:
                lines[-1][2] += 1
            else:
                lines.append([row.chrom, row.position, row.position + 1, value])
        path.write_text("".join("\t".join(map(str, line)) + "\n" for line in lines))
        paths.append(path)
    return paths


reads = st.dictionaries(
    st.tuples(st.sampled_from(["chr1", "chr2"]), st.sampled_from("+-"), st.integers(0, 300)),
    st.integers(1, 4),
    min_size=1,
    max_size=60,
)


@settings(deadline=None, max_examples=30)
@given(reads, st.sampled_from([1, -1]), st.sampled_from([2, 1 << 19]))
def test_the_same_positions_as_of_the_bigwig_pair(tmp_path_factory, held, sign, block):
    folder = tmp_path_factory.mktemp("tracks")
    table = positions([(*key, count) for key, count in sorted(held.items())])
    if set(table["strand"]) != {"+", "-"}:
        return
    plus, minus = written(folder, table, sign)
    whole, bedgraph.BLOCK = bedgraph.BLOCK, block
    try:
        found, ignored = read_bigwig_pair(plus, minus, CHROM_SIZES)
    finally:
        bedgraph.BLOCK = whole
    plus, minus = write_bigwigs(table, CHROM_SIZES, folder / "y")
    known, _ = read_bigwig_pair(plus, minus, CHROM_SIZES)
    pd.testing.assert_frame_equal(found, known)
    assert ignored == []


def test_gzip_headers_blanks_and_other_contigs(tmp_path: Path):
    text = "track type=bedGraph name=x\n# bedtools\nchr1 5 7 2\nchr1 9 10 1.0\nscaffold 1 4 1\n"
    plus, minus = tmp_path / "p.bedGraph.gz", tmp_path / "m.bedGraph"
    plus.write_bytes(gzip.compress(text.encode()))
    minus.write_text("chr1\t8\t9\t-3\n")
    table, ignored = read_bigwig_pair(plus, minus, CHROM_SIZES)
    assert table[["strand", "position", "count"]].values.tolist() == [
        ["+", 5, 2],
        ["+", 6, 2],
        ["+", 9, 1],
        ["-", 8, 3],
    ]
    assert ignored == ["scaffold"]
    assert track_format(plus) == track_format(minus) == "bedgraph"
    assert track_lengths(plus, CHROM_SIZES) == {"chr1": CHROM_SIZES["chr1"], "scaffold": 4}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chr1\t1\t2\t1\nchr1\t5\tsix\t1\n", "line 2: chr1\t5\tsix"),
        ("chr1\t1\t2\t1\nchr1\t5\t6\n", "line 2: chr1\t5\t6"),
        ("chr1\t1\t2\t1\t+\n", "line 1"),
        ("chr1\t1\t2\tx\n", "line 1"),
        ("chr1\t9\t9\t1\n", "chr1:9-9"),
        ("chr1\t99999\t100001\t1\n", "chr1:99,999-100,001"),
        ("chr1\t5\t9\t1\nchr1\t8\t10\t1\n", "two intervals hold base 8"),
        ("chr1\t5\t6\t.37\n", "normalised"),
        ("chr1\t5\t6\t1\nchr1\t7\t8\t-1\n", "both signs"),
        ("chr1\t5\t6\tinf\n", "value inf"),
        ("chr1\t5\t6\t1e300\n", "value 1e+300"),
        ("seven\t5\t6\t1\n", "no contig is among"),
        ("a sentence\n", "bigWig"),
    ],
)
def test_what_is_no_track_of_one_strand_is_refused(tmp_path: Path, text: str, said: str):
    plus, minus = tmp_path / "p.bedGraph", tmp_path / "m.bedGraph"
    plus.write_text(text)
    minus.write_text("chr1\t8\t9\t3\n")
    with pytest.raises(ReadsError) as error:
        read_bigwig_pair(plus, minus, CHROM_SIZES)
    assert said in str(error.value)


@pytest.mark.parametrize("place", range(12, 60, 6))
def test_a_gzip_file_with_an_altered_byte_is_refused(tmp_path: Path, place: int):
    path = tmp_path / "p.bedGraph.gz"
    whole = bytearray(gzip.compress("".join(f"chr1\t{base}\t{base + 1}\t1\n" for base in range(0, 9_000, 2)).encode()))
    whole[place] ^= 0xFF
    path.write_bytes(bytes(whole))
    with pytest.raises(ReadsError):
        bedgraph.read_bedgraph(path, CHROM_SIZES)


def test_a_gzip_file_that_is_cut_off_is_refused(tmp_path: Path):
    path = tmp_path / "p.bedGraph.gz"
    whole = gzip.compress("".join(f"chr1\t{base}\t{base + 1}\t1\n" for base in range(0, 9_000, 2)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadsError, match="bedGraph"):
        bedgraph.read_bedgraph(path, CHROM_SIZES)


def test_coverage_of_reads_is_refused_before_it_is_held_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """nf-core/nascent's own bedGraph: `genomecov -bg`, a read at each of its bases."""
    monkeypatch.setattr(bedgraph, "JUDGED_BASES", 1_000)
    monkeypatch.setattr(bedgraph, "BLOCK", 100)
    path, rng = tmp_path / "p.bedGraph", np.random.default_rng(0)
    starts = np.sort(rng.choice(90_000 // 50, 1_000, replace=False)) * 50
    path.write_text("".join(f"chr1\t{at}\t{at + 36}\t1\n" for at in starts) + "chr1\tnot\tread\tany\tmore\n")
    with pytest.raises(ReadsError, match="coverage of whole reads"):
        bedgraph.read_bedgraph(path, CHROM_SIZES)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"chr1\t10\t11\t1\nchr1\t12\t13\tnan\n", "line 2: chr1"),
        (gzip.compress(b"chr1\t10\t11\t1\n" * 5000, mtime=0)[:60], "was it cut short"),
    ],
)
def test_a_value_that_is_no_number_and_a_cut_gzip_are_said_in_words(tmp_path: Path, content: bytes, told: str):
    path = tmp_path / "a.bedGraph.gz"
    path.write_bytes(content)
    with pytest.raises(ReadsError, match=told):
        bedgraph.read_bedgraph(path, CHROM_SIZES)
