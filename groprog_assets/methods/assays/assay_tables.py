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
from groprog_assets.methods.assays.sample_table import SampleRows
from groprog_assets.methods.assays.sparse_tables import SparseTables, joined, joined_sparse, of_samples
from groprog_assets.methods.measurements.layout import write_measurements
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
        parts = {"variants": found.variants, "intervals": found.intervals}
        counted = [f"{len(table):,} {name}" for name, table in parts.items() if table is not None]
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
) -> AssayTables:
    """Read every assay and keep the samples of those who may be used, in the order of the file.

    sample_ids (rows,): the pseudonym of each row of the sample table; permitted: those of subjects who may be used; folder: where
    the matrices are written. An assay none of whose samples may be used has no matrix. Raises CohortError as `read_assays`.
    """
    tables: dict[str, list[pd.DataFrame]] = {"assays": [], "samples": [], "features": [], "flagged": []}
    sparse: list[SparseTables] = []
    matrices: dict[str, Path] = {}
    summary: Document = {}
    for assay_id, source, found, rows in read_assays(sources, samples, aids):
        kept = [k for k, row in enumerate(rows) if sample_ids[row] in permitted]
        chosen = [rows[k] for k in kept]
        counts = {**found.counts, "samples_in_file": len(rows)}
        summary[assay_id] = {"counts": counts, "notices": [str(item) for item in found.notices]}
        tables["samples"].append(_sample_rows(assay_id, samples.rows.iloc[chosen], [sample_ids[k] for k in chosen]))
        share, features = np.nan, 0
        if isinstance(found, AssayTable):
            values, features = found.values[:, kept], len(found.values)
            known = values[np.isfinite(values)]
            share = 1 - known.size / values.size if values.size else np.nan
            numbers = np.arange(features, dtype=np.int32)
            if known.size:
                summary[assay_id] |= {"smallest": float(known.min()), "largest": float(known.max())}
            if kept:
                matrices[assay_id] = write_measurements(folder / f"{assay_id}.parquet", numbers, values)
            tables["features"].append(found.features.assign(assay_id=assay_id, feature_ix=numbers))
            tables["flagged"].append(_flagged(assay_id, found, kept))
        else:
            names = dict(zip(found.profiled, [sample_ids[row] for row in rows], strict=True))
            sparse.append(of_samples(assay_id, source, found, names, permitted))
            features = sum(len(table) for table in (found.variants, found.intervals) if table is not None)
        tables["assays"].append(_assay_row(assay_id, source, found, features, len(kept), share))
        progress(f"{assay_id}: {count_of(features, 'feature')} of {len(kept):,} samples")
    return AssayTables(
        conform(joined(tables["assays"], "assays"), "assays"),
        conform(joined(tables["samples"], "assay_samples"), "assay_samples"),
        conform(joined(tables["features"], "features"), "features"),
        conform(joined(tables["flagged"], "flagged_values"), "flagged_values"),
        joined_sparse(sparse),
        matrices,
        summary,
    )


def _assay_row(
    assay_id: str, source: AssaySource, found: Assay, features: int, samples: int, share: float
) -> pd.DataFrame:
    """The row of `assays`."""
    row = {
        "assay_id": assay_id,
        "omics": found.said.get("omics") or source.omics,
        "kind": "dense" if isinstance(found, AssayTable) else "sparse",
        **{name: found.said.get(name) or getattr(source, name) or None for name in SAID},
        "missing_kind": source.missing_kind,
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
