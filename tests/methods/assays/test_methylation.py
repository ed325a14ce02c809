"""Methylation: betas and their bounds, probes of EPIC v2, detection p-values, M-values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.methylation import beta_values, m_values, read_beta
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays.sources import source, written

BETA = (
    "probe | S1 | S2",
    "cg00000029_TC21 | 0.5 | 0",
    "cg00000029_BC22 | 0.7 | NA",
    "cg00000109_TC21 | 1 | 0.25",
    "ch.1.1001F | 0.1 | 0.2",
)
DETECTION = (
    "probe | S2 | S1 | S3",
    "cg00000109_TC21 | 0.01 | 0.0101 | 1",
    "cg00000029_BC22 | 0 | 0 | 1",
    "ch.1.1001F | NA | 0 | 1",
    "cg00000029_TC21 | 0 | 0 | 1",
)


def epigenome(**given: object) -> AssaySource:
    return source("epigenome", "beta", scale="beta", **given)


def test_probes_stay_apart_and_are_averaged_on_request(tmp_path: Path):
    path = written(tmp_path, "beta.tsv", *BETA)
    apart = read_beta(path, epigenome())
    assert apart.features["source_id"].tolist()[:2] == ["cg00000029_TC21", "cg00000029_BC22"]
    assert apart.features["feature_id"].tolist() == ["cg00000029", "cg00000029", "cg00000109", "ch.1.1001F"]
    assert apart.values.shape == (4, 2)
    assert "1 probe of positions that another probe has too" in str(apart.notices[0])
    joined = read_beta(path, epigenome(duplicates="mean"))
    assert joined.features["source_id"].tolist() == ["cg00000029_TC21", "cg00000109_TC21", "ch.1.1001F"]
    np.testing.assert_allclose(joined.values, [[0.6, 0], [1, 0.25], [0.1, 0.2]], rtol=1e-6)
    assert joined.counts == {"merged_rows": 1}


def test_values_that_were_not_detected_are_missing(tmp_path: Path):
    detection = written(tmp_path, "p.tsv", *DETECTION)
    found = read_beta(written(tmp_path, "beta.tsv", *BETA), epigenome(detection_p=detection))
    expected = np.array([[0.5, 0], [0.7, np.nan], [np.nan, 0.25], [0.1, np.nan]], np.float32)
    np.testing.assert_array_equal(found.values, expected)
    assert found.counts == {"not_detected": 2}


def test_a_table_that_r_wrote_without_a_name_of_the_first_column(tmp_path: Path):
    found = read_beta(written(tmp_path, "beta.tsv", "S1 | S2", *BETA[1:]), epigenome())
    assert found.samples == ("S1", "S2")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("cg00000109_TC21 | 1", "cg00000109_TC21 | 1.01"),
            "beta.tsv:4, column S1: 1.01. A beta value lies between 0 and 1.",
        ),
        (("0.7 | NA", "0.7 | -0.5"), "beta.tsv:3, column S2: -0.5. A beta value lies between 0 and 1."),
        (("0.7 | NA", "0.7 | x"), "beta.tsv:3, column S2: 'x'"),
        (("cg00000029_BC22", "cg00000029_TC21"), "beta.tsv:3: feature 'cg00000029_TC21' again (before on line 2)"),
        (("| S2", "| S1"), "beta.tsv:1: 1 column twice: 'S1'"),
    ],
)
def test_bad_input(tmp_path: Path, change: tuple[str, str], said: str):
    path = written(tmp_path, "beta.tsv", *(line.replace(*change) for line in BETA))
    with pytest.raises(AssayError) as caught:
        read_beta(path, epigenome())
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("| S2 |", "| S4 |"), "p.tsv:1: no column of 1 sample: S2"),
        (("ch.1.1001F", "ch.9"), "p.tsv: no row of 1 position: ch.1.1001F"),
        (("0.0101", "1.5"), "p.tsv:2, column S1: 1.5. A p-value lies between 0 and 1."),
    ],
)
def test_bad_detection_p_values(tmp_path: Path, change: tuple[str, str], said: str):
    detection = written(tmp_path, "p.tsv", *(line.replace(*change) for line in DETECTION))
    with pytest.raises(AssayError) as caught:
        read_beta(written(tmp_path, "beta.tsv", *BETA), epigenome(detection_p=detection))
    assert said in str(caught.value)


def test_m_values_by_hand():
    found = m_values(np.array([0.5, 0.0, 1.0, np.nan, 0.8], np.float32), 0.001)
    np.testing.assert_allclose(found[:3], [0, np.log2(0.001 / 1.001), -np.log2(0.001 / 1.001)], atol=1e-12)
    assert np.isnan(found[3])
    assert found[4] == pytest.approx(2.0, abs=0.006)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(1e-6, 0.1))
def test_betas_come_back_from_their_m_values(beta: list[float], offset: float):
    values = np.array(beta)
    np.testing.assert_allclose(beta_values(m_values(values, offset), offset), values, atol=1e-10)
