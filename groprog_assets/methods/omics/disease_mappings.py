"""Mappings between disease identifiers (SSSOM): which OMIM and ORPHA identifiers mean the same MONDO class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from groprog_assets.methods.omics.curies import curie
from groprog_assets.methods.omics.text_columns import comment_lines, text_columns
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document


class Mappings(NamedTuple):
    """Table `xrefs`; `summary`: JSON-able releases and counts."""

    table: pd.DataFrame
    summary: Document


EXACT = "skos:exactMatch"
_HEADER = re.compile(r"^\s*(mapping_set_id|mapping_set_version):\s*['\"]?([^'\"]+?)['\"]?\s*$")


def read_mappings(paths: Sequence[Path], version: str = "") -> Mappings:
    """The mappings of SSSOM files, as text or Parquet with the same columns.

    Every predicate is kept; `exact_mappings` says which rows are joined over. A row is `from_obsolete` where the label of its
    MONDO class begins with "obsolete ". version: the release where a file's header has none.
    """
    frames = []
    for path in paths:
        cells = text_columns(path, ("subject_id", "subject_label", "predicate_id", "object_id")).cells
        header = {hit[1]: hit[2] for line in comment_lines(path) if (hit := _HEADER.match(line))}
        why = cells["mapping_justification"] if "mapping_justification" in cells.columns else ""
        frames.append(
            pd.DataFrame(
                {
                    "from_id": _spelled(cells["subject_id"]),
                    "predicate": cells["predicate_id"],
                    "to_id": _spelled(cells["object_id"]),
                    "justification": why,
                    "set_id": header.get("mapping_set_id", path.name),
                    "set_version": header.get("mapping_set_version", version) or "not stated",
                    "from_obsolete": cells["subject_label"].str.lower().str.startswith("obsolete ").to_numpy(),
                }
            )
        )
    columns = ["from_id", "predicate", "to_id", "justification", "set_id", "set_version", "from_obsolete"]
    every = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    every["justification"] = every["justification"].where(every["justification"] != "", None)
    every["from_obsolete"] = every["from_obsolete"].astype(bool)
    key = ["from_id", "predicate", "to_id", "set_id"]
    table = conform(every.drop_duplicates(key).sort_values(key), "xrefs")
    exact = exact_mappings(table)
    summary = {
        "rows": len(table),
        "version": ", ".join(sorted(set(table["set_version"]))),
        "obsolete": int(table["from_obsolete"].sum()),
        "joined": len(exact),
        "other_predicates": int((table["predicate"] != EXACT).sum()),
    }
    return Mappings(table, summary)


def exact_mappings(xrefs: pd.DataFrame) -> pd.DataFrame:
    """The rows of `xrefs` that are joined over: exact matches of MONDO classes that are not obsolete."""
    return xrefs[(xrefs["predicate"] == EXACT) & ~xrefs["from_obsolete"]]


def classes_of(xrefs: pd.DataFrame, prefix: str) -> dict[str, list[str]]:
    """{identifier of `prefix`: its MONDO classes}, many to many; `prefix` is OMIM or ORPHA, never OMIMPS."""
    return _grouped(exact_mappings(xrefs), "to_id", "from_id", f"{prefix}:")


def members_of(xrefs: pd.DataFrame, prefix: str) -> dict[str, list[str]]:
    """{MONDO class: its identifiers of `prefix`}, many to many."""
    exact = exact_mappings(xrefs)
    return _grouped(exact[exact["to_id"].str.startswith(f"{prefix}:")], "from_id", "to_id", "")


def _grouped(rows: pd.DataFrame, key: str, value: str, start: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one, other in rows[[key, value]].itertuples(index=False, name=None):
        if one.startswith(start):
            found.setdefault(one, []).append(other)
    return {one: sorted(set(others)) for one, others in found.items()}


def _spelled(identifiers: Iterable[str]) -> list[str]:
    return [curie(item) for item in identifiers]
