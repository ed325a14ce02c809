"""Assays of before without the samples that may no longer be used: no file of an assay is read again. Tables in, tables out.

What is written is what reading the files again would give, since they are the same files under the same settings; only who may
be used has changed, and nobody who may be used now was left out before.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.measurements.layout import write_narrowed
from groprog_assets.study.omics_assays import AssaySource, source_of
from groprog_assets.tables.values import Document, Value


class EarlierAssays(NamedTuple):
    """The assays as they were made last: tables `assays`, `assay_samples`, `features`, `flagged_values`, the files of the
    matrices, the summary; permitted: the samples that could be used then."""

    table: pd.DataFrame
    samples: pd.DataFrame
    features: pd.DataFrame
    flagged: pd.DataFrame
    matrices: Mapping[str, Path]
    summary: Document
    permitted: Set[str]


class NarrowedAssay(NamedTuple):
    """One assay: its rows of the tables, its file (None where nobody is left), its summary."""

    assay_id: str
    row: pd.DataFrame
    samples: pd.DataFrame
    features: pd.DataFrame
    flagged: pd.DataFrame
    matrix: Path | None
    summary: Document


def earlier_assays(assay_raw: Mapping[str, Value], samples: Mapping[str, Value]) -> EarlierAssays:
    """What an earlier value of the asset `assay_raw` holds, which was made with that value of `samples`."""
    return EarlierAssays(
        table=assay_raw["table"],
        samples=assay_raw["samples"],
        features=assay_raw["features"],
        flagged=assay_raw["flagged"],
        matrices={name: file.path for name, file in assay_raw["matrices"].items()},
        summary=assay_raw["summary"],
        permitted=set(samples["table"]["sample_id"]),
    )


def can_be_narrowed(
    earlier: EarlierAssays | None, source: AssaySource, sources: Sequence[AssaySource], permitted: Set[str]
) -> bool:
    """Whether the assays of `source` follow from the earlier ones: matrices all, and nobody is new among the permitted."""
    if earlier is None or not permitted <= earlier.permitted:
        return False
    own = earlier.table[_of_source(earlier.table, source, sources)]
    return len(own) > 0 and bool((own["kind"] == "dense").all())


def narrowed_assays(
    earlier: EarlierAssays, source: AssaySource, sources: Sequence[AssaySource], permitted: Set[str], folder: Path
) -> Iterator[NarrowedAssay]:
    """The assays of `source` with the samples of `permitted` alone; files are written to `folder`.

    A file whose samples all stay is the earlier one, linked.
    """
    for assay_id in earlier.table.loc[_of_source(earlier.table, source, sources), "assay_id"]:
        row, samples, features, flagged = (
            table[table["assay_id"] == assay_id]
            for table in (earlier.table, earlier.samples, earlier.features, earlier.flagged)
        )
        samples = samples.sort_values("position")
        kept = np.flatnonzero(samples["sample_id"].isin(list(permitted)).to_numpy())
        summary = dict(earlier.summary[assay_id])
        matrix: Path | None = None
        if kept.size == len(samples):
            if assay_id in earlier.matrices:
                matrix = _linked(earlier.matrices[assay_id], folder / f"{assay_id}.parquet")
            yield NarrowedAssay(assay_id, row, samples, features, flagged, matrix, summary)
            continue
        for name in ("smallest", "largest"):
            summary.pop(name, None)
        share = np.nan
        if kept.size:
            matrix = folder / f"{assay_id}.parquet"
            made = write_narrowed(earlier.matrices[assay_id], matrix, kept.tolist())
            share = 1 - made.known / made.values if made.values else np.nan
            if made.known:
                summary |= {"smallest": made.smallest, "largest": made.largest}
        place = pd.Series(np.arange(kept.size, dtype=np.int32), index=kept)
        stays = flagged["position"].isin(kept)
        yield NarrowedAssay(
            assay_id,
            row.assign(samples=kept.size, missing_share=share),
            samples.iloc[kept].assign(position=np.arange(kept.size, dtype=np.int32)),
            features,
            flagged[stays].assign(position=place.reindex(flagged.loc[stays, "position"]).to_numpy()),
            matrix,
            summary,
        )


def _of_source(table: pd.DataFrame, source: AssaySource, sources: Sequence[AssaySource]) -> list[bool]:
    """Rows of the assays that the file of `source` holds."""
    return [source_of(str(assay_id), sources) is source for assay_id in table["assay_id"]]


def _linked(stored: Path, path: Path) -> Path:
    """The stored file under a name of its own, which can be moved into the store again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    try:
        os.link(stored, path)
    except OSError:  # another file system
        shutil.copyfile(stored, path)
    return path
