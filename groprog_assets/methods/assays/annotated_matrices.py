"""Annotated matrices: h5ad (AnnData) and h5mu (MuData). The file is read by `hdf5_process`, in a process of its own.

Source: anndata, on-disk format; mudata, on-disk format.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.dense import dense_assay, feature_rows
from groprog_assets.study.annotation_files import some
from groprog_assets.study.child_process import command, how_it_ended
from groprog_assets.study.files import other_kind
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

PROGRAM = "groprog_assets.methods.assays.hdf5_process"
LONGEST = 3600
"""Seconds after which the reader of a file is given up."""


def read_h5ad(path: Path, source: AssaySource) -> AssayTable:
    """Features (var) x samples (obs) of X, or of `source.layer`.

    source_id: the name in var; symbol: a column of var with symbols. Other layers are named in the notices. Raises AssayError for
    a file that is none or damaged, a layer that is not there, names that stand twice: they are refused, not made unique.
    """
    held = _asked(path, {"do": "list"})[0]
    if not held["single"]:
        rule = "An h5ad file has one matrix X."
        remedy = (
            f"It has modalities ({some(held['modalities'])}): set format: h5mu." if held["modalities"] else "Check it."
        )
        raise AssayError(Problem(str(path), "no X", rule, remedy))
    return _read(path, source, "")


def read_h5mu(path: Path, source: AssaySource) -> Mapping[str, AssayTable]:
    """{modality: its matrix}; of `source.member` alone where it is given. Raises AssayError as `read_h5ad`."""
    names = _asked(path, {"do": "list"})[0]["modalities"]
    if not names:
        rule = "An h5mu file has modalities under mod/."
        raise AssayError(Problem(str(path), "no modality", rule, "Is it an h5ad file? Set format: h5ad."))
    if source.member and source.member not in names:
        rule = f"The modalities of the file are {some(names, 12)}."
        raise AssayError(Problem(str(path), f"no modality {source.member!r}", rule, "Name one of them in member."))
    return {name: _read(path, source, name) for name in ([source.member] if source.member else names)}


def _read(path: Path, source: AssaySource, modality: str) -> AssayTable:
    said, arrays = _asked(path, {"do": "read", "modality": modality, "layer": source.layer})
    values, place = arrays["values"], f"{path}, modality {modality}" if modality else str(path)
    features, samples = said["features"], said["samples"]
    if values.shape != (len(features), len(samples)):
        value = f"values {values.shape[1]} x {values.shape[0]}, {count_of(len(samples), 'name')} in obs, {len(features)} in var"
        raise AssayError(Problem(place, value, "A matrix has a row an obs and a column a var.", "Write it again."))
    for names, axis in ((samples, "obs"), (features, "var")):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice and (axis == "obs" or source.duplicates == "refuse"):
            value = f"{count_of(len(twice), 'name')} twice in {axis}: {some(twice, 5)}"
            rule = "Names are unique; which of two is meant is not guessed."
            raise AssayError(Problem(place, value, rule, "Rename them before writing the file."))
    notices = []
    others = [name for name in said["layers"] if name != source.layer]
    if others:
        read = f"layer {source.layer}" if source.layer else "X"
        value = f"read is {read}; there are layers {some(others, 8)}"
        notices.append(Problem(place, value, "One matrix of a file is one assay.", "Set layer to read another."))
    symbols = said["symbols"] or [""] * len(features)
    return dense_assay(
        path, source, feature_rows(features, symbol=symbols), samples, values.astype(np.float64), notices=notices
    )


def _asked(path: Path, request: dict[str, str]) -> tuple[dict[str, Any], dict[str, NDArray[np.floating]]]:
    """What the program answers: JSON, and arrays by name. Raises AssayError for what it cannot read."""
    rule, remedy = "An h5ad or h5mu file is HDF5 as anndata or mudata write it.", "Write it again with them."
    kind = other_kind(path)
    if kind or not path.is_file():
        raise AssayError(Problem(str(path), kind or "not there", rule, "Check the path."))
    try:
        ended = subprocess.run(
            [*command(PROGRAM), str(path), json.dumps(request)], capture_output=True, timeout=LONGEST, check=False
        )
    except subprocess.TimeoutExpired:
        raise AssayError(Problem(str(path), how_it_ended(None), rule, remedy)) from None
    line, newline, rest = ended.stdout.partition(b"\n")
    if not newline:
        raise AssayError(Problem(str(path), how_it_ended(ended.returncode), rule, remedy))
    answer = json.loads(line)
    if "error" in answer:
        raise AssayError(Problem(str(path), answer["error"], rule, remedy))
    arrays, at = {}, 0
    for name, dtype, shape in answer["arrays"]:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        arrays[name] = np.frombuffer(rest, dtype, int(np.prod(shape)), at).reshape(shape)
        at += size
    return answer["said"], arrays
