"""The dominant start site of each gene, its placements and masks."""

from __future__ import annotations

from collections import UserDict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.annotation.genes import dominant_tss
from groprog_assets.study.parameters import AnnotationParameters

COLUMNS = ["chrom", "start", "end", "strand", "transcript", "gene"]


def models(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def consensus(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["chrom", "start", "end", "strand", "gene"]).assign(kind="isoforms")


def positions(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["chrom", "strand", "position", "count"])
    return frame.astype({"chrom": "category", "strand": "category", "position": "int32", "count": "int32"})


NO_MASKS = pd.DataFrame({"chrom": [], "start": [], "end": [], "reason": []}).astype({"start": "int64", "end": "int64"})

MODELS = models(
    [
        ("chr1", 1000, 9000, "+", "long", "A"),
        ("chr1", 1000, 5000, "+", "short", "A"),
        ("chr1", 3000, 9000, "+", "inner", "A"),
        ("chr1", 20_000, 29_000, "-", "wide", "B"),
        ("chr1", 20_000, 25_000, "-", "narrow", "B"),
    ]
)
CONSENSUS = consensus([("chr1", 1000, 9000, "+", "A"), ("chr1", 20_000, 25_000, "-", "B")])


def genes_with(rows: list[tuple], masks: pd.DataFrame = NO_MASKS, models: pd.DataFrame = MODELS) -> pd.DataFrame:
    libraries = {"x": positions(rows[::2]), "y": positions(rows[1::2])}
    return dominant_tss(models, CONSENSUS, libraries, masks, AnnotationParameters()).set_index("gene")


def test_signal_chooses_the_start() -> None:
    genes = genes_with(
        [
            ("chr1", "+", 3020, 5),
            ("chr1", "+", 1010, 2),
            ("chr1", "-", 1010, 90),
            ("chr1", "-", 24_980, 3),
            ("chr1", "-", 24_000, 50),
        ]
    )
    assert genes.loc["A", ["tss", "tts", "transcript", "tss_reads"]].tolist() == [3000, 8999, "inner", 5]
    assert genes.loc["B", ["tss", "tts", "transcript", "tss_reads"]].tolist() == [24_999, 20_000, "narrow", 3]
    assert genes.loc["B", ["start", "end"]].tolist() == [20_000, 25_000]


def test_equal_signal_goes_upstream_and_to_the_longest() -> None:
    genes = genes_with([("chr1", "+", 1049, 4), ("chr1", "+", 3000, 4), ("chr1", "+", 1050, 9), ("chr1", "+", 2949, 9)])
    assert genes["transcript"].tolist() == ["long", "wide"]
    assert genes["tss"].tolist() == [1000, 28_999]
    assert genes["tss_reads"].tolist() == [4, 0]


def test_upstream_goes_before_length() -> None:
    first = models([("chr1", 1000, 2000, "+", "short", "A"), ("chr1", 1500, 9000, "+", "long", "A")])
    genes = genes_with([], models=pd.concat([first, MODELS.iloc[3:]]))
    assert genes.loc["A", ["tss", "tts", "transcript"]].tolist() == [1000, 1999, "short"]


def test_window_edges_are_half_open_downstream_on_both_strands() -> None:
    """[-50, +50) in the direction of transcription."""
    for position, reads in ((28_999 + 50, 1), (28_999 + 51, 0), (28_999 - 49, 1), (28_999 - 50, 0)):
        assert genes_with([("chr1", "-", position, 1)]).loc["B", "tss_reads"] == reads
    for position, reads in ((950, 1), (949, 0), (1049, 1), (1050, 0)):
        assert genes_with([("chr1", "+", position, 1)]).loc["A", "tss_reads"] == reads


def test_placements_and_masks_make_unreliable() -> None:
    copies = pd.concat(
        [MODELS, models([("chr2", 0, 5000, "+", "copy", "A"), ("chr1", 50_000, 51_000, "+", "more", "A")])]
    )
    genes = genes_with([("chr1", "+", 1, 1)], models=copies)
    assert genes["placements"].tolist() == [3, 1]
    assert genes["reliable"].tolist() == [False, True]
    masks = pd.DataFrame(
        [
            ("chr1", 21_000, 23_000, "x"),
            ("chr1", 20_500, 22_000, "y"),
            ("chr2", 0, 90_000, "z"),
            ("chr1", 24_900, 99_000, "x"),
        ],
        columns=["chrom", "start", "end", "reason"],
    )
    genes = genes_with([("chr1", "+", 1, 1)], masks)
    assert genes["masked"].tolist() == [0, pytest.approx(2600 / 5000)]
    assert genes["reliable"].tolist() == [True, False]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(18_000, 27_000), st.integers(1, 4000)), max_size=8))
def test_masked_fraction_counts_each_base_once(intervals: list[tuple[int, int]]) -> None:
    masks = pd.DataFrame([("chr1", a, a + w, "m") for a, w in intervals], columns=["chrom", "start", "end", "reason"])
    masks = masks.astype({"start": "int64", "end": "int64"})
    covered = np.zeros(40_000, dtype=bool)
    for start, width in intervals:
        covered[start : start + width] = True
    assert genes_with([], masks).loc["B", "masked"] == pytest.approx(covered[20_000:25_000].mean())


def test_reads_on_other_chromosomes_are_an_error() -> None:
    with pytest.raises(AnnotationError, match="reads on chr9"):
        genes_with([("chr9", "+", 5, 1)])


def test_no_genes_and_no_reads() -> None:
    empty = dominant_tss(MODELS.iloc[:0], CONSENSUS.iloc[:0], {}, NO_MASKS, AnnotationParameters())
    assert len(empty) == 0


def test_each_library_is_read_once():
    asked: list[str] = []

    class Asked(UserDict):
        def __getitem__(self, name: str) -> pd.DataFrame:
            asked.append(name)
            return super().__getitem__(name)

    libraries = Asked({name: positions([("chr1", "+", 1000, 3)]) for name in ("a", "b")})
    genes = dominant_tss(
        MODELS, consensus([("chr1", 1000, 9000, "+", "A")]), libraries, NO_MASKS, AnnotationParameters()
    )
    assert genes["tss_reads"].tolist() == [6]
    assert asked == ["a", "b"]
