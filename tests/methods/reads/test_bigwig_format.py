"""The bigWig writer, read back by libBigWig: bases, zoom levels, many chromosomes, nothing at all."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.methods.reads.bigwig import write_bigwigs
from groprog_assets.methods.reads.bigwig_format import REDUCTIONS, SECTION, write_points
from groprog_assets.store.stored_sequences import StoredSequences
from tests.store.test_table_files import in_groups, peak, positions


def points(size: int, number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    position = np.sort(generator.choice(size, number, replace=False)).astype(np.int32)
    return position, generator.integers(1, 9, number).astype(np.int32)


def read(path: Path, chrom: str, size: int) -> tuple[list[int], list[float]]:
    with pyBigWig.open(str(path)) as file:
        rows = file.intervals(chrom, 0, size) or ()
    assert all(end == start + 1 for start, end, _ in rows)
    return [row[0] for row in rows], [row[2] for row in rows]


@given(st.integers(1, 5000), st.integers(0, 10_000), st.floats(-3, 3).filter(lambda x: abs(x) > 0.01))
@settings(deadline=None, max_examples=25)
def test_every_base_comes_back(tmp_path_factory, number, seed, scale):
    path = tmp_path_factory.mktemp("bw") / "a.bw"
    held = {"chr2": points(9_000_000, number, seed)}
    write_points({path: scale}, {"chr1": 500, "chr2": 9_000_000}, held)
    start, value = read(path, "chr2", 9_000_000)
    assert start == held["chr2"][0].tolist()
    assert value == (held["chr2"][1] * scale).astype(np.float32).tolist()
    assert read(path, "chr1", 500) == ([], [])


def test_zoom_levels_and_header_say_what_the_bases_say(tmp_path):
    size = 40 * REDUCTIONS[3]
    position, value = points(size, 8 * SECTION + 5, 1)
    write_points({tmp_path / "a.bw": -2.0}, {"chr1": size}, {"chr1": (position, value)})
    dense = np.zeros(size)
    dense[position] = value * -2.0
    with pyBigWig.open(str(tmp_path / "a.bw")) as file:
        head = file.header()
        assert head["nLevels"] == len(REDUCTIONS)
        assert (head["nBasesCovered"], head["minVal"], head["maxVal"]) == (len(position), -16, -2)
        assert head["sumData"] == pytest.approx(dense.sum())
        for kind in (
            "mean",
            "max",
            "min",
            "coverage",
            "std",
        ):  # not "sum", which libBigWig itself mistakes when zoomed out
            zoomed, exact = (file.stats("chr1", 0, size, type=kind, nBins=40, exact=flag) for flag in (False, True))
            assert zoomed == pytest.approx(exact, rel=1e-5), kind


@pytest.mark.parametrize("number", [1, 256, 257, 70_000])
def test_names_of_any_number_are_found(tmp_path, number):
    sizes = {f"contig_{k}": 100 + k for k in range(number)}
    chosen = list(sizes)[:: max(number // 300, 1)]
    held = {name: (np.array([k % 100], np.int32), np.array([k + 1], np.int32)) for k, name in enumerate(chosen)}
    write_points({tmp_path / "a.bw": 1.0}, sizes, held)
    with pyBigWig.open(str(tmp_path / "a.bw")) as file:
        assert file.chroms() == sizes
        for k, name in enumerate(chosen):
            assert file.intervals(name) == ((k % 100, k % 100 + 1, k + 1.0),)
        assert all(file.intervals(name) is None for name in list(sizes)[1:200] if name not in held)


def test_a_file_without_values_is_one(tmp_path):
    write_points({tmp_path / "a.bw": 1.0}, {"chr1": 100}, {})
    with pyBigWig.open(str(tmp_path / "a.bw")) as file:
        assert file.chroms() == {"chr1": 100}
        assert file.intervals("chr1") is None
        assert file.header()["nBasesCovered"] == 0


def test_summaries_take_a_part_of_the_bytes_of_the_bases(tmp_path):
    """A base in 380 has a read, as in a library of 20 million: summaries of 1,024 bp took more bytes than the bases."""
    size = 1 << 26
    write_points({tmp_path / "a.bw": 1.0}, {"chr1": size}, {"chr1": points(size, size // 380, 3)})
    whole = (tmp_path / "a.bw").read_bytes()
    bases, index = struct.unpack_from("<QQ", whole, 16)
    assert len(whole) - index < (index - bases) / 1.5


def test_a_stored_table_is_written_a_sequence_at_a_time_in_the_bytes_of_the_whole(tmp_path):
    names = {f"chr{number}": 1 << 30 for number in range(21)}
    table = positions(1_000_000, chroms=20)
    file = in_groups(table, tmp_path / "table", 1 << 14)
    size = int(table.memory_usage().sum())
    whole = [path.read_bytes() for path in write_bigwigs(table, names, tmp_path / "whole", {"": 0.5})]
    del table

    def write() -> None:
        write_bigwigs(StoredSequences(file, "written", "positions"), names, tmp_path / "parts", {"": 0.5})

    assert peak(write) < size / 2
    assert [(tmp_path / f"parts_{strand}.bw").read_bytes() for strand in ("plus", "minus")] == whole


class _Counted(dict):
    """Points that count how often each chromosome is asked for."""

    def __init__(self, held: dict):
        super().__init__(held)
        self.asked: list[str] = []

    def get(self, key, default=None):
        self.asked.append(key)
        return super().get(key, default)


def test_files_of_several_factors_are_those_of_each_alone_and_bases_are_asked_for_once(tmp_path):
    size = 40 * REDUCTIONS[1]
    held = {name: points(size, 3 * SECTION, seed) for seed, name in enumerate(("chr1", "chr3"))}
    sizes = dict.fromkeys(("chr1", "chr2", "chr3"), size)
    factors = {tmp_path / f"{k}.bw": factor for k, factor in enumerate((-1.0, -0.05003730280924429, 0.0, 1.0))}
    counted = _Counted(held)
    write_points(factors, sizes, counted)
    assert counted.asked == ["chr1", "chr2", "chr3"]
    for path, factor in factors.items():
        write_points({tmp_path / "alone.bw": factor}, sizes, held)
        assert path.read_bytes() == (tmp_path / "alone.bw").read_bytes()
        _, count = held["chr1"]
        stored = (count * factor).astype(np.float32)
        with pyBigWig.open(str(path)) as file:
            assert file.stats("chr1", 0, size, type="min") == [stored.min()]
            assert file.stats("chr1", 0, size, type="max") == [stored.max()]
