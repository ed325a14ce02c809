"""The reader of each format of assay files, and what its values must be under the declared scale."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import AssayTable, SparseAssay
from groprog_assets.methods.assays.matrix import read_matrix
from groprog_assets.study.assay_scales import SCALE_RANGES
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

Assay = AssayTable | SparseAssay
READERS: dict[str, Callable[[Path, AssaySource], Assay | Mapping[str, Assay]]] = {"matrix": read_matrix}
"""By format: the function that reads `path`. A folder or container of several assays gives them by name."""


def read_assay(source: AssaySource) -> dict[str, Assay]:
    """{assay_id: what its file holds} of one source: its name, and where the file holds several assays `name.member`.

    Raises AssayError, or TextTableError, with every problem of the file; for a format that nobody reads; and for values that
    contradict the declared scale.
    """
    reader = READERS.get(source.format)
    if reader is None:
        rule = f"Formats that are read: {', '.join(sorted(READERS))}."
        raise AssayError(Problem(f"omics.assays, {source.name}", source.format, rule, "Convert the file to a matrix."))
    found = reader(source.path, source)
    if isinstance(found, Mapping):
        held = {f"{source.name}.{member}" if len(found) > 1 else source.name: assay for member, assay in found.items()}
    else:
        held = {source.name: found}
    problems = [
        problem for assay in held.values() if isinstance(assay, AssayTable) for problem in value_problems(assay, source)
    ]
    if problems:
        raise AssayError(problems)
    return held


def value_problems(assay: AssayTable, source: AssaySource) -> Iterator[Problem]:
    """Values that the declared scale cannot have, the first of each kind with its feature and sample."""
    values = assay.values
    if source.scale in SCALE_RANGES:
        least, most = SCALE_RANGES[source.scale]
        within = f"not below {least:g}" if np.isinf(most) else f"in [{least:g}, {most:g}]"
        yield from _named(assay, source, (values < least) | (values > most), f"A {source.scale} value is {within}.")
    if source.scale in ("count", "ordinal"):
        whole = np.isnan(values) | (values == np.round(values))
        what = "A count" if source.scale == "count" else "An ordinal value"
        yield from _named(assay, source, ~whole, f"{what} is a whole number.")
    yield from _named(assay, source, np.isinf(values), "A value is finite or missing.")


def _named(assay: AssayTable, source: AssaySource, wrong: np.ndarray, rule: str) -> Iterator[Problem]:
    if not wrong.any():
        return
    row, place = np.argwhere(wrong)[0]
    feature, sample = assay.features["source_id"].iloc[row], assay.samples[place]
    where = f"{source.path}, feature {feature}, sample {sample}"
    value = f"{assay.values[row, place]:.10g}, one of {count_of(int(wrong.sum()), 'value')}"
    yield Problem(where, value, f"{rule} The declared scale is {source.scale}.", "Correct the values, or the scale.")


def source_digest(path: Path) -> str:
    """sha256 of a file's bytes; of a folder, of the names and digests of the files in it."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(item for item in path.iterdir() if item.is_file()):
            digest.update(f"{file.name}\0{source_digest(file)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
