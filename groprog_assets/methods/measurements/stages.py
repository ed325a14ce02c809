"""The stages of the assays' values: raw, normalised, corrected, filled. Each reads the files of the one before.

Constants are fitted on the samples at hand: for a figure or a factor model of the whole study that is every sample; a model that
is tested on held-out samples fits them on its training samples by the same functions (`fit_normalisation`, `fit_batches`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import Problem
from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.assay_tables import ReadAssay
from groprog_assets.methods.assays.sample_table import SampleRows
from groprog_assets.methods.measurements.batch_correction import (
    BatchFit,
    batch_problems,
    confoundings,
    correct,
    explained_share,
    fit_batches,
)
from groprog_assets.methods.measurements.layout import read_measurements, write_measurements
from groprog_assets.methods.measurements.missingness import filled, kept_features, missing_correlation
from groprog_assets.methods.measurements.normalisation import fit_normalisation, normalisation_of, normalise
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.study.omics_assays import AssaySource, source_of
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Arrays, Document, Progress

CONTINUOUS = ("log2", "log10", "ln", "mvalue", "npx", "zscore")
"""Scales on which a shift of a batch is a number added; ordinal values, counts and shares are not corrected."""
INDEX = "feature_ix"


class HeldAssay(NamedTuple):
    """A dense assay of a stage: its source, kind, scale and file; batch and columns (by factor) of its samples, in order."""

    assay_id: str
    source: AssaySource
    omics: str
    scale: str
    path: Path
    batch: list[str | None]
    columns: dict[str, list[str | None]]


class Stage(NamedTuple):
    """table: `assay_stages`; matrices {assay_id: Parquet}; constants {assay_id: arrays}; summary: JSON-able, by assay."""

    table: pd.DataFrame
    matrices: dict[str, Path]
    constants: dict[str, Arrays]
    summary: Document


class CorrectedStage(NamedTuple):
    """A stage with `effects`, the table `batch_effects`; forbidden {assay_id: why a correction was refused}."""

    stage: Stage
    effects: pd.DataFrame
    forbidden: dict[str, str]


def held_assays(
    stage: pd.DataFrame,
    samples: pd.DataFrame,
    factors: pd.DataFrame,
    files: Mapping[str, Path],
    sources: Sequence[AssaySource],
) -> Iterator[HeldAssay]:
    """The dense assays of a stage (table `assays` or `assay_stages`) with their files {assay_id: Parquet}.

    samples: table `assay_samples`; factors: `sample_factors`. Kind and scale are those of the stage, as a file of several assays
    tells them of each; `assay_stages` has no kind, and there it is that of the source.
    """
    wide = {name: part.set_index("sample_id")["value"] for name, part in factors.groupby("factor", sort=False)}
    told = stage.set_index("assay_id")
    for assay_id, path in files.items():
        source = source_of(assay_id, sources)
        omics = str(told["omics"][assay_id]) if "omics" in told else source.omics
        own = samples[samples["assay_id"] == assay_id].sort_values("position")
        columns = {str(name): _texts(own["sample_id"].map(values)) for name, values in wide.items()}
        yield HeldAssay(assay_id, source, omics, str(told["scale"][assay_id]), path, _texts(own["batch"]), columns)


def normalised(
    assays: Iterator[HeldAssay], parameters: MeasurementParameters, folder: Path, progress: Progress
) -> Stage:
    """Each assay on the scale of its kind, without features that are missing too often.

    Features are judged in the groups of the biological factor, where the study names one, else over all samples. The summary
    gives the method, how many features were left out, and the correlation of missing share with mean level.
    """
    made = _Made("normalised", folder)
    for assay in assays:
        numbers, values = read_measurements(assay.path)
        method, scale = normalisation_of(assay.source, assay.omics, assay.scale)
        groups = assay.columns.get(assay.source.batch_correction.biological_factor, [None] * values.shape[1])
        constants = fit_normalisation(values, method, assay.scale, scale)
        held = normalise(values, constants, parameters)
        kept = kept_features(held, groups, parameters.largest_missing_share)
        correlation = missing_correlation(held) if scale in CONTINUOUS else 0.0
        made.constants[assay.assay_id] = {
            "reference": constants.reference,
            "level": np.array([constants.level]),
            "feature_ix": numbers[kept],
        }
        made.summary[assay.assay_id] = {
            "method": method,
            "left_out": int((~kept).sum()),
            "missing_correlation": correlation,
            "missing_kind": assay.source.missing_kind,
        }
        made.add(assay.assay_id, method, scale, numbers[kept], held[kept])
        progress(f"{assay.assay_id}: {method}, {count_of(int(kept.sum()), 'feature')}, {int((~kept).sum()):,} left out")
    return made.stage()


def corrected(
    assays: Iterator[HeldAssay], parameters: MeasurementParameters, folder: Path, progress: Progress
) -> CorrectedStage:
    """Each assay without the effects of its batches, where the study asks for it and nothing forbids it, else as it was.

    The table of effects gives the share of variance between batches, and that of the biological factor, before and after.
    """
    made, effects, forbidden = _Made("corrected", folder), [], {}
    for assay in assays:
        numbers, values = read_measurements(assay.path)
        wish = assay.source.batch_correction
        why = why_not_corrected(assay)
        if not why:
            problems = batch_problems(assay.assay_id, assay.batch, assay.columns, wish, parameters)
            if problems:
                forbidden[assay.assay_id] = "; ".join(f"{item.value}. {item.rule}" for item in problems)
                why = "refused"
        result: NDArray[np.floating] = values
        if not why:
            fit = fit_batches(values, assay.batch, assay.columns, wish, parameters)
            result = correct(values, assay.batch, assay.columns, fit)
            made.constants[assay.assay_id] = _arrays(fit)
        effects.append(_effect(assay, values, result, why))
        method = "none" if why else "ComBat, shifts alone" if wish.mean_only else "ComBat"
        made.summary[assay.assay_id] = {"method": method, "why_not": why}
        made.add(assay.assay_id, method, assay.scale, numbers, result)
        progress(f"{assay.assay_id}: {method}" + (f" ({why})" if why else ""))
    table = pd.DataFrame(effects, columns=TABLES["batch_effects"].column_names)
    return CorrectedStage(made.stage(), conform(table, "batch_effects"), forbidden)


def filled_in(
    assays: Iterator[HeldAssay], parameters: MeasurementParameters, folder: Path, progress: Progress
) -> Stage:
    """Each assay with its missing values filled as its `missing_kind` says: for methods that need a whole matrix, not for tests.

    Ordinal values are not filled: between two of them lies nothing.
    """
    made = _Made("filled", folder)
    for assay in assays:
        numbers, values = read_measurements(assay.path)
        kind = assay.source.missing_kind if assay.scale in CONTINUOUS else "structural"
        found = filled(values.astype(np.float64), kind, parameters, assay.assay_id)
        counts = {"drawn": found.low, "predicted": found.predicted}
        made.summary[assay.assay_id] = {**counts, "seed": parameters.seed, "missing_kind": assay.source.missing_kind}
        method = f"{found.low} drawn below the limit, {found.predicted} predicted"
        made.add(assay.assay_id, method, assay.scale, numbers, found.values)
        progress(f"{assay.assay_id}: {method}")
    return made.stage()


def refused_corrections(read: ReadAssay, samples: SampleRows, parameters: MeasurementParameters) -> list[Problem]:
    """What forbids the correction that the study asks for, told before a run from the samples of the file."""
    source = read.source
    if not isinstance(read.found, AssayTable):
        return []
    said = read.found.said
    omics = said.get("omics") or source.omics
    _, scale = normalisation_of(source, omics, said.get("scale") or source.scale or "")
    columns = {name: [values[row] for row in read.rows] for name, values in samples.factors.items()}
    batch = _texts(samples.rows["batch"].iloc[read.rows])
    held = HeldAssay(read.assay_id, source, omics, scale, source.path, batch, columns)
    if why_not_corrected(held):
        return []
    return batch_problems(read.assay_id, batch, columns, source.batch_correction, parameters)


class _Made:
    """What a stage collects while it goes through the assays."""

    def __init__(self, name: str, folder: Path):
        self.name, self.folder = name, folder
        self.rows: list[Document] = []
        self.matrices: dict[str, Path] = {}
        self.constants: dict[str, Arrays] = {}
        self.summary: Document = {}

    def add(
        self, assay_id: str, method: str, scale: str, numbers: NDArray[np.integer], values: NDArray[np.floating]
    ) -> None:
        """Write the values as float32."""
        held = values.astype(np.float32, copy=False)
        self.matrices[assay_id] = write_measurements(self.folder / f"{assay_id}.parquet", numbers, held)
        share = float(np.isnan(held).mean()) if held.size else np.nan
        row = {"assay_id": assay_id, "stage": self.name, "method": method, "scale": scale}
        self.rows.append({**row, "features": len(held), "samples": held.shape[1], "missing_share": share})

    def stage(self) -> Stage:
        columns = ["assay_id", "stage", "method", "scale", "features", "samples", "missing_share"]
        table = conform(pd.DataFrame(self.rows, columns=columns), "assay_stages")
        return Stage(table, self.matrices, self.constants, self.summary)


def why_not_corrected(assay: HeldAssay) -> str:
    """Why there is nothing to correct; empty where there is."""
    if assay.source.batch_correction.method == "none":
        return "not asked for"
    if assay.scale not in CONTINUOUS:
        return f"values of the scale {assay.scale} are not shifted"
    names = set(assay.batch)
    if names == {None}:
        return "no batches are stated"
    return "one batch" if len(names) == 1 else ""


def _effect(assay: HeldAssay, before: NDArray[np.floating], after: NDArray[np.floating], why: str) -> Document:
    """The row of `batch_effects`."""
    wish = assay.source.batch_correction
    factor = wish.biological_factor
    column = assay.columns.get(factor, [None] * len(assay.batch))
    shares = [
        (explained_share(values, assay.batch), explained_share(values, column))
        for values in ((before,) if after is before else (before, after))
    ]
    told = sorted(confoundings(assay.batch, assay.columns, wish), key=lambda item: -item.association)
    return {
        "assay_id": assay.assay_id,
        "corrected": not why,
        "why_not": why or None,
        "batches": len({name for name in assay.batch if name is not None}),
        "covariates": list(wish.covariates),
        "batch_share_before": shares[0][0],
        "batch_share_after": shares[-1][0],
        "factor": factor or None,
        "factor_share_before": shares[0][1],
        "factor_share_after": shares[-1][1],
        "associated_with": told[0].factor if told else None,
        "association": told[0].association if told else np.nan,
    }


def _arrays(fit: BatchFit) -> Arrays:
    """The constants of a correction as arrays; levels of covariates as text."""
    levels = [f"{encoding.name}={'|'.join(encoding.levels)}" for encoding in fit.encodings]
    return {
        "batch": np.array(fit.batches, dtype=np.str_),
        "covariates": np.array(levels, dtype=np.str_),
        **{name: np.asarray(value) for name, value in fit.constants._asdict().items()},
    }


def _texts(values: pd.Series) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in values]
