"""Marks over promoters and bodies."""

from __future__ import annotations

import numpy as np
import pyBigWig
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.features.chromatin_signal import binned_signal, mark_signal, open_track
from groprog_assets.study.parameters import ChromatinParameters
from groprog_assets.study.schema import Mark
from tests.methods.nascent import genes

PARAMETERS = ChromatinParameters(promoter_flank=100)


def mark(path, name="H3K27ac"):
    return Mark(name=name, bigwig=path, cell_type="Huh7", build="hg38", source="simulated")


@pytest.fixture
def track(tmp_path):
    path = tmp_path / "mark.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", 10_000)])
        file.addEntries(["chr1", "chr1"], [950, 1_100], ends=[1_050, 1_600], values=[4.0, 2.0])
    return path


def test_promoter_and_body_on_both_strands(track):
    frame = genes([("A", "chr1", 1_000, 2_000, "+"), ("B", "chr1", 200, 1_000, "-")])
    table = mark_signal([mark(track)], frame, PARAMETERS)
    assert table["promoter_signal"].tolist() == pytest.approx([100 * 4 / 200, 100 * 4 / 200])
    assert table["body_signal"].tolist() == pytest.approx([500 * 2 / 900, 0.0])


def test_minus_body_starts_below_the_promoter(track):
    frame = genes([("B", "chr1", 1_000, 2_000, "-")])
    assert mark_signal([mark(track)], frame, PARAMETERS)["body_signal"].tolist() == pytest.approx(
        [
            (50 * 4 + 500 * 2) / 900,
        ]
    )


def test_absent_chromosomes_and_empty_windows_are_missing(track):
    frame = genes(
        [("A", "chr9", 1_000, 2_000, "+"), ("S", "chr1", 1_000, 1_050, "+"), ("E", "chr1", 9_980, 10_000, "-")]
    )
    table = mark_signal([mark(track)], frame, PARAMETERS)
    assert np.isnan(table["promoter_signal"][0])
    assert np.isnan(table["body_signal"].to_numpy()).all()
    assert table["promoter_signal"][2] == 0.0


def test_no_marks_give_an_empty_table():
    assert mark_signal([], genes([("A", "chr1", 0, 10, "+")]), PARAMETERS).empty


def test_every_unreadable_track_is_named(tmp_path):
    cut = tmp_path / "cut.bw"
    cut.write_bytes(b"not a bigWig")
    with pytest.raises(ReadsError, match=r"cut\.bw[\s\S]*absent\.bw"):
        mark_signal([mark(cut, "a"), mark(tmp_path / "absent.bw", "b")], genes([("A", "chr1", 0, 10, "+")]), PARAMETERS)


def test_bins_average_covered_bases(track):
    with open_track(track) as file:
        assert binned_signal(file, "chr1", np.array([900, 1_000, 1_100, 1_200])).tolist() == [2.0, 2.0, 2.0]
        assert np.isnan(binned_signal(file, "chr9", np.array([0, 10]))).all()
        assert binned_signal(file, "chr1", np.array([9_990, 10_010])).tolist() == [0.0]
