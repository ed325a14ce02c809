"""Text matrices: orientation, missing cells, names that look like missing ones, R's short header, values that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import AssayError, GroProgError
from groprog_assets.methods.assays.formats import read_assay, value_problems
from groprog_assets.methods.assays.matrix import read_matrix
from groprog_assets.study.omics_assays import AssaySource


def source(path: Path, **changes: object) -> AssaySource:
    given = {"name": "a", "omics": "transcriptome", "path": path, "scale": "log2", "unit": "x", "id_system": "symbol"}
    return AssaySource.model_validate({**given, **changes})


def written(tmp_path: Path, text: str, name: str = "a.tsv") -> Path:
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_genes_called_na_survive_and_cells_na_are_missing(tmp_path: Path):
    path = written(tmp_path, "gene\ts1\ts2\ts3\nNA\t1\tNA\t\nNAN\t.\tnull\t2.5\nnull\tNaN\t3\t4\n")
    found = read_matrix(path, source(path))
    assert found.features["source_id"].tolist() == ["NA", "NAN", "null"]
    assert found.features["feature_id"].tolist() == ["symbol:NA", "symbol:NAN", "symbol:null"]
    assert found.samples == ("s1", "s2", "s3")
    np.testing.assert_array_equal(found.values, [[1, np.nan, np.nan], [np.nan, np.nan, 2.5], [np.nan, 3, 4]])
    assert found.values.dtype == np.float32


def test_a_header_without_the_column_of_names_is_read_as_r_means_it(tmp_path: Path):
    path = written(tmp_path, "s1\ts2\nTP53\t1\t2\nMYC\t3\t4\n")
    found = read_matrix(path, source(path))
    assert found.samples == ("s1", "s2")
    assert found.features["source_id"].tolist() == ["TP53", "MYC"]


def test_samples_in_rows(tmp_path: Path):
    path = written(tmp_path, "sample,TP53,MYC\ns1,1,2\ns2,3,NA\n", "a.csv")
    found = read_matrix(path, source(path, features_in="columns"))
    assert found.samples == ("s1", "s2")
    np.testing.assert_array_equal(found.values, [[1, 3], [2, np.nan]])


def test_ensembl_versions_stay_in_the_id_as_read(tmp_path: Path):
    path = written(tmp_path, "gene\ts1\nENSG00000141510.17\t1\n")
    row = read_matrix(path, source(path, id_system="ensembl")).features.iloc[0]
    assert (row["source_id"], row["feature_id"]) == ("ENSG00000141510.17", "ENSEMBL:ENSG00000141510")


def test_what_is_missing_is_what_the_study_says(tmp_path: Path):
    path = written(tmp_path, "gene\ts1\ts2\nA\t-999\t1\nB\tNA\t2\n")
    with pytest.raises(AssayError, match="'NA'"):
        read_matrix(path, source(path, missing=["-999"]))
    path = written(tmp_path, "gene\ts1\ts2\nA\t-999\t1\n")
    assert np.isnan(read_matrix(path, source(path, missing=["-999"])).values[0, 0])


@pytest.mark.parametrize(
    ("scale", "cell", "rule"),
    [
        ("count", "-1", "not below 0"),
        ("count", "1.5", "whole number"),
        ("linear", "-0.1", "not below 0"),
        ("beta", "1.01", r"in \[0, 1\]"),
        ("log2", "20000", r"in \[-64, 64\]"),
        ("ordinal", "0.5", "whole number"),
        ("log2", "inf", "finite"),
        ("log2", "1,5", "decimal point"),
    ],
)
def test_values_that_the_scale_cannot_have_are_named(tmp_path: Path, scale: str, cell: str, rule: str):
    path = written(tmp_path, f"gene\ts1\ts2\nA\t1\t0\nB\t0\t{cell}\n")
    with pytest.raises(GroProgError, match=rule) as error:
        read_assay(source(path, scale=scale, omics="epigenome"))
    assert "s2" in str(error.value)
    assert all(problem.remedy for problem in error.value.problems)


def test_counts_beyond_float32_keep_every_read(tmp_path: Path):
    path = written(tmp_path, f"gene\ts1\ts2\nA\t{2**24 + 1}\t0\nB\t0\t7\n")
    found = read_assay(source(path, scale="count"))["a"]
    assert found.values.dtype == np.float64
    assert found.values[0, 0] == 2**24 + 1


def test_a_format_nobody_reads_is_named(tmp_path: Path):
    path = written(tmp_path, "x\n")
    unread = source(path).model_copy(update={"format": "sonogram"})
    with pytest.raises(AssayError, match="sonogram"):
        read_assay(unread)


@pytest.mark.parametrize(("features_in", "where"), [("rows", ":3, column S2"), ("columns", ":3, column TP53")])
def test_a_value_that_the_scale_cannot_have_is_named_by_line_and_column(tmp_path: Path, features_in: str, where: str):
    path = tmp_path / "m.tsv"
    rows = "x\tS1\tS2\nDMD\t1\t2\nTP53\t3\t-4\n" if features_in == "rows" else "x\tDMD\tTP53\nS1\t1\t2\nS2\t3\t-4\n"
    path.write_text(rows)
    given = source(path, scale="count", features_in=features_in)
    (found,) = value_problems(read_matrix(path, given), given)
    assert found.where == f"{path}{where}"
    assert found.value == "-4, one of 1 value"


def test_space_around_a_name_is_told(tmp_path: Path):
    path = tmp_path / "m.tsv"
    given = source(path, scale="count")
    path.write_text("x\tS1 \tS2\nDMD\t1\t2\n TP53\t3\t4\n")
    read = read_matrix(path, given)
    assert read.samples == ("S1", "S2")
    assert [notice.value for notice in read.notices] == ["2 cells"], "a name of a column, an id of a row"
    path.write_text("x\tS1\tS2\nDMD\t1\t2\n")
    assert not read_matrix(path, given).notices
