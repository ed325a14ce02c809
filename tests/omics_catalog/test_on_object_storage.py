"""Measurements in a bucket: a file an assay, read by Dask workers and by DuckDB, with the values that a folder gives."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pytest

from groprog_assets.methods.measurements.layout import Measurements, write_measurements
from groprog_assets.omics_catalog import writing
from groprog_assets.omics_catalog.catalog import Catalog
from groprog_assets.store.artifacts import Bundle, Store, stored_files
from groprog_assets.store.object_storage import open_store
from groprog_assets.store.wire_format import Stored
from tests.catalog_tables import small_tables, stored

ASSAYS = ("rna", "protein", "methylation")


def matrices(folder: Path) -> dict[str, np.ndarray]:
    """Files of three assays of 700 features, two row groups each, in `folder`; their values."""
    random = np.random.default_rng(11)
    made = {name: random.normal(8, 2, (700, 30)).astype(np.float32) for name in ASSAYS}
    for name, values in made.items():
        values[random.random(values.shape) < 0.05] = np.nan
        write_measurements(folder / f"{name}.parquet", np.arange(700), values)
    return made


def put(store: Store, folder: Path) -> Stored:
    """The files as the stage of a study, which moves them into the store."""
    files = stored_files({name: folder / f"{name}.parquet" for name in ASSAYS}, ".parquet")
    return Stored(store, store.put(Bundle(matrices=files), "assay_raw"), "assay_raw")


def means_of_a_partition(address: str, cache: str, sha256: str) -> np.ndarray:
    """What a worker does with one file, of which it knows the store's address and the digest."""
    with Measurements(open_store(address, Path(cache)).get_file(sha256)) as held:
        return np.concatenate([np.nanmean(values, axis=1) for _, values in held.groups()])


def test_workers_read_the_partitions_of_a_bucket(tmp_path: Path):
    distributed = pytest.importorskip("distributed")
    expected = matrices(tmp_path / "made")
    address = f"memory://bucket/{uuid.uuid4().hex}"
    partitions = writing.matrices_of({"raw": put(open_store(address), tmp_path / "made")})
    assert sorted(partitions) == sorted(f"{name}_raw" for name in ASSAYS), "a file an assay and stage"
    asked = [
        (address, str(tmp_path / f"worker{k}"), item.reference.sha256) for k, item in enumerate(partitions.values())
    ]
    with distributed.Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        found = client.gather(client.map(means_of_a_partition, *zip(*asked, strict=True)))
    for name, means in zip(partitions, found, strict=True):
        np.testing.assert_allclose(means, np.nanmean(expected[name.removesuffix("_raw")], axis=1), rtol=1e-6)


def test_sql_reads_the_measurements_of_a_bucket(tmp_path: Path):
    expected = matrices(tmp_path / "made")
    tables = small_tables(30, seed=2)
    everybody = tables["subjects"]["subject_id"].tolist()
    store = open_store(f"memory://bucket/{uuid.uuid4().hex}", tmp_path / "copies")
    held = put(store, tmp_path / "made")
    snapshot = writing.snapshot_of(stored(store, tables), writing.matrices_of({"raw": held}))
    catalog = Catalog(writing.write_catalog(tmp_path / "state", store, snapshot), lambda purpose, studied: everybody)
    for name, values in expected.items():
        assert np.array_equal(catalog.measured(f"measurements_{name}_raw", 600) or [], values[600], equal_nan=True)
        counted = catalog.number(f'SELECT count(*) FROM "measurements_{name}_raw_long"')
        assert counted == np.isfinite(values).sum()
    again = Store(tmp_path / "folder")
    matrices(tmp_path / "again")
    assert put(again, tmp_path / "again").reference == held.reference, "the digests of a folder"
