"""Whose a column is: patients' identifiers, samples' identifiers, the sample table of a cBioPortal folder."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from groprog_assets.errors import CohortError, Notice
from groprog_assets.methods.cohort.sample_columns import Sample, patient_columns, read_samples
from groprog_assets.study.text_tables import table_layout

TCGA = ["TCGA-02-0001", "TCGA-3M-AB46"]


def columns(
    folder: Path, names: list[str], patients: list[str], samples: dict[str, Sample] | None = None
) -> tuple[dict[str, str], str]:
    """({patient: name of the column}, what is said)."""
    path = folder / "e.tsv"
    path.write_text("\t".join(["gene", *names]) + "\n" + "\t".join(["A", *("1" for _ in names)]) + "\n")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = patient_columns(table_layout(path), patients, samples or {})
    assert all(isinstance(item.message, Notice) for item in said)
    return {patient: ["gene", *names][place] for patient, place in found.items()}, "\n".join(
        str(w.message) for w in said
    )


def test_patients_by_their_own_identifiers_are_nothing_to_speak_of(tmp_path: Path) -> None:
    assert columns(tmp_path, ["Entrez_Gene_Id", "b", "a"], ["a", "b"]) == ({"a": "a", "b": "b"}, "")


def test_samples_beside_patients_are_matched_and_counted(tmp_path: Path) -> None:
    found, said = columns(tmp_path, ["P0", "P1-06", "P2-06", "X"], ["P0", "P1", "P2", "P3"])
    assert found == {"P0": "P0", "P1": "P1-06", "P2": "P2-06"}
    assert (
        "3 of 4 patients have expression: 1 by their identifier, 2 by their identifier with a sample's suffix" in said
    )
    assert "of no patient: 1 column ('X')" in said
    assert "the 1 without a column" in said


@pytest.mark.parametrize("written", ["-01", "-01A", "-01A-11R-A084-07", ".01"])
def test_the_ways_tcga_writes_a_sample(tmp_path: Path, written: str) -> None:
    found, _ = columns(tmp_path, [f"{name}{written}" for name in TCGA], TCGA)
    assert found == {name: f"{name}{written}" for name in TCGA}


@pytest.mark.parametrize("suffix", ["", ".01"])
def test_names_that_r_wrote_with_dots(tmp_path: Path, suffix: str) -> None:
    names = [name.replace("-", ".") + suffix for name in TCGA]
    found, said = columns(tmp_path, names, TCGA)
    assert found == dict(zip(TCGA, names))
    assert "2 of 2 patients" in said
    assert columns(tmp_path, ["X1.a", "X2"], ["1-a", "2"])[0] == {"1-a": "X1.a", "2": "X2"}


def test_the_primary_tumour_counts_and_normal_tissue_never(tmp_path: Path) -> None:
    first, second = TCGA
    names = [f"{first}-06", f"{first}-01", f"{first}-11", f"{second}-11"]
    found, said = columns(tmp_path, names, TCGA)
    assert found == {first: f"{first}-01"}
    assert f"left out: 1 further sample ('{first}-06')" in said
    assert "2 normal tissue samples" in said


def test_two_samples_between_which_nothing_decides(tmp_path: Path) -> None:
    for names, patients in ((["P1-01", "P1-02"], ["P1"]), ([f"{TCGA[0]}-01A", f"{TCGA[0]}-01B"], TCGA)):
        with pytest.raises(CohortError, match="1 patient in several columns") as caught:
            columns(tmp_path, names, patients)
        assert repr(names[1]) in str(caught.value)
    with pytest.raises(CohortError, match="'P1' in columns 2 and 4"):
        columns(tmp_path, ["P1", "P2", "P1"], ["P1", "P2"])


def test_the_sample_table_of_a_cbioportal_folder(tmp_path: Path) -> None:
    path = tmp_path / "data_clinical_sample.txt"
    path.write_text(
        "#Patient\tSample\tType\nPATIENT_ID\tSAMPLE_ID\tSAMPLE_TYPE\np1\ts-a\tMetastasis\np1\ts-b\tPrimary\np2\ts-c\t\n"
    )
    samples = read_samples(path)
    assert samples["s-b"] == Sample("p1", "primary")
    found, said = columns(tmp_path, ["s-a", "s.b", "s-c", "s-d"], ["p1", "p2"], samples)
    assert found == {"p1": "s.b", "p2": "s-c"}
    assert "2 by the sample table" in said
    assert "left out: 1 further sample ('s-a')" in said
    path.write_text("PATIENT\tSAMPLE_ID\np1\ts1\n")
    with pytest.raises(CohortError, match=re.escape("no column PATIENT_ID")):
        read_samples(path)


def test_a_patient_whose_identifier_ends_as_a_sample_does(tmp_path: Path) -> None:
    """A column under a patient's identifier is theirs, even where another patient's identifier with a suffix reads the same."""
    found, said = columns(tmp_path, ["S1-01", "S1"], ["S1", "S1-01"])
    assert found == {"S1": "S1", "S1-01": "S1-01"}
    assert said == ""
