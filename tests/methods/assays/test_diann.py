"""Protein groups of DIA-NN: the matrix and the long report give the same; runs are named by their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.diann import read_diann, run_name
from groprog_assets.study.assay_parameters import AssayReadingParameters
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays.sources import source, written

MATRIX = (
    r"Protein.Group | Protein.Ids | Protein.Names | Genes | First.Protein.Description | D:\data\run.A.raw | /data/runB.d",
    "P04637;P04637-2 | P04637 | P53_HUMAN | TP53;X | p53 | 1000.5 | ",
    "Q9Y6K9 | Q9Y6K9 | NEMO_HUMAN | IKBKG | nemo #2 | 0 | 300",
)
LONG = (
    "File.Name | Run | Protein.Group | Genes | PG.Quantity | PG.MaxLFQ | Precursor.Id | Q.Value | PG.Q.Value",
    r"D:\data\run.A.raw | run.A | P04637;P04637-2 | TP53;X | 1 | 1000.5 | AAK2 | 0.001 | 0.002",
    r"D:\data\run.A.raw | run.A | P04637;P04637-2 | TP53;X | 1 | 1000.5 | CCK2 | 0.01 | 0.01",
    r"D:\data\run.A.raw | run.A | Q9Y6K9 | IKBKG | 1 | 77 | DDK2 | 0.0101 | 0.002",
    "/data/runB.d | runB | P04637;P04637-2 | TP53;X | 1 | 88 | AAK2 | 0.001 | 0.02",
    "/data/runB.d | runB | Q9Y6K9 | IKBKG | 1 | 300 | DDK2 | 0.001 | 0.002",
    "/data/runB.d | runB | O00000 | OUT | 1 | 5 | EEK2 | 0.5 | 0.5",
)


def proteome(**given: object) -> AssaySource:
    return source("proteome", "diann", **given)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (r"C:\raw files\S 01.raw", "S 01"),
        ("/data/a.b/S.1.mzML", "S.1"),
        ("/data/S1.d/", "S1"),
        ("S1.raw.dia", "S1"),
        ("tumour.v2", "tumour.v2"),
        ("S1", "S1"),
    ],
)
def test_a_run_is_named_by_its_file(path: str, name: str):
    assert run_name(path) == name


def test_matrix_and_long_report_give_the_same(tmp_path: Path):
    wide = read_diann(written(tmp_path, "report.pg_matrix.tsv", *MATRIX), proteome())
    long = read_diann(written(tmp_path, "report.tsv", *LONG), proteome())
    assert wide.samples == long.samples == ("run.A", "runB")
    np.testing.assert_array_equal(wide.values, np.array([[1000.5, np.nan], [np.nan, 300]], np.float32))
    np.testing.assert_array_equal(wide.values, long.values)
    pd.testing.assert_frame_equal(wide.features, long.features)
    assert wide.features["feature_id"].tolist() == ["UniProt:P04637", "UniProt:Q9Y6K9"]
    assert wide.features["symbol"].tolist() == ["TP53", "IKBKG"]
    assert wide.counts == {"zeros_missing": 1}
    assert long.counts == {"rows_above_q_value": 3, "rows_without_quantity": 0, "groups_left_out": 1}


def test_the_long_report_as_parquet(tmp_path: Path):
    text = read_diann(written(tmp_path, "report.tsv", *LONG), proteome())
    pd.read_csv(tmp_path / "report.tsv", sep="\t").to_parquet(tmp_path / "report.parquet")
    parquet = read_diann(tmp_path / "report.parquet", proteome())
    np.testing.assert_array_equal(text.values, parquet.values)
    assert text.counts == parquet.counts


def test_the_thresholds_are_those_given(tmp_path: Path):
    loose = AssayReadingParameters(precursor_q_value=0.05, protein_q_value=0.05)
    found = read_diann(written(tmp_path, "report.tsv", *LONG), proteome(), loose)
    np.testing.assert_array_equal(found.values, np.array([[1000.5, 88], [77, 300]], np.float32))


@pytest.mark.parametrize(
    ("lines", "change", "said"),
    [
        (
            LONG,
            ("1000.5 | CCK2", "999 | CCK2"),
            "report.tsv:2, column PG.MaxLFQ: P04637;P04637-2 in run.A: 999 and 1000.5",
        ),
        (LONG, ("PG.Q.Value", "PG.Q"), "report.tsv:1: no column PG.Q.Value"),
        (LONG, ("300 | DDK2", "-3 | DDK2"), "report.tsv:6, column PG.MaxLFQ: -3. A quantity is 0 (missing) or larger"),
        (LONG, ("0.5 | 0.5", "0.5 | high"), "report.tsv:7, column PG.Q.Value: 'high'"),
        (MATRIX, (r"D:\data\run.A.raw", "/other/runB.raw"), "'runB' twice: /other/runB.raw, /data/runB.d"),
        (MATRIX, ("Protein.Names", "Precursor.Id"), "Give report.pg_matrix.tsv; a matrix of precursors or genes"),
        (MATRIX, ("0 | 300", "-1 | 300"), r"report.tsv:3, column D:\data\run.A.raw: -1"),
        (MATRIX, ("Q9Y6K9 | Q9Y6K9", "P04637;P04637-2 | Q"), "feature 'P04637;P04637-2' again (before on line 2)"),
    ],
)
def test_bad_input(tmp_path: Path, lines: tuple[str, ...], change: tuple[str, str], said: str):
    path = written(tmp_path, "report.tsv", *(line.replace(*change) for line in lines))
    with pytest.raises(AssayError) as caught:
        read_diann(path, proteome())
    assert said in str(caught.value)
