"""bigWig tracks are read in a child process: the same values; a parser that stops means a damaged file."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.reads import bigwig_process, bigwig_track
from groprog_assets.methods.reads.bigwig_track import bigwig_lengths, open_track


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "a.bw"
    with pyBigWig.open(str(found), "w") as file:
        file.addHeader([(f"chr{k}", 1_000 + k) for k in range(600)])  # more names than one node of the tree holds
        file.addEntries(["chr1", "chr1"], [10, 40], ends=[20, 41], values=[1.5, -2.0])
    return found


def test_lengths_are_those_of_libbigwig(path: Path) -> None:
    with pyBigWig.open(str(path)) as file:
        assert bigwig_lengths(path) == dict(file.chroms())


def test_the_child_gives_what_the_library_gives(path: Path) -> None:
    asked = {"chrom": ["chr1", "chr2"], "start": [0, 0], "end": [40, 10]}
    with pyBigWig.open(str(path)) as file, open_track(path) as track:
        assert track.means(*asked.values()).tolist() == [10 * 1.5 / 40, 0.0]
        assert (
            track.means(*asked.values()).tolist() == bigwig_process.answer(file, {"do": "means", **asked})[0].tolist()
        )
        assert [column.tolist() for column in track.intervals("chr1", 15, 41)] == [[10, 40], [20, 41], [1.5, -2.0]]
        assert [len(column) for column in track.intervals("chr2", 0, 100)] == [0, 0, 0]
        np.testing.assert_array_equal(track.values("chr1", 5, 45), file.values("chr1", 5, 45, numpy=True))


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGABRT)", r"damaged file.*SIGABRT"),
        ("import sys; sys.stdin.readline(); sys.exit(3)", r"damaged file.*status 3"),
        ("import time; time.sleep(60)", "damaged file.*did not end"),
        ('import sys; sys.stdin.readline(); print(\'{"arrays": [["<f8", 9]]}\')', "damaged file"),
    ],
)
def test_a_parser_that_stops_is_a_damaged_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    monkeypatch.setattr(bigwig_track, "command", lambda *words: [sys.executable, "-c", program])
    monkeypatch.setattr(bigwig_track, "PATIENCE", 2.0)
    with pytest.raises(ReadsError, match=words), open_track(path) as track:
        track.values("chr1", 0, 10)


def test_a_tree_that_leads_out_of_the_file_or_into_itself_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    root = int.from_bytes(whole[8:16], "little")
    for at, value in ((8, 2**60), (root + 16, 7), (root + 4, 0), (root + 32 + 4 + 4, root + 32)):
        path.write_bytes(whole[:at] + value.to_bytes(8, "little") + whole[at + 8 :])
        with pytest.raises(ReadsError):
            bigwig_lengths(path)
