"""The layout of measurements: what is written is read back by feature, block and whole; NaN alone is missing."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.errors import AssayError
from groprog_assets.methods.measurements.layout import (
    GROUP,
    Measurements,
    long_rows,
    read_measurements,
    write_measurements,
)


def planted(features: int = 1300, samples: int = 7, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(8, 2, (features, samples)).astype(np.float32)
    values[rng.random(values.shape) < 0.1] = np.nan
    return values


def test_a_file_is_groups_of_512_features_of_one_list_each(tmp_path: Path):
    path = write_measurements(tmp_path / "a.parquet", np.arange(1300), planted())
    file = pq.ParquetFile(path)
    assert [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)] == [512, 512, 276]
    assert file.metadata.row_group(0).column(1).compression == "ZSTD"
    assert GROUP == 512
    assert str(file.schema_arrow.field("values").type).startswith("fixed_size_list<")
    assert path.read_bytes() == write_measurements(tmp_path / "b.parquet", np.arange(1300), planted()).read_bytes()


def test_feature_block_and_matrix_are_what_was_written(tmp_path: Path):
    values = planted()
    with Measurements(write_measurements(tmp_path / "a.parquet", np.arange(1300), values)) as stored:
        np.testing.assert_array_equal(stored.feature(1299), values[1299])
        np.testing.assert_array_equal(
            stored.block([5, 1200, 600, 5], [6, 0]), values[np.ix_([5, 1200, 600, 5], [6, 0])]
        )
        np.testing.assert_array_equal(stored.matrix(), values)
        assert stored.samples == 7


@settings(max_examples=20)
@given(st.sets(st.integers(0, 3000), min_size=1, max_size=60), st.integers(1, 4), st.booleans())
def test_features_that_are_left_out_are_not_found(tmp_path_factory, numbers: set[int], samples: int, wide: bool):
    kept = np.array(sorted(numbers))
    values = planted(len(kept), samples).astype(np.float64 if wide else np.float32)
    path = write_measurements(tmp_path_factory.mktemp("m") / "a.parquet", kept, values)
    with Measurements(path) as stored:
        assert stored.dtype == values.dtype
        for k, number in enumerate(kept.tolist()):
            np.testing.assert_array_equal(stored.feature(number), values[k])
        for absent in {0, 1500, 3000} - numbers:
            with pytest.raises(KeyError):
                stored.feature(absent)
            with pytest.raises(KeyError):
                stored.block([absent], [0])
    found, whole = read_measurements(path)
    np.testing.assert_array_equal(found, kept)
    np.testing.assert_array_equal(whole, values)


def test_infinities_and_disorder_are_refused(tmp_path: Path):
    values = planted(3)
    values[1, 2] = -np.inf
    with pytest.raises(AssayError, match="feature 1, position 2"):
        write_measurements(tmp_path / "a.parquet", np.arange(3), values)
    with pytest.raises(ValueError, match="ascend"):
        write_measurements(tmp_path / "a.parquet", np.array([0, 2, 2]), planted(3))
    with pytest.raises(ValueError, match="sample"):
        write_measurements(tmp_path / "a.parquet", np.arange(3), np.empty((3, 0)))


def test_counts_that_float32_cannot_hold_stay_exact(tmp_path: Path):
    values = np.array([[2.0**24 + 1, 3.0]])
    _, read = read_measurements(write_measurements(tmp_path / "a.parquet", np.arange(1), values))
    assert read[0, 0] == 2**24 + 1


def test_the_long_rows_are_one_a_value_and_none_for_a_missing_one(tmp_path: Path):
    values = planted(600, 5)
    path = write_measurements(tmp_path / "it's.parquet", np.arange(600), values)
    with duckdb.connect() as connection:
        source = f"read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')"
        connection.execute(f"CREATE VIEW measurements_long AS {long_rows(source)}")
        rows = connection.execute("SELECT feature_ix, position, value FROM measurements_long ORDER BY ALL").fetchnumpy()
        mean, most = connection.execute("SELECT avg(value), max(value) FROM measurements_long").fetchone()
        nothing = f"(SELECT * FROM {source} LIMIT 0)"
        connection.execute(f"CREATE OR REPLACE VIEW measurements_long AS {long_rows(nothing)}")
        assert connection.execute("SELECT count(*) FROM measurements_long").fetchone() == (0,)
    held = np.isfinite(values)
    np.testing.assert_array_equal(np.stack([rows["feature_ix"], rows["position"]]), np.nonzero(held))
    np.testing.assert_array_equal(rows["value"], values[held])
    assert mean == pytest.approx(values[held].mean(dtype=np.float64))
    assert most == values[held].max()
