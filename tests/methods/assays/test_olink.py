"""Olink NPX: the feature is the assay, doubted values are kept and flagged. Columns of Explore (;) and Explore HT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.olink import read_olink
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays.sources import source

EXPLORE = """SampleID;Index;OlinkID;UniProt;Assay;MissingFreq;Panel;Panel_Lot_Nr;PlateID;QC_Warning;LOD;NPX;Normalization
A1;1;OID20049;P05231;IL6;0.1;Cardiometabolic;B04404;P1;PASS;-0.5;1.25;Intensity
A2;2;OID20049;P05231;IL6;0.1;Cardiometabolic;B04404;P1;WARN;-0.5;3;Intensity
A1;1;OID20101;P05231;IL6;0.4;Inflammation;B04404;P1;PASS;0.75;0.5;Intensity
A2;2;OID20101;P05231;IL6;0.4;Inflammation;B04404;P1;WARN;0.75;NA;Intensity
A1;1;OID20153;P29459_P29460;IL12A_IL12B;0.1;Inflammation;B04404;P1;PASS;-9;-2;Intensity
A2;2;OID20153;P29459_P29460;IL12A_IL12B;0.1;Inflammation;B04404;P1;PASS;-9;-3;Intensity
"""
HT = """SampleID\tSampleType\tOlinkID\tUniProt\tAssay\tAssayType\tPanel\tNPX\tSampleQC\tAssayQC
A1\tSAMPLE\tOID40001\tP04637\tTP53\tassay\tExplore_HT\t1.5\tPASS\tPASS
C1\tNEGATIVE_CONTROL\tOID40001\tP04637\tTP53\tassay\tExplore_HT\t-4\tPASS\tPASS
A1\tSAMPLE\tOID49999\t\tExtension control\text_ctrl\tExplore_HT\t0\tPASS\tPASS
"""


def npx(**given: object) -> AssaySource:
    return source("proteome", "olink", scale="npx", **given)


def write(folder: Path, text: str) -> Path:
    path = folder / "npx.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_feature_is_the_assay_and_doubted_values_are_flagged(tmp_path: Path, delimiter: str):
    found = read_olink(write(tmp_path, EXPLORE.replace(";", delimiter)), npx())
    assert found.samples == ("A1", "A2")
    assert found.features["source_id"].tolist() == ["OID20049", "OID20101", "OID20153"]
    assert found.features["feature_id"].fillna("").tolist() == ["UniProt:P05231", "UniProt:P05231", ""]
    assert found.features["symbol"].tolist() == ["IL6", "IL6", "IL12A_IL12B"]
    np.testing.assert_array_equal(found.values, np.array([[1.25, 3], [0.5, np.nan], [-2, -3]], np.float32))
    assert found.flagged is not None
    assert found.flagged.tolist() == [[False, True], [True, True], [False, False]]
    assert found.counts == {"control_rows": 0, "below_limit": 1, "with_warning": 2}
    assert [str(item) for item in found.notices] == [
        f"{tmp_path}/npx.csv:1: 1 protein on several panels. "
        "Each assay is a feature of its own; two panels may measure one protein. Nothing."
    ]


def test_control_samples_and_assays_are_left_out_and_counted(tmp_path: Path):
    found = read_olink(write(tmp_path, HT), npx())
    assert found.samples == ("A1",)
    assert found.features["source_id"].tolist() == ["OID40001"]
    assert found.counts["control_rows"] == 2
    assert "no column LOD or PlateLOD or MaxLOD" in str(found.notices[0])


def test_repeated_samples_are_joined_where_the_study_says_so(tmp_path: Path):
    text = EXPLORE + "A1;1;OID20049;P05231;IL6;0.1;Cardiometabolic;B04404;P2;WARN;-0.5;2.25;Intensity\n"
    path = write(tmp_path, text)
    with pytest.raises(AssayError, match=r"npx.csv:8: OID20049 of sample A1 again, 1 such row"):
        read_olink(path, npx())
    for how, value in (("mean", 1.75), ("max", 2.25), ("first", 1.25)):
        found = read_olink(path, npx(duplicates=how))
        assert found.values[0, 0] == value
        assert found.flagged is not None
        assert found.flagged[0, 0]
        assert found.counts["merged_rows"] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            (";NPX;", ";Quantified_value;"),
            "npx.csv:1: no column NPX. An NPX file in long form has the columns SampleID",
        ),
        (("1.25", "1,25"), "npx.csv:2, column NPX: '1,25'"),
        (("A1;1;OID20101;", "A1;1;;"), "npx.csv:4, column OlinkID: ''. A row names its OlinkID"),
        (("PASS;-9;-2", "GREEN;-9;-2"), "npx.csv:6, column QC_Warning: 'GREEN'. A quality mark is one of excluded"),
        (
            ("A2;2;OID20049;P05231;IL6", "A2;2;OID20049;P01375;TNF"),
            "npx.csv:3, column OlinkID: OID20049: IL6 (P05231) and TNF",
        ),
    ],
)
def test_bad_input(tmp_path: Path, change: tuple[str, str], said: str):
    with pytest.raises(AssayError) as caught:
        read_olink(write(tmp_path, EXPLORE.replace(*change)), npx())
    assert said in str(caught.value)
