"""Dense assays: rows of one feature, what is refused, and the float type of the values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.dense import as_stored, dense_assay, feature_rows
from groprog_assets.study.omics_assays import AssaySource

NAN = np.nan
NAMES = ["b", "a", "b"]
VALUES = np.array([[1.0, NAN, NAN], [5.0, 6.0, 7.0], [4.0, 2.0, NAN]])
FLAGS = np.array([[True, False, False], [False, False, False], [False, True, False]])


def source(**given: object) -> AssaySource:
    return AssaySource.model_validate({"name": "rna", "omics": "transcriptome", "path": "x.tsv", **given})


@pytest.mark.parametrize(
    ("how", "joined"),
    [("sum", [5, 2, NAN]), ("mean", [2.5, 2, NAN]), ("max", [4, 2, NAN]), ("first", [1, NAN, NAN])],
)
def test_rows_of_one_feature_are_joined_and_counted(how: str, joined: list[float]):
    found = dense_assay(
        Path("x"), source(duplicates=how), feature_rows(NAMES), ["S1", "S2", "S3"], VALUES, flagged=FLAGS
    )
    assert found.features["source_id"].tolist() == ["b", "a"]
    np.testing.assert_array_equal(found.values, np.array([joined, [5, 6, 7]], np.float32))
    assert found.counts["merged_rows"] == 1
    assert found.flagged is not None
    assert found.flagged.tolist() == [[True, how != "first", False], [False] * 3]


def test_rows_of_one_feature_are_refused_with_both_lines():
    with pytest.raises(AssayError, match=r"x:4: feature 'b' again \(before on line 2\); 1 feature stand twice"):
        dense_assay(Path("x"), source(), feature_rows(NAMES), ["S1", "S2", "S3"], VALUES, lines=np.array([2, 3, 4]))


def test_a_feature_without_an_id_and_an_empty_assay_are_refused():
    with pytest.raises(AssayError, match="x:3: 1 row without an id"):
        dense_assay(Path("x"), source(), feature_rows(["a", ""]), ["S"], np.ones((2, 1)), lines=np.array([2, 3]))
    with pytest.raises(AssayError, match="x: no sample"):
        dense_assay(Path("x"), source(), feature_rows(["a"]), [], np.ones((1, 0)))
    with pytest.raises(AssayError, match="x: no feature"):
        dense_assay(Path("x"), source(), feature_rows([]), ["S"], np.ones((0, 1)))


def test_counts_that_float32_cannot_hold_stay_float64():
    exact, not_exact = np.array([[2.0**24, NAN]]), np.array([[2.0**24 + 1, NAN]])
    assert as_stored(exact, "count").dtype == np.float32
    assert as_stored(not_exact, "count").dtype == np.float64
    assert as_stored(not_exact, "linear").dtype == np.float32
    assert as_stored(np.array([[1e39]]), "linear").dtype == np.float64
    assert as_stored(np.empty((0, 0)), "count").dtype == np.float32
