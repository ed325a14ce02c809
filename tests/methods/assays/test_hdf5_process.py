"""The program that reads HDF5: columns of text in every way that anndata has stored them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from groprog_assets.methods.assays.hdf5_process import NotUnderstood, matrix, texts


def test_columns_of_text(tmp_path: Path):
    text = h5py.string_dtype()
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("plain", data=["a", "ä"], dtype=text)
        file.create_dataset("fixed", data=np.array([b"a", b"b"]))
        nullable = file.create_group("nullable")
        nullable.create_dataset("values", data=["a", "x"], dtype=text)
        nullable.create_dataset("mask", data=np.array([False, True]))
        file.create_group("other")
        assert texts(file["plain"]) == ["a", "ä"]
        assert texts(file["fixed"]) == ["a", "b"]
        assert texts(file["nullable"]) == ["a", ""]
        with pytest.raises(NotUnderstood, match="/other is stored in a way"):
            texts(file["other"])
        with pytest.raises(NotUnderstood, match="/plain is no matrix of numbers"):
            matrix(file["plain"])
