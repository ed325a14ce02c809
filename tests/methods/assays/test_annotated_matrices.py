"""h5ad and h5mu: what anndata wrote is read, dense or sparse; names that stand twice, layers and damaged files."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.annotated_matrices import read_h5ad, read_h5mu
from groprog_assets.study.omics_assays import AssaySource
from tests.methods.assays.sources import source

VALUES = np.array([[0, 1.5, 2], [3, 0, np.nan]], np.float32)
"""(obs, var)."""


def rna(format: str = "h5ad", **given: object) -> AssaySource:
    return source("transcriptome", format, scale="linear", unit="TPM", **given)


def fill(group: h5py.Group, values: np.ndarray = VALUES, var: tuple[str, ...] = ("g1", "NA", "g3")) -> None:
    """An AnnData as anndata 0.8 and later lay it out."""
    group.attrs["encoding-type"] = "anndata"
    group.create_dataset("X", data=values)
    for axis, names in (("obs", ("S1", "S2")), ("var", var)):
        held = group.create_group(axis)
        held.attrs["_index"] = "name"
        held.create_dataset("name", data=list(names), dtype=h5py.string_dtype())
    codes = group["var"].create_group("symbol")
    codes.create_dataset("categories", data=["TP53", "MDM2"], dtype=h5py.string_dtype())
    codes.create_dataset("codes", data=np.array([1, -1, 0], np.int8))
    layers = group.create_group("layers")
    layers.create_dataset("counts", data=np.array([[1, 2, 3], [4, 5, 2**24 + 1]], np.int64))


def sparse(group: h5py.Group, kind: str) -> None:
    """VALUES as csr or csc in the place of X."""
    del group["X"]
    held = group.create_group("X")
    held.attrs["encoding-type"] = f"{kind}_matrix"
    held.attrs["shape"] = VALUES.shape
    matrix = VALUES if kind == "csr" else VALUES.T
    rows = [np.flatnonzero((row != 0) | np.isnan(row)) for row in matrix]
    held.create_dataset("indptr", data=np.cumsum([0, *map(len, rows)]))
    held.create_dataset("indices", data=np.concatenate(rows))
    held.create_dataset("data", data=np.concatenate([row[at] for row, at in zip(matrix, rows, strict=True)]))


@pytest.mark.parametrize("kind", ["dense", "csr", "csc"])
def test_values_names_and_symbols(tmp_path: Path, kind: str):
    with h5py.File(tmp_path / "x.h5ad", "w") as file:
        fill(file)
        if kind != "dense":
            sparse(file, kind)
    found = read_h5ad(tmp_path / "x.h5ad", rna())
    assert found.samples == ("S1", "S2")
    assert found.features["source_id"].tolist() == ["g1", "NA", "g3"]
    assert found.features["symbol"].fillna("").tolist() == ["MDM2", "", "TP53"]
    np.testing.assert_array_equal(found.values, VALUES.T)
    assert found.values.dtype == np.float32
    assert "read is X; there are layers counts" in str(found.notices[0])


def test_a_layer_is_read_when_it_is_named(tmp_path: Path):
    with h5py.File(tmp_path / "x.h5ad", "w") as file:
        fill(file)
    found = read_h5ad(tmp_path / "x.h5ad", rna(layer="counts").model_copy(update={"scale": "count"}))
    assert found.values.dtype == np.float64
    assert found.values[2, 1] == 2**24 + 1
    with pytest.raises(AssayError, match="no layer 'raw'; its layers are counts"):
        read_h5ad(tmp_path / "x.h5ad", rna(layer="raw"))


def test_modalities(tmp_path: Path):
    with h5py.File(tmp_path / "x.h5mu", "w") as file:
        for name in ("rna", "prot"):
            fill(file.create_group(f"mod/{name}"))
    found = read_h5mu(tmp_path / "x.h5mu", rna("h5mu"))
    assert list(found) == ["prot", "rna"]
    assert list(read_h5mu(tmp_path / "x.h5mu", rna("h5mu", member="rna"))) == ["rna"]
    with pytest.raises(AssayError, match=r"no modality 'atac'. The modalities of the file are prot, rna"):
        read_h5mu(tmp_path / "x.h5mu", rna("h5mu", member="atac"))
    with pytest.raises(AssayError, match=r"It has modalities \(prot, rna\): set format: h5mu"):
        read_h5ad(tmp_path / "x.h5mu", rna())


def test_names_that_stand_twice_are_refused(tmp_path: Path):
    with h5py.File(tmp_path / "x.h5ad", "w") as file:
        fill(file, var=("g1", "g1", "g3"))
    with pytest.raises(
        AssayError, match=r"1 name twice in var: g1\. Names are unique; which of two is meant is not guess"
    ):
        read_h5ad(tmp_path / "x.h5ad", rna())
    assert read_h5ad(tmp_path / "x.h5ad", rna(duplicates="max")).values.shape == (2, 2)


def test_files_that_are_none(tmp_path: Path):
    (tmp_path / "x.h5ad").write_text("no HDF5")
    with pytest.raises(AssayError, match="An h5ad or h5mu file is HDF5 as anndata or mudata write it"):
        read_h5ad(tmp_path / "x.h5ad", rna())
    with pytest.raises(AssayError, match="not there"):
        read_h5ad(tmp_path / "y.h5ad", rna())
    with h5py.File(tmp_path / "z.h5ad", "w") as file:
        fill(file, values=VALUES[:, :2])
    with pytest.raises(AssayError, match="values 2 x 2, 2 names in obs, 3 in var"):
        read_h5ad(tmp_path / "z.h5ad", rna())
    with h5py.File(tmp_path / "w.h5ad", "w") as file:
        fill(file)
        del file["obs"]
    with pytest.raises(AssayError, match="no group obs"):
        read_h5ad(tmp_path / "w.h5ad", rna())


def test_what_anndata_itself_writes(tmp_path: Path):
    anndata = pytest.importorskip("anndata")
    import pandas as pd
    import scipy.sparse

    before = pd.get_option("future.infer_string")
    pd.set_option("future.infer_string", False)  # anndata 0.12 does not write the strings of pandas 3
    try:
        obs = pd.DataFrame(index=pd.Index(["S1", "S2"], dtype=object))
        var = pd.DataFrame({"symbol": ["A", "B", "C"]}, index=pd.Index(["g1", "g2", "g3"], dtype=object))
        for name, values in (("dense", VALUES), ("sparse", scipy.sparse.csc_matrix(VALUES))):
            anndata.AnnData(values, obs=obs, var=var).write_h5ad(tmp_path / f"{name}.h5ad")
    finally:
        pd.set_option("future.infer_string", before)
    for name in ("dense", "sparse"):
        found = read_h5ad(tmp_path / f"{name}.h5ad", rna())
        np.testing.assert_array_equal(found.values, VALUES.T)
        assert found.features["symbol"].tolist() == ["A", "B", "C"]
