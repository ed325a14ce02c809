"""Tracks of read ends are told from coverage, bins and scaled tracks; the remedies lead to the reads."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.reads.bigwig import read_bigwig_pair
from groprog_assets.methods.reads.bigwig_track import bigwig_lengths
from groprog_assets.methods.reads.point_tracks import grid

SIZES = {"chr1": 100_000, "chr2": 30_000}
ENDS = {"chr1": np.sort(np.random.default_rng(0).choice(99_000, 500)), "chr2": np.array([], int)}


def write(path: Path, values: dict[str, np.ndarray], sign: float = 1.0) -> Path:
    """A bigWig of values a base (n,), equal neighbours in one interval, zeros left out."""
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(SIZES.items()))
        for chrom, value in values.items():
            edges = np.concatenate([[0], np.flatnonzero(np.diff(value)) + 1, [len(value)]])
            start, end = edges[:-1], edges[1:]
            kept = value[start] != 0
            if kept.any():
                held = (sign * value[start][kept]).astype(float).tolist()
                file.addEntries([chrom] * int(kept.sum()), start[kept].tolist(), ends=end[kept].tolist(), values=held)
    return path


def points(scale: float = 1.0) -> dict[str, np.ndarray]:
    return {chrom: scale * np.bincount(ENDS[chrom], minlength=size) for chrom, size in SIZES.items()}


def coverage(length: int, ends: dict[str, np.ndarray] = ENDS) -> dict[str, np.ndarray]:
    whole = {chrom: np.zeros(size) for chrom, size in SIZES.items()}
    for chrom, positions in ends.items():
        for position in positions:
            whole[chrom][position : position + length] += 1
    return whole


def binned(width: int, single: bool = False) -> dict[str, np.ndarray]:
    """Sums of windows, at every base of the window or at its first alone."""
    found = {}
    for chrom, value in points().items():
        sums = value.reshape(-1, width).sum(axis=1)
        found[chrom] = np.repeat(sums, width)
        if single:
            found[chrom][np.arange(len(value)) % width != 0] = 0
    return found


def off_the_grid(values: dict[str, np.ndarray], moved: int) -> dict[str, np.ndarray]:
    """The last value of a track, moved by some bases, as a shortened bin at the end of a chromosome is."""
    last = np.flatnonzero(values["chr1"])[-1]
    values["chr1"][[last, last + moved]] = values["chr1"][[last + moved, last]]
    return values


def pair(folder: Path, values: dict[str, np.ndarray]) -> tuple[Path, Path]:
    return write(folder / "plus.bw", values), write(folder / "minus.bw", values, -1.0)


def test_read_ends_pass(tmp_path):
    table, ignored = read_bigwig_pair(*pair(tmp_path, points()), SIZES)
    assert (table["count"].sum(), ignored) == (1_000, [])


def test_dense_read_ends_pass(tmp_path):
    """Two in three bases occupied, mostly by one read: long runs of equal neighbours."""
    rng = np.random.default_rng(1)
    dense = {chrom: rng.poisson(1.1, size).clip(max=2) for chrom, size in SIZES.items()}
    assert len(read_bigwig_pair(*pair(tmp_path, dense), SIZES)[0]) > 100_000


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (coverage(40), r"0\.0% are one base wide; half are 4\d bp or wider.*coverage of whole reads"),
        (coverage(15), "one base wide"),
        (coverage(2), "one base wide"),
        (coverage(40, {"chr1": np.random.default_rng(2).choice(99_000, 60_000)}), "of 1 stretches|of [12] stretch"),
        (binned(25), "bins"),
        (binned(10, single=True), "multiple of 10 bp apart"),
        (off_the_grid(binned(10, single=True), 3), r"99\.\d% of neighbouring positions are a multiple of 10 bp apart"),
        (points(10), "multiple of 10.*multiplied"),
        (
            {chrom: np.rint(value) for chrom, value in points(3.7).items()},
            "no base has the value 1,.*multiplied and rounded",
        ),
        ({chrom: np.rint(value) for chrom, value in points(1.5).items()}, "no base has the value 1,"),
        (points(0.0321), "value 0.0321.*normalised.*multiples of 0.0321"),
        ({chrom: np.convolve(v, [0.25, 0.5, 0.25], "same") for chrom, v in points().items()}, "value 0.25"),
    ],
    ids=[
        "reads",
        "short",
        "two bases",
        "deep",
        "bins",
        "bins at a base",
        "a bin off the grid",
        "times ten",
        "rounded",
        "rounded low",
        "per million",
        "smoothed",
    ],
)
def test_what_is_no_read_end_is_refused(tmp_path, values, words):
    with pytest.raises(ReadsError, match=words) as caught:
        read_bigwig_pair(*pair(tmp_path, values), SIZES)
    assert len(caught.value.problems) == (1 if "deep" in words else 2)
    assert all("lignments" in problem.remedy for problem in caught.value.problems)


@pytest.mark.parametrize(("scale", "absent"), [(1.2, 3), (1.4, 2), (1.7, 1)])
def test_a_track_multiplied_by_little_and_rounded_lacks_a_number(tmp_path, scale, absent):
    rng = np.random.default_rng(3)
    dense = {chrom: rng.geometric(0.3, size) * (rng.random(size) < 0.1) for chrom, size in SIZES.items()}
    assert len(read_bigwig_pair(*pair(tmp_path, dense), SIZES)[0])
    scaled = {chrom: np.rint(value * scale) for chrom, value in dense.items()}
    with pytest.raises(ReadsError, match=f"no base has the value {absent},"):
        read_bigwig_pair(*pair(tmp_path, scaled), SIZES)


def test_signs(tmp_path):
    plus, minus = pair(tmp_path, points())
    with pytest.raises(ReadsError, match=r"negative values.*Exchange bigwig_plus and bigwig_minus"):
        read_bigwig_pair(minus, plus, SIZES)
    both = {"chr1": points()["chr1"] * np.where(np.arange(SIZES["chr1"]) % 2, 1, -1)}
    with pytest.raises(ReadsError, match=r"values of both signs.*split it by the sign"):
        read_bigwig_pair(plus, write(tmp_path / "both.bw", both), SIZES)
    positive = write(tmp_path / "positive.bw", points())
    assert read_bigwig_pair(plus, positive, SIZES)[0].equals(read_bigwig_pair(plus, minus, SIZES)[0])


@pytest.mark.parametrize("scale", [0.0321, 1 / 7, 1e-3, 10])
def test_dividing_by_the_unit_gives_the_reads(tmp_path, scale):
    scaled = pair(tmp_path, points(scale))
    with pytest.raises(ReadsError) as caught:
        read_bigwig_pair(*scaled, SIZES)
    words = caught.value.problems[0].remedy.replace(",", "").replace(":", " ").split()
    unit = float(words[words.index("by") + 1].rstrip(".")) if scale > 1 else float(words[words.index("multiples") + 2])
    values = {}
    for chrom, size in SIZES.items():
        with pyBigWig.open(str(scaled[0])) as file:
            values[chrom] = np.rint(np.nan_to_num(file.values(chrom, 0, size)) / unit)
    table, _ = read_bigwig_pair(*pair(tmp_path, values), SIZES)
    assert table["count"].sum() == 1_000


@pytest.mark.skipif(shutil.which("bedtools") is None, reason="bedtools is not installed")
def test_bedtools_makes_the_tracks_that_the_remedy_names(tmp_path):
    sam = ["@HD\tVN:1.6\tSO:coordinate", *(f"@SQ\tSN:{chrom}\tLN:{size}" for chrom, size in SIZES.items())]
    sam += [f"r{k}\t0\tchr1\t{p + 1}\t42\t40M\t*\t0\t0\t*\t*" for k, p in enumerate(ENDS["chr1"])]
    (tmp_path / "reads.sam").write_text("\n".join(sam) + "\n")
    import pysam

    pysam.view("-b", "-o", str(tmp_path / "reads.bam"), str(tmp_path / "reads.sam"), catch_stdout=False)
    tracks = []
    for name, strand in (("plus", "+"), ("minus", "-")):
        command = ["bedtools", "genomecov", "-bg", "-5", "-strand", strand, "-ibam", str(tmp_path / "reads.bam")]
        values = {chrom: np.zeros(size) for chrom, size in SIZES.items()}
        for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
            chrom, start, end, value = line.split()
            values[chrom][int(start) : int(end)] = float(value)
        tracks.append(write(tmp_path / f"{name}.bw", values))
    assert read_bigwig_pair(*tracks, SIZES)[0]["count"].sum() == 500


def test_real_tracks_of_read_ends_pass(shared):
    folder = shared / "data" / "pombe"
    for plus in sorted(folder.glob("*_plus.bw"))[:2]:
        minus = plus.with_name(plus.name.replace("_plus", "_minus"))
        table, _ = read_bigwig_pair(plus, minus, bigwig_lengths(plus), 300_000)
        assert len(table) >= 600_000


def test_distances_are_taken_evenly_over_all_sequences():
    """Of more than 200,000 distances each second is looked at, of a sequence from where the one before left off."""
    alternating = np.cumsum([0] + [7, 10] * 150_000)
    assert grid([np.array([0, 10]), alternating]) == (10, 1.0)
    assert grid([np.array([0, 7, 17]), alternating]) == (7, 1.0)
