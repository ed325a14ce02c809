"""The assays of a cohort's patients as the risk model takes them: values as read, what is done with them fitted in each fold.

Tables in, arrays out, and from the arrays an object that a training fold takes its patients from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.annotation.gmt import genes_of_sets
from groprog_assets.methods.integration.fitted_covariates import WrittenCovariates, read_back, written
from groprog_assets.methods.integration.fold_covariates import (
    PatientAssay,
    Standing,
    covariates,
    fit_covariates,
    standing,
)
from groprog_assets.methods.integration.subject_tables import symbols_of
from groprog_assets.methods.measurements.assay_frames import numbered
from groprog_assets.methods.measurements.batch_correction import number_columns
from groprog_assets.methods.measurements.layout import read_measurements
from groprog_assets.methods.measurements.normalisation import normalisation_of
from groprog_assets.methods.measurements.stages import held_assays, why_not_corrected
from groprog_assets.study.integration_parameters import IntegrationParameters
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.study.omics_assays import AssaySource, BatchCorrection
from groprog_assets.tables.values import Arrays, Document

NAME = "assays"
"""Name of the branch that these covariates are in the risk model."""
DOCUMENT = f"{NAME}/document"


def assay_arrays(
    wanted: Sequence[str],
    sources: Sequence[AssaySource],
    gene_sets: Path | None,
    patients: Mapping[str, str],
    tables: Mapping[str, pd.DataFrame],
    files: Mapping[str, Path],
    measurements: MeasurementParameters,
    integration: IntegrationParameters,
) -> Arrays:
    """The samples of `patients` {subject: patient} in the assays `wanted` (names in `sources`), as arrays.

    tables: `assays`, `assay_samples`, `features`, `samples`, `sample_factors`; files {assay: Parquet of the values as read}.
    Reference samples are left out. CohortError for an assay that is no matrix, and where no patient has a sample.
    """
    samples = tables["samples"]
    own = samples[~samples["is_reference"] & samples["subject_id"].isin(list(patients))].set_index("sample_id")
    chosen = [source for source in sources if source.name in wanted]
    told: list[Document] = []
    arrays: Arrays = {}
    known = symbols_of(tables["features"])
    units = tables["assays"].set_index("assay_id")["unit"].fillna("")
    for held in held_assays(tables["assays"], tables["assay_samples"], tables["sample_factors"], files, sources):
        if held.source not in chosen:
            continue
        order = tables["assay_samples"].query("assay_id == @held.assay_id").sort_values("position")["sample_id"]
        rows = np.flatnonzero(order.isin(own.index).to_numpy())
        if not rows.size:
            continue
        numbers, values = read_measurements(held.path)
        features = tables["features"].query("assay_id == @held.assay_id").set_index("feature_ix").loc[numbers.tolist()]
        method, scale = normalisation_of(held.source, held.omics, held.scale)
        why = why_not_corrected(held._replace(scale=scale))
        k = len(told)
        arrays[f"{NAME}/{k}/values"] = values[:, rows]
        arrays[f"{NAME}/{k}/patient_id"] = np.array(
            [patients[own["subject_id"][name]] for name in order.iloc[rows]], dtype=np.str_
        )
        told.append(
            {
                **{"name": held.assay_id, "method": method, "scale": held.scale, "normalised_scale": scale},
                "unit": str(units[held.assay_id]),
                "correction": None if why else held.source.batch_correction.model_dump(mode="json"),
                "features": numbered(features["feature_id"]),
                "symbols": [known[held.assay_id].get(str(name), str(name)) for name in features["feature_id"]],
                "batch": [held.batch[row] for row in rows],
                "columns": {name: [column[row] for row in rows] for name, column in held.columns.items()},
                # Told by everyone's values: a fold's own values may all be numbers where the column is not.
                "numbers": list(number_columns(held.columns, held.source.batch_correction.covariates)),
            }
        )
    if not told:
        rule = "A patient of the cohort who has consented is a subject of the sample table, under the same identifier."
        value = f"none of {len(patients)} patients has a sample in {', '.join(wanted)}"
        remedy = "Use the cohort's identifiers in the column subject, or remove cohort.omics."
        raise CohortError(Problem("cohort.omics", value, rule, remedy))
    sets = {} if gene_sets is None else genes_of_sets(gene_sets)
    document = {
        **{"assays": told, "sets": sets, "measurements": measurements.model_dump()},
        "integration": integration.model_dump(),
    }
    return {DOCUMENT: np.array([json.dumps(document)]), **arrays}


def tables_of(assay_raw: Mapping[str, pd.DataFrame], samples: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables of `assay_arrays` from the values of these assets."""
    held = {"assays": assay_raw["table"], "assay_samples": assay_raw["samples"], "features": assay_raw["features"]}
    return {**held, "samples": samples["table"], "sample_factors": samples["factors"]}


def patients_of(arrays: Arrays) -> dict[str, int]:
    """{assay: patients with a sample} of the arrays of `assay_arrays`."""
    told = json.loads(str(arrays[DOCUMENT][0]))["assays"]
    return {item["name"]: len(set(arrays[f"{NAME}/{k}/patient_id"].tolist())) for k, item in enumerate(told)}


@dataclass(frozen=True)
class PatientAssays:
    """The assays of `patients` patients, without outcomes. The model takes them as it takes a further matrix: a fold takes its
    patients, fits to them, and asks for the columns of any others."""

    patients: int
    assays: tuple[PatientAssay, ...]
    sets: dict[str, tuple[str, ...]]
    measurements: MeasurementParameters
    integration: IntegrationParameters

    name = kind = NAME

    @property
    def genes(self) -> tuple[str, ...]:
        """The features of all assays, the columns of `values`."""
        return tuple(f"{assay.name} {name}" for assay in self.assays for name in assay.features)

    @property
    def shape(self) -> tuple[int, int]:
        """(patients, features)."""
        return self.patients, sum(len(assay.features) for assay in self.assays)

    @property
    def values(self) -> NDArray[np.float32]:
        """(patients, features) as read, a patient's samples averaged, NaN = missing; to be looked at, not to be fitted."""
        parts = [np.zeros((self.patients, 0), np.float32)]
        for assay in self.assays:
            made = np.full((self.patients, len(assay.features)), np.nan, np.float32)
            joined = pd.DataFrame(assay.values.T).groupby(assay.owner).mean()
            made[joined.index] = joined.to_numpy()
            parts.append(made)
        return np.hstack(parts)

    def take(self, index: NDArray[np.integer | np.bool_]) -> PatientAssays:
        """The patients at `index`, integers or a mask, in that order."""
        wanted = np.arange(self.patients)[index]
        place = np.full(self.patients, -1)
        place[wanted] = np.arange(wanted.size)
        taken = []
        for assay in self.assays:
            rows = np.flatnonzero(place[assay.owner] >= 0)
            rows = rows[np.argsort(place[assay.owner[rows]], kind="stable")]
            own = assay.samples(rows)
            taken.append(own._replace(owner=place[own.owner]))
        return replace(self, patients=int(wanted.size), assays=tuple(taken))

    def measured_by(self) -> dict[str, NDArray[np.bool_]]:
        """{assay: (patients,) who has a sample with a value}."""
        found = {}
        for assay in self.assays:
            have = np.zeros(self.patients, bool)
            have[assay.owner[np.isfinite(assay.values).any(axis=0)]] = True
            found[assay.name] = have
        return found

    def measured(self) -> NDArray[np.bool_]:
        """(patients,) who has a value of any assay."""
        return np.any([np.zeros(self.patients, bool), *self.measured_by().values()], axis=0)

    def fit(self) -> WrittenCovariates:
        """The constants that these patients give, and the names of the covariates."""
        return written(fit_covariates(self.assays, self.sets, self.measurements, self.integration))

    def covariates(self, document: Document, arrays: Arrays) -> NDArray[np.floating]:
        """(patients, r) covariates by constants that `fit` gave; NaN where the assays of a patient do not give one."""
        return covariates(read_back(document, arrays), self.assays, self.patients)

    def standing(self, document: Document, arrays: Arrays, limit: float) -> dict[str, Standing]:
        """What constants that `fit` gave make of these patients, by assay of the fit (see `fold_covariates.standing`)."""
        return standing(read_back(document, arrays), self.assays, self.patients, limit)


def assays_of(arrays: Mapping[str, np.ndarray], patient_id: Iterable[str]) -> tuple[PatientAssays, ...]:
    """The assays among `arrays`, of the patients `patient_id` in that order; nothing where there are none."""
    if DOCUMENT not in arrays:
        return ()
    document = json.loads(str(arrays[DOCUMENT][0]))
    at = {patient: row for row, patient in enumerate(patient_id)}
    held = []
    for k, told in enumerate(document["assays"]):
        owner = np.array([at.get(name, -1) for name in arrays[f"{NAME}/{k}/patient_id"].tolist()], dtype=np.int64)
        correction = told["correction"]
        assay = PatientAssay(
            name=told["name"],
            method=told["method"],
            scale=told["scale"],
            normalised_scale=told["normalised_scale"],
            correction=None if correction is None else BatchCorrection(**correction),
            features=tuple(told["features"]),
            symbols=tuple(told["symbols"]),
            values=arrays[f"{NAME}/{k}/values"].astype(np.float64),
            owner=owner,
            batch=told["batch"],
            columns=told["columns"],
            numbers=tuple(told["numbers"]),
            unit=told.get("unit", ""),
        )
        rows = np.flatnonzero(owner >= 0)
        held.append(assay.samples(rows[np.argsort(owner[rows], kind="stable")]))
    sets = {name: tuple(genes) for name, genes in document["sets"].items()}
    settings = MeasurementParameters(**document["measurements"]), IntegrationParameters(**document["integration"])
    return (PatientAssays(len(at), tuple(held), sets, *settings),)
