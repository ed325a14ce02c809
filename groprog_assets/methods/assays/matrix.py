"""Reader of a text matrix (TSV, CSV, or Parquet by its suffix) whose orientation, scale and ids the study file declares."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.columns import collector, read_cells, read_header
from groprog_assets.methods.assays.dense import dense_assay, feature_rows, trimmed_notice
from groprog_assets.study.omics_assays import AssaySource

CURIES = {
    "hgnc": "HGNC",
    "entrez": "NCBIGene",
    "ensembl": "ENSEMBL",
    "uniprot": "UniProt",
    "chebi": "CHEBI",
    "hmdb": "HMDB",
    "mirbase": "miRBase",
    "refseq": "RefSeq",
}
"""Prefix of the CURIE by id system; an id of another system stands under the system's own name."""


def read_matrix(path: Path, source: AssaySource) -> AssayTable:
    """The matrix of `source`: first column the ids of the rows, first row those of the columns.

    A header one name short, as R's write.table leaves it, is read as R means it. Ids are text: a gene called NA stays one. Cells
    of `source.missing` are missing. Raises TextTableError for what is no table, AssayError with every cell that is no finite
    number, for repeated samples, and for features that stand twice where the study refuses them.
    """
    header = read_header(path)
    problems = collector(path)
    cells = read_cells(header, header.columns[:1], header.columns[1:], problems, source.missing)
    problems.raise_any()
    rows = cells.text.iloc[:, 0].tolist()
    if source.features_in == "rows":
        made = dense_assay(
            path, source, declared_features(rows, source), header.columns[1:], cells.values, lines=cells.lines
        )
    else:
        features = declared_features(header.columns[1:], source)
        made = dense_assay(path, source, features, rows, np.ascontiguousarray(cells.values.T))
    return replace(made, notices=(*made.notices, *trimmed_notice(cells)))


def place_of(path: Path, source: AssaySource, feature: str, sample: str) -> str:
    """ ":LINE, column NAME" of a feature's value of a sample in the file of `read_matrix`; "" where its rows have no lines."""
    if path.suffix == ".parquet":
        return ""
    header = read_header(path)
    found = read_cells(header, header.columns[:1], [], collector(path))
    row, column = (feature, sample) if source.features_in == "rows" else (sample, feature)
    hits = np.flatnonzero((found.text.iloc[:, 0] == row).to_numpy())
    return f":{found.lines[hits[0]]}, column {column}" if len(hits) else ""


def declared_features(names: list[str], source: AssaySource) -> pd.DataFrame:
    """Features of these ids of the study's id system, as FEATURE_COLUMNS: nothing is looked up, so none is mapped.

    Of an Ensembl id the version stays in `source_id` alone.
    """
    system = source.id_system.strip()
    prefix = CURIES.get(system.lower(), system or "local")
    bare = [name.partition(".")[0] for name in names] if system.lower() == "ensembl" else names
    written = [name if name.startswith(f"{prefix}:") else f"{prefix}:{name}" for name in bare]
    symbols = names if system.lower() == "symbol" else [None] * len(names)
    return feature_rows(names, feature_id=written, symbol=symbols, mapping=["unmapped"] * len(names))
