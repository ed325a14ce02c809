"""Values out of the reference range: a planted one is found, as by hand, and nothing is judged without references."""

from __future__ import annotations

import statistics
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.measurements.layout import write_measurements
from groprog_assets.methods.measurements.reference_ranges import RangeTables, range_tables, robust_z
from groprog_assets.study.measurement_parameters import MeasurementParameters

PARAMETERS = MeasurementParameters()


def tables(tmp_path: Path, values: np.ndarray, references: int) -> RangeTables:
    """Of one assay whose first samples are the references."""
    names = [f"s-{k:02d}" for k in range(values.shape[1])]
    file = write_measurements(tmp_path / "m.parquet", np.arange(len(values)), values.astype(np.float32))
    placed = pd.DataFrame({"assay_id": "rna", "position": range(len(names)), "sample_id": names})
    samples = pd.DataFrame({"sample_id": names, "subject_id": [f"p-{name}" for name in names]})
    samples["is_reference"] = np.arange(len(names)) < references
    return range_tables({"rna": file}, placed, samples, "corrected", PARAMETERS)


def test_a_planted_value_is_found_and_no_other(tmp_path: Path):
    random = np.random.default_rng(5)
    values = random.permuted(np.tile(np.linspace(-2, 2, 24), (700, 1)), axis=1)  # every feature as spread as the others
    values[600, 20], values[3, 21] = 30.0, -30.0
    found = tables(tmp_path, values, 20)
    assert list(zip(found.table["feature_ix"], found.table["sample_id"], strict=True)) == [(600, "s-20"), (3, "s-21")]
    assert found.table["subject_id"].tolist() == ["p-s-20", "p-s-21"]
    for row in found.table.itertuples():
        own = values[int(str(row.feature_ix)), :20].astype(np.float32).tolist()
        middle = statistics.median(own)
        spread = statistics.median(abs(value - middle) for value in own)
        assert row.robust_z == pytest.approx(0.6745 * (row.value - middle) / spread)
        assert (row.median, row.reference_samples) == (pytest.approx(middle), 20)
    judged = found.judged.set_index("sample_id")
    assert judged["outside"].to_dict() == {"s-20": 1, "s-21": 1, "s-22": 0, "s-23": 0}
    assert (judged["judged"] == 700).all()


def test_few_references_judge_nothing(tmp_path: Path):
    values = np.random.default_rng(1).normal(0, 1, (4, 12))
    values[0, 11] = 1000.0
    found = tables(tmp_path, values, PARAMETERS.least_references - 1)
    assert found.table.empty
    assert (found.judged["judged"] == 0).all()
    assert (found.judged["reference_samples"] == PARAMETERS.least_references - 1).all()
    assert len(found.judged) == 3


def test_missing_constant_and_rarely_measured_features_have_no_z():
    values = np.random.default_rng(2).normal(0, 1, (3, 15))
    values[0, 2:12] = np.nan  # two references left
    values[1, :12] = 4.0  # no spread
    values[2, 13] = np.nan
    z, median, known = robust_z(values, np.arange(15) < 12, 10)
    assert np.isnan(z[:2]).all()
    assert np.isnan(z[2]).tolist() == [k == 13 for k in range(15)]
    assert known.tolist() == [2, 12, 12]
    assert np.isnan(median[0])


def test_a_study_without_dense_assays_has_empty_tables():
    nothing = pd.DataFrame(columns=["assay_id", "position", "sample_id"])
    samples = pd.DataFrame(columns=["sample_id", "subject_id", "is_reference"])
    found = range_tables({}, nothing, samples, "corrected", PARAMETERS)
    assert found.table.empty
    assert found.judged.empty
