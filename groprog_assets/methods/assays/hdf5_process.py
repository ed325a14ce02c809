"""The program that reads an h5ad or h5mu file through HDF5, for `annotated_matrices`: a request as argument, arrays on stdout.

The answer is a line of JSON, {"said": …, "arrays": [[name, dtype, shape], …]} or {"error": text}, then the bytes of the arrays.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import h5py
import numpy as np

from groprog_assets.study.child_process import limit_memory

SYMBOLS = ("symbol", "gene_symbol", "gene_symbols", "gene_name", "feature_name")
"""Columns of `var` that hold gene symbols, the first that is there counts."""


class NotUnderstood(Exception):
    """The file is no AnnData or MuData as this program knows them."""


def texts(item: Any) -> list[str]:
    """A column of text: strings, categories, or the nullable strings of anndata 0.11 and later; a missing one is ""."""
    if isinstance(item, h5py.Group):
        if "categories" in item:
            names = texts(item["categories"])
            return [names[code] if code >= 0 else "" for code in item["codes"][()].tolist()]
        if "values" in item and "mask" in item:
            return [
                "" if gone else text
                for text, gone in zip(texts(item["values"]), item["mask"][()].tolist(), strict=True)
            ]
        raise NotUnderstood(f"{item.name} is stored in a way that is not known")
    return [cell.decode() if isinstance(cell, bytes) else str(cell) for cell in item[()].tolist()]


def names_of(group: Any, axis: str) -> list[str]:
    """The names of the rows of `obs` or `var`."""
    if axis not in group or not isinstance(group[axis], h5py.Group):
        raise NotUnderstood(f"no group {axis}; a file of anndata before 0.7 is written again by a newer one")
    index = group[axis].attrs.get("_index", "_index")
    index = index.decode() if isinstance(index, bytes) else index
    if index not in group[axis]:
        raise NotUnderstood(f"{axis} has no index {index!r}")
    return texts(group[axis][index])


def matrix(item: Any) -> np.ndarray:
    """(obs, var) numbers of a dense or sparse matrix."""
    if isinstance(item, h5py.Dataset):
        if item.ndim != 2 or item.dtype.kind not in "fiub":
            raise NotUnderstood(f"{item.name} is no matrix of numbers")
        return item[()]
    kind = item.attrs.get("encoding-type", item.attrs.get("h5sparse_format", ""))
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    shape = tuple(int(size) for size in item.attrs.get("shape", item.attrs.get("h5sparse_shape", ())))
    if kind[:3] not in ("csr", "csc") or len(shape) != 2:
        raise NotUnderstood(f"{item.name} is stored as {kind or 'something'} that is not known")
    data, indices, starts = (item[name][()] for name in ("data", "indices", "indptr"))
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    dense = np.zeros(shape, data.dtype)
    np.add.at(dense, (rows, indices) if kind[:3] == "csr" else (indices, rows), data)
    return dense


def answer(path: str, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """`list`: the modalities of an h5mu file ([] of an h5ad). `read`: names and values of one matrix."""
    with h5py.File(path, "r") as file:
        if request["do"] == "list":
            return {"modalities": sorted(file["mod"]) if "mod" in file else [], "single": "X" in file}, {}
        group = file["mod"][request["modality"]] if request["modality"] else file
        layers = sorted(group["layers"]) if "layers" in group else []
        layer = request["layer"]
        if layer and layer not in layers:
            raise NotUnderstood(f"no layer {layer!r}; its layers are {', '.join(layers) or 'none'}")
        if not layer and "X" not in group:
            raise NotUnderstood(f"no X; its layers are {', '.join(layers) or 'none'}")
        found = matrix(group["layers"][layer] if layer else group["X"])
        if found.dtype not in (np.float32, np.float64):
            found = found.astype(np.float64)
        columns = group["var"] if isinstance(group.get("var"), h5py.Group) else {}
        symbol = next((name for name in SYMBOLS if name in columns), "")
        said = {
            "samples": names_of(group, "obs"),
            "features": names_of(group, "var"),
            "symbols": texts(columns[symbol]) if symbol else [],
            "layers": layers,
        }
        return said, {"values": np.ascontiguousarray(found.T)}


def main() -> None:
    limit_memory()
    held: dict[str, np.ndarray] = {}
    try:
        said, held = answer(sys.argv[1], json.loads(sys.argv[2]))
        head: dict[str, Any] = {"said": said}
        head["arrays"] = [[name, array.dtype.str, list(array.shape)] for name, array in held.items()]
    except Exception as error:
        head = {"error": str(error) or type(error).__name__}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    for array in held.values():
        sys.stdout.buffer.write(array.tobytes())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
