"""The local track tensor: its windows by hand, the turn of minus genes, and what is read out of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.features.local_tracks import coordination, local_tracks
from groprog_assets.methods.features.tss_profile import around_starts
from groprog_assets.study.parameters import TssProfileParameters
from groprog_assets.study.schema import Mark
from tests.methods.nascent import CONTRAST, genes, libraries, positions

GENES = genes([("A", "chr1", 10_000, 30_000, "+"), ("B", "chr1", 50_000, 60_000, "-")])
SPAN = TssProfileParameters(upstream=1000, downstream=2000)
LOCI = pd.DataFrame(
    {
        "locus": "L",
        "condition": ["mock", "oe", "oe", "H3K4me3"],
        "strand": ["+", "+", "-", "."],
        "start": [100, 100, 190, 100],
        "end": [110, 110, 200, 200],
        "signal": [1.0, 4.0, 2.0, 9.0],
    }
)


def mark(folder: Path, name: str, intervals: list[tuple[int, int, float]]) -> Mark:
    path = folder / f"{name}.bw"
    with pyBigWig.open(str(path), "w") as track:
        track.addHeader([("chr1", 100_000)])
        starts, ends, values = zip(*intervals)
        track.addEntries(["chr1"] * len(starts), list(starts), ends=list(ends), values=list(values))
    return Mark(name=name, bigwig=path, cell_type="c", build="b", source="s")


def build(marks: list[Mark], windows: int = 6):
    minus = int(GENES["tss"].iloc[1])
    reads = {
        "mock_1": positions([("chr1", "+", 10_010, 3), ("chr1", "-", 9_700, 1)]),
        "oe_1": positions([("chr1", "+", 11_000, 2), ("chr1", "-", minus - 600, 6)]),
    }
    maps = around_starts(reads, libraries(), GENES, SPAN).heat_maps
    return local_tracks(maps, GENES, LOCI, CONTRAST, marks, windows)


def test_reads_stand_in_their_channel_and_window_and_minus_genes_are_turned(tmp_path: Path):
    found = build([mark(tmp_path, "m", [(9_000, 10_000, 2.0), (10_000, 12_000, 5.0)])])
    assert found["offset"].tolist() == [-1000, -500, 0, 500, 1000, 1500, 2000]
    assert found["gene"].tolist() == ["A", "B"]
    rate = 1e6 / 0.5  # of a read per million of one, in a window of half a kilobase
    expected = np.zeros((2, 4, 6))
    expected[0, 0, 2] = 3 / 4 * rate
    expected[0, 1, 1] = 1 / 4 * rate
    expected[0, 2, 4] = 2 / 8 * rate
    expected[1, 2, 3] = 6 / 8 * rate
    np.testing.assert_allclose(found["values"], expected, rtol=1e-6)
    np.testing.assert_allclose(found["marks"][0, 0], [2, 2, 5, 5, 5, 5])
    np.testing.assert_allclose(found["marks"][1, 0], 0)
    assert (found["locus"].tolist(), found["locus_channel"].tolist()[2]) == (["L"], "treatment_plus")
    assert found["locus_values"][0].tolist() == [[1, 0, 0, 0, 0, 0], [0] * 6, [4, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 2]]


def test_a_track_that_cannot_be_read_is_named(tmp_path: Path):
    path = tmp_path / "broken.bw"
    path.write_bytes(b"no bigWig")
    with pytest.raises(ReadsError, match=r"broken\.bw"):
        build([Mark(name="m", bigwig=path, cell_type="c", build="b", source="s")])


def test_coordination_is_the_correlation_along_the_windows():
    shape = np.array([0.0, 1.0, 4.0, 2.0, 0.0])
    values = np.zeros((4, 2, 5))
    values[0, 0], values[0, 1] = shape / 2, shape / 2
    values[1, 0], values[3, 0] = shape, shape
    marks = np.stack([np.tile(shape * 3, (4, 1)), np.tile(shape.max() - shape, (4, 1))], axis=1)
    marks[1, 1] = np.nan
    marks[3] = np.nan
    found = coordination(values, marks)
    up, down = (np.corrcoef(np.log1p(shape), np.log1p(other))[0, 1] for other in (shape * 3, shape.max() - shape))
    assert found[0] == pytest.approx((up + down) / 2)
    assert found[1] == pytest.approx(up)
    assert np.isnan(found[2]), "no reads: flat"
    assert np.isnan(found[3]), "no mark"
    assert np.isnan(coordination(values, np.zeros((4, 0, 5)))).all()
