"""Small molecules of mzTab-M: sections, null, names of assays, identifiers of several databases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.mztab import read_mztab
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays.sources import source, written

FILE = (
    "COM a comment #1",
    "MTD | mzTab-version | 2.0.0-M",
    "MTD | mzTab-ID | EX1",
    "MTD | small_molecule-quantification_unit | [MS, MS:1002887, Progenesis QI normalised abundance, ]",
    "MTD | assay[1] | Plasma 1",
    "MTD | assay[1]-ms_run_ref | ms_run[1]",
    "MTD | assay[2] | Plasma 2",
    "MTD | database[1]-prefix | hmdb",
    "",
    "SMH | SML_ID | SMF_ID_REFS | database_identifier | chemical_formula | chemical_name | abundance_assay[2]"
    " | abundance_assay[1] | abundance_study_variable[1]",
    "SML | 1 | 1|2 | hmdb:HMDB00122|CHEBI:17234 | C6H12O6 | D-Glucose #x | 2.5 | 1.5e3 | 9",
    "SML | 2 | 3 | hmdb:HMDB0000001 | C7 | 1-Methylhistidine | null | 7 | 9",
    "SML | 3 | 4 | CHEBI:1|CHEBI:2 | null | null | 0 | NaN | 9",
    "SML | 4 | 5 | lipidmaps:LMFA01 | null | PC 34:1 | 4 | 5 | 9",
    "",
    "SFH | SMF_ID | SME_ID_REFS | abundance_assay[1]",
    "SMF | 1 | null | 1",
    "SMF | 2 | null | 1",
    "SEH | SME_ID | evidence_input_id",
    "SME | 1 | x",
)


def metabolome(**given: object) -> AssaySource:
    return source("metabolome", "mztab", scale="linear", **given)


def test_molecules_are_read_and_the_other_sections_counted(tmp_path: Path):
    found = read_mztab(written(tmp_path, "x.mztab", *FILE), metabolome())
    assert found.samples == ("Plasma 2", "Plasma 1")
    assert found.features["source_id"].tolist() == ["1", "2", "3", "4"]
    assert found.features["feature_id"].tolist() == [
        "CHEBI:17234",
        "HMDB:HMDB0000001",
        "CHEBI:1|CHEBI:2",
        "lipidmaps:LMFA01",
    ]
    assert found.features["symbol"].fillna("").tolist() == ["D-Glucose #x", "1-Methylhistidine", "", "PC 34:1"]
    np.testing.assert_array_equal(found.values, np.array([[2.5, 1500], [np.nan, 7], [0, np.nan], [4, 5]], np.float32))
    assert found.counts == {"smf_rows_not_read": 2, "sme_rows_not_read": 1, "several_identifiers": 1}
    assert "normalised abundance" in str(found.notices[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("2.0.0-M", "1.0.0"), "x.mztab, MTD mzTab-version: '1.0.0'. Read is mzTab-M 2.x"),
        (("abundance_assay[", "abundance["), "x.mztab:10: no column abundance_assay[n]"),
        (("SML_ID |", "ID |"), "x.mztab:10: no column SML_ID"),
        (("2.5 | 1.5e3", "2.5 | INF"), "x.mztab:11, column abundance_assay[1]: 'INF'. An abundance is a finite number"),
        (("2.5 | 1.5e3 | 9", "2.5 | 1.5e3"), "x.mztab:11: SML with 7 cells, the header 8"),
        (("SMH", "SMX"), "x.mztab:10: 'SMX"),
        (("assay[2] | Plasma 2", "assay[2] | Plasma 1"), "MTD assay[n]: Plasma 1, Plasma 1. Two assays of one name"),
        (("SML | 2 |", "SML | 1 |"), "x.mztab:12: feature '1' again (before on line 11)"),
    ],
)
def test_bad_input(tmp_path: Path, change: tuple[str, str], said: str):
    path = written(tmp_path, "x.mztab", *(line.replace(*change) for line in FILE))
    with pytest.raises(AssayError) as caught:
        read_mztab(path, metabolome())
    assert said in str(caught.value).replace("\\t", " ")


def test_a_file_without_small_molecules_is_refused(tmp_path: Path):
    lines = [line for line in FILE if not line.startswith("SM") or line.startswith("SMF")]
    with pytest.raises(AssayError, match="no section SML"):
        read_mztab(written(tmp_path, "x.mztab", *lines), metabolome())


def test_an_assay_without_a_name_is_said(tmp_path: Path):
    lines = [line for line in FILE if "assay[2] |" not in line or line.startswith("SMH")]
    found = read_mztab(written(tmp_path, "x.mztab", *lines), metabolome())
    assert found.samples == ("assay[2]", "Plasma 1")
    assert "without a name: assay[2]" in str(found.notices[0])
