"""The assays of a study as tables and files of values; only samples of subjects who may be used are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AssayError, CohortError
from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.formats import Aids, Assay, read_assay, source_digest
from groprog_assets.methods.assays.matched_samples import SampleNames
from groprog_assets.methods.assays.narrowed_assays import EarlierAssays, can_be_narrowed, narrowed_assays
from groprog_assets.methods.assays.sample_table import SampleRows
from groprog_assets.methods.assays.sparse_tables import SparseTables, joined, joined_sparse, of_samples
from groprog_assets.methods.measurements.layout import write_measurements
from groprog_assets.methods.measurements.normalisation import NONE, normalisation_of
from groprog_assets.methods.omics.foreign_keys import broken_keys
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document, Progress

MOST_PROBLEMS = 30
SAID = ("platform", "unit", "scale", "genome_build", "id_system")
"""What the file of an assay may say, else the study file."""


class ReadAssay(NamedTuple):
    """An assay as read: its id, its source, what the file holds, and the row of the sample table of each of its samples."""

    assay_id: str
    source: AssaySource
    found: Assay
    rows: list[int]


class AssayTables(NamedTuple):
    """Tables `assays`, `assay_samples`, `features`, `flagged_values`, `variants`, `genotypes`, `variant_consequences`,
    `intervals`; matrices {assay_id: Parquet of `measurements.layout`}; summary: JSON-able counts by assay."""

    table: pd.DataFrame
    samples: pd.DataFrame
    features: pd.DataFrame
    flagged: pd.DataFrame
    sparse: SparseTables
    matrices: dict[str, Path]
    summary: Document

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by the names of the members of `assay_raw`."""
        own = {"table": self.table, "samples": self.samples, "features": self.features, "flagged": self.flagged}
        return own | self.sparse._asdict()

    def broken(self, samples: pd.DataFrame) -> list[str]:
        """Keys that lead nowhere, in words. samples: the table of that name."""
        named = {"assays": self.table, "assay_samples": self.samples, "features": self.features}
        named |= {"flagged_values": self.flagged, "genotypes": self.sparse.genotypes, "variants": self.sparse.variants}
        named |= {"variant_consequences": self.sparse.consequences, "intervals": self.sparse.intervals}
        return broken_keys({**named, "samples": samples})


def read_assays(
    sources: Sequence[AssaySource],
    samples: SampleRows,
    aids: Aids = Aids(),  # noqa: B008 # it cannot be changed
) -> Iterator[ReadAssay]:
    """Each assay of the sources, one at a time, so that no two matrices are in memory.

    Raises CohortError once all are read, with every problem of every file: what a reader refuses, samples without a row in the
    sample table, samples that stand twice.
    """
    names, problems = SampleNames(samples), []
    for source in sources:
        try:
            held = read_assay(source, aids)
        except CohortError as error:
            problems += error.problems
            continue
        for assay_id, found in held.items():
            called = found.samples if isinstance(found, AssayTable) else found.profiled
            wrong = list(names.problems(f"{source.path}, assay {assay_id}", source.name, called))
            problems += wrong
            if not wrong:
                rows = [names.row(source.name, name) for name in called]
                yield ReadAssay(assay_id, source, found, [row for row in rows if row is not None])
    if problems:
        raise AssayError(problems[:MOST_PROBLEMS])


def described(assay: ReadAssay) -> str:
    """What an assay holds, in words: features, samples, the share of missing values, what was dropped or merged on reading."""
    found = assay.found
    if isinstance(found, AssayTable):
        features, samples = found.values.shape
        told = f"{count_of(features, 'feature')} of {samples:,} samples, {100 * np.isnan(found.values).mean():.1f} % missing"
    else:
        parts = {"variant": found.variants, "interval": found.intervals}
        counted = [count_of(len(table), name) for name, table in parts.items() if table is not None]
        told = f"{', '.join(counted)} of {len(found.profiled):,} samples"
    return told + "".join(f", {name.replace('_', ' ')} {count:,}" for name, count in found.counts.items() if count)


def assay_tables(
    sources: Sequence[AssaySource],
    samples: SampleRows,
    sample_ids: Sequence[str],
    permitted: Set[str],
    folder: Path,
    progress: Progress,
    aids: Aids = Aids(),  # noqa: B008 # it cannot be changed
    earlier: EarlierAssays | None = None,
) -> AssayTables:
    """Read every assay and keep the samples of those who may be used, in the order of the file.

    sample_ids (rows,): the pseudonym of each row of the sample table; permitted: those of subjects who may be used; folder: where
    the matrices are written. An assay none of whose samples may be used has no matrix. earlier: what this function gave for the
    same files and settings; a matrix follows from it where nobody is new among the permitted, and its file is not read. The
    result is the same without it. Raises CohortError as `read_assays`.
    """
    parts: dict[str, list[_Part]] = {source.name: [] for source in sources}
    unread = [source for source in sources if can_be_narrowed(earlier, source, sources, permitted)]
    for source in unread:
        assert earlier is not None
        for held in narrowed_assays(earlier, source, sources, permitted, folder):
            told = {held.assay_id: held.summary}
            parts[source.name].append(
                _Part(held.row, held.samples, held.features, held.flagged, None, held.matrix, told)
            )
            progress(f"{held.assay_id}: {count_of(len(held.samples), 'sample')}, from the earlier values")
    for assay in read_assays([source for source in sources if source not in unread], samples, aids):
        made = _part(assay, samples, sample_ids, permitted, folder)
        parts[assay.source.name].append(made)
        features = int(made.row["features"].iloc[0])
        progress(f"{assay.assay_id}: {count_of(features, 'feature')} of {len(made.samples):,} samples")
    made_parts = [part for own in parts.values() for part in own]
    return AssayTables(
        conform(joined([part.row for part in made_parts], "assays"), "assays"),
        conform(joined([part.samples for part in made_parts], "assay_samples"), "assay_samples"),
        conform(joined([part.features for part in made_parts if part.features is not None], "features"), "features"),
        conform(
            joined([part.flagged for part in made_parts if part.flagged is not None], "flagged_values"),
            "flagged_values",
        ),
        joined_sparse([part.sparse for part in made_parts if part.sparse is not None]),
        {name: part.matrix for part in made_parts for name in part.summary if part.matrix is not None},
        {name: told for part in made_parts for name, told in part.summary.items()},
    )


class _Part(NamedTuple):
    """One assay: its rows of the tables, those of a sparse one, the file of its matrix, {assay: summary}."""

    row: pd.DataFrame
    samples: pd.DataFrame
    features: pd.DataFrame | None
    flagged: pd.DataFrame | None
    sparse: SparseTables | None
    matrix: Path | None
    summary: Document


def _part(assay: ReadAssay, samples: SampleRows, sample_ids: Sequence[str], permitted: Set[str], folder: Path) -> _Part:
    assay_id, source, found, rows = assay
    kept = [k for k, row in enumerate(rows) if sample_ids[row] in permitted]
    chosen = [rows[k] for k in kept]
    summary: Document = {
        "counts": {**found.counts, "samples_in_file": len(rows)},
        "notices": [str(item) for item in found.notices],
    }
    own = _sample_rows(assay_id, samples.rows.iloc[chosen], [sample_ids[k] for k in chosen])
    if not isinstance(found, AssayTable):
        names = dict(zip(found.profiled, [sample_ids[row] for row in rows], strict=True))
        sparse = of_samples(assay_id, source, found, names, permitted)
        features = sum(len(table) for table in (found.variants, found.intervals) if table is not None)
        row = _assay_row(assay_id, source, found, features, len(kept), np.nan)
        return _Part(row, own, None, None, sparse, None, {assay_id: summary})
    values = found.values[:, kept]
    known = values[np.isfinite(values)]
    share = 1 - known.size / values.size if values.size else np.nan
    numbers = np.arange(len(values), dtype=np.int32)
    if known.size:
        summary |= {"smallest": float(known.min()), "largest": float(known.max())}
    matrix = write_measurements(folder / f"{assay_id}.parquet", numbers, values) if kept else None
    return _Part(
        _assay_row(assay_id, source, found, len(values), len(kept), share),
        own,
        found.features.assign(assay_id=assay_id, feature_ix=numbers),
        _flagged(assay_id, found, kept),
        None,
        matrix,
        {assay_id: summary},
    )


def _assay_row(
    assay_id: str, source: AssaySource, found: Assay, features: int, samples: int, share: float
) -> pd.DataFrame:
    """The row of `assays`."""
    dense = isinstance(found, AssayTable)
    omics = found.said.get("omics") or source.omics
    said = {name: found.said.get(name) or getattr(source, name) or None for name in SAID}
    row = {
        "assay_id": assay_id,
        "omics": omics,
        "kind": "dense" if dense else "sparse",
        **said,
        "missing_kind": source.missing_kind,
        "normalisation": normalisation_of(source, omics, said["scale"] or "")[0] if dense else NONE,
        "features": features,
        "samples": samples,
        "missing_share": share,
        "source_sha256": source_digest(source.path),
    }
    return pd.DataFrame([row])


def _sample_rows(assay_id: str, rows: pd.DataFrame, sample_ids: list[str]) -> pd.DataFrame:
    table = rows[["batch", "run_order"]].reset_index(drop=True)
    return table.assign(assay_id=assay_id, position=np.arange(len(rows), dtype=np.int32), sample_id=sample_ids)


def _flagged(assay_id: str, found: AssayTable, kept: list[int]) -> pd.DataFrame:
    rows, places = np.nonzero(found.flagged[:, kept]) if found.flagged is not None else (np.empty(0, int),) * 2
    return pd.DataFrame({"assay_id": assay_id, "feature_ix": rows, "position": places})
