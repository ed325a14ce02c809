"""Protein groups of MaxQuant. The columns are those of proteinGroups.txt of MaxQuant 1.6 and 2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.maxquant import read_maxquant
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays.sources import source, written

HEADER = (
    "Protein IDs | Majority protein IDs | Protein names | Gene names | Fasta headers | Peptides | Intensity | Intensity P1"
    " | Intensity P2 | LFQ intensity P1 | LFQ intensity P2 | Only identified by site | Reverse | Potential contaminant | id"
)
ROWS = (
    "P04637;P04637-2;K7PPA8 | P04637;P04637-2 | Cellular tumor antigen p53 | TP53;P53 | sp|P04637 | 9 | 9e9 | 4e9 | 5e9"
    " | 4123400000 | 0 | | | | 0",
    "P38398-7 | P38398-7 | BRCA1 #1 | BRCA1 | | 3 | 30 | 10 | 20 | 11 | 21 | | | | 1",
    "CON__P04264 | CON__P04264 | Keratin | KRT1 | | 9 | 30 | 10 | 20 | 11 | 21 | | | + | 2",
    "REV__P12345 | REV__P12345 | | | | 9 | 30 | 10 | 20 | 11 | 21 | | + | | 3",
    "Q9Y6K9 | Q9Y6K9 | NEMO | IKBKG | | 1 | 30 | 10 | 20 | 11 | 21 | + | | | 4",
)
TWICE = "Q9Y6K9 | Q9Y6K9 | NEMO | IKBKG | | 1 | 30 | 10 | 20 | 11 | 21 | +"


def proteome(**given: object) -> AssaySource:
    return source("proteome", "maxquant", missing_kind="mnar", scale="linear", **given)


def test_groups_keep_all_ids_and_zeros_are_missing(tmp_path: Path):
    found = read_maxquant(written(tmp_path, "proteinGroups.txt", HEADER, *ROWS), proteome())
    assert found.samples == ("P1", "P2")
    assert found.features["source_id"].tolist() == ["P04637;P04637-2", "P38398-7"]
    assert found.features["feature_id"].tolist() == ["UniProt:P04637", "UniProt:P38398-7"]
    assert found.features["symbol"].tolist() == ["TP53", "BRCA1"]
    np.testing.assert_array_equal(found.values, np.array([[4123400000, np.nan], [11, 21]], np.float32))
    assert found.counts == {"reverse": 1, "contaminants": 1, "only_identified_by_site": 1, "zeros_missing": 1}
    assert not found.notices


def test_without_lfq_the_plain_intensities_are_read_and_said(tmp_path: Path):
    header = HEADER.replace("LFQ intensity P1 | LFQ intensity P2", "iBAQ P1 | iBAQ P2")
    found = read_maxquant(written(tmp_path, "p.txt", header, *ROWS), source("proteome", "maxquant"))
    np.testing.assert_array_equal(found.values, np.array([[4e9, 5e9], [10, 20]], np.float32))
    said = " ".join(map(str, found.notices))
    assert "no LFQ intensity: Intensity is read" in said
    assert "missing_kind: mar. MaxQuant writes 0" in said


def test_a_column_of_marks_that_is_absent_is_said(tmp_path: Path):
    header = HEADER.replace("Reverse", "Decoy score")
    rows = [ROWS[1]]
    found = read_maxquant(written(tmp_path, "p.txt", header, *rows), proteome())
    assert "no column Reverse. Rows marked so are left out" in str(found.notices[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("Majority protein IDs", "Majority"), ""),
        (("Protein IDs | Majority protein IDs", "ids | Majority"), "p.txt:1: no column Protein IDs"),
        ((" | LFQ intensity P1 | LFQ intensity P2", " | Ratio H/L | x"), "column 'Ratio H/L'. Label-free"),
        (
            ("Intensity P1 | Intensity P2 | LFQ intensity P1 | LFQ intensity P2", "a | b | c | d"),
            "no column LFQ intensity <sample>",
        ),
        (("| 11 | 21 | | | | 1", "| -11 | 21 | | | | 1"), "p.txt:3, column LFQ intensity P1: -11. An intensity is 0"),
        (("| 11 | 21 | | | | 1", "| 1,1 | 21 | | | | 1"), "p.txt:3, column LFQ intensity P1: '1,1'"),
        (("| + | 2", "| yes | 2"), "p.txt:4, column Potential contaminant: 'yes'. A mark of MaxQuant is +"),
        (("CON__P04264 | CON__P04264", "P38398-7 | P38398-7"), ""),
        (
            (TWICE, "P38398-7 | P38398-7 | B | B | | 1 | 30 | 1 | 2 | 11 | 21 |"),
            "p.txt:6: feature 'P38398-7' again (before",
        ),
    ],
)
def test_bad_input(tmp_path: Path, change: tuple[str, str], said: str):
    text = "\n".join([HEADER, *ROWS]).replace(*change)
    path = written(tmp_path, "p.txt", *text.split("\n"))
    if not said:
        assert read_maxquant(path, proteome()).values.shape == (2, 2)
        return
    with pytest.raises(AssayError) as caught:
        read_maxquant(path, proteome())
    assert said in str(caught.value)
