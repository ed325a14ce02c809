"""Assay files of new patients, read as those of the study were, for a model that was fitted to others. Files in, arrays out.

Nothing is fitted: the constants of the model say which features, scale, unit and batches are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AssayError, CohortError, Problem
from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.formats import Aids, read_assay
from groprog_assets.methods.assays.matched_samples import SampleNames
from groprog_assets.methods.assays.sample_table import SampleRows, read_sample_table
from groprog_assets.methods.integration.fold_covariates import PatientAssay
from groprog_assets.methods.integration.patient_assays import PatientAssays
from groprog_assets.methods.measurements.assay_frames import numbered
from groprog_assets.study.annotation_files import some
from groprog_assets.study.integration_parameters import IntegrationParameters
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.study.omics_assays import AssaySource, BatchCorrection, source_of
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

OPTION = "--assay"
SAMPLES = "--samples"


class NewAssays(NamedTuple):
    """assays: of the patients, in their order; notices: what was read and does not count, one sentence each."""

    assays: PatientAssays
    notices: tuple[str, ...]


def read_new_assays(
    files: Mapping[str, Path],
    samples: Path | None,
    patients: Sequence[str],
    sources: Sequence[AssaySource],
    fitted: Document,
    least_shared: int,
    aids: Aids = Aids(),  # noqa: B008 # it cannot be changed
) -> NewAssays:
    """The assays of `patients` in `files` {name of an assay of the study: file of the same format}, as read.

    samples: a table of the new samples, of the columns of the study's own (whose each is, its batch, covariates of the
    correction); None: a file names its samples as the patients, and no batch is known. sources: the study's assays; fitted: the
    document of the model's covariates (`fitted_covariates.written`). least_shared: features that file and model have in common at
    least, or all where the model has fewer.

    Raises CohortError with every problem: an assay that the study or the model does not have, what a reader refuses, another
    unit or scale than in training, too few features in common, samples without a row, a file without any of the patients,
    batches that the model needs and no table that gives them.
    """
    told: dict[str, Document] = {str(item["name"]): item for item in fitted["assays"]}
    # By source: the assays of the model that its file holds.
    members: dict[str, dict[str, Document]] = {source.name: {} for source in sources}
    for name, item in told.items():
        members[source_of(name, sources).name][name] = item
    problems = list(_unknown(files, members, fitted["left_out"]))
    given = [source for source in sources if source.name in files and members[source.name]]
    table: SampleRows | None = None
    if samples is not None:
        try:
            table = read_sample_table(samples, [_asked(source, members[source.name]) for source in sources])
        except CohortError as error:
            problems += error.problems
    if problems:
        raise AssayError(problems)
    made: list[PatientAssay] = []
    notices: list[str] = []
    for source in given:
        path = files[source.name]
        own = source.model_copy(update={"path": path, "detection_p": None})
        if source.detection_p is not None:
            notices.append(f"assay {source.name}: detection p-values are not read; values that fail them count")
        try:
            found = read_assay(own, aids)
            known = [assay_id for assay_id in found if assay_id in members[source.name]]
            if not known:
                rule = f"The model reads {', '.join(members[source.name])} of such a file."
                raise AssayError(Problem(str(path), f"it holds {', '.join(found)}", rule, "Give a file that has it."))
            notices += [f"assay {name}: not read by the model" for name in found if name not in known]
            for assay_id in known:
                assay = found[assay_id]
                assert isinstance(assay, AssayTable)  # the model has no other
                wrong = list(_other_values(path, assay, own, told[assay_id], least_shared))
                wrong += _without_batches(path, told[assay_id], table)
                if wrong:
                    raise AssayError(wrong)
                read, lost = _placed(path, assay, table, told[assay_id], source.name, patients)
                made.append(read)
                notices += lost
        except CohortError as error:
            problems += error.problems
    if problems:
        raise AssayError(problems)
    settings = MeasurementParameters(**fitted["measurements"]), IntegrationParameters()
    return NewAssays(PatientAssays(len(patients), tuple(made), {}, *settings), tuple(notices))


def _asked(source: AssaySource, members: Mapping[str, Document]) -> AssaySource:
    """The source with the covariates that the model needs of a new sample, and no outcome."""
    fits = [item["batches"] for item in members.values() if item["batches"]]
    covariates = list(dict.fromkeys(str(name) for held in fits for name, _ in held["encodings"]))
    return source.model_copy(update={"batch_correction": BatchCorrection(covariates=covariates)})


def _unknown(
    files: Iterable[str], members: Mapping[str, Mapping[str, Document]], left_out: Mapping[str, str]
) -> Iterator[Problem]:
    """Names that the study does not have, and assays that the model does not read."""
    rule = f"The model reads {', '.join(name for name, held in members.items() if held) or 'no assay'}."
    for name in files:
        if name not in members:
            yield Problem(OPTION, name, rule, "Score without it, or use the name of the assay in the study file.")
        elif not members[name]:
            why = f" {name} was left out of it: {' '.join(left_out[name].split())}" if name in left_out else ""
            yield Problem(OPTION, name, rule + why, "Score without it.")


def _other_values(
    path: Path, assay: AssayTable, source: AssaySource, told: Document, least_shared: int
) -> Iterator[Problem]:
    """Another scale, unit or naming than in training."""
    where = f"{path}, assay {told['name']}"
    for what in ("scale", "unit"):
        own = assay.said.get(what) or getattr(source, what) or ""
        if told.get(what) and own != told[what]:
            rule = f"The model was trained on values whose {what} is {told[what]}."
            yield Problem(where, f"{what} {own}", rule, f"Give the values with that {what}, or train the model again.")
    known = set(told["features"])
    shared = len(known & set(numbered(assay.features["feature_id"])))
    if shared < min(least_shared, len(known)):
        names = some(assay.features["feature_id"].tolist(), 3)
        rule = (
            f"The model's are {count_of(len(known), 'feature')}: {some(told['features'], 3)}; the file's are {names}."
        )
        remedy = "Name the features as in the training data, in the id_system of the study file."
        yield Problem(where, f"{count_of(shared, 'feature')} of the model", rule, remedy)


def _without_batches(path: Path, told: Document, table: SampleRows | None) -> list[Problem]:
    if not told["batches"] or table is not None:
        return []
    batches = told["batches"]["names"]
    rule = f"The model takes out effects of the batches {some(batches, 8)}, and does not count a sample of an unknown batch."
    remedy = f"Give {SAMPLES} with the columns sample, subject and batch."
    return [Problem(f"{path}, assay {told['name']}", "no batch of its samples", rule, remedy)]


def _placed(
    path: Path, assay: AssayTable, table: SampleRows | None, told: Document, source: str, patients: Sequence[str]
) -> tuple[PatientAssay, list[str]]:
    """The samples of the patients, and what is told of the others. Raises AssayError for samples without a row, and for a file
    that has none of the patients."""
    where = f"{path}, assay {told['name']}"
    if table is None:
        repeated = list(pd.Index(assay.samples)[pd.Index(assay.samples).duplicated()])
        if repeated:
            rule = "A sample stands once in an assay; twice, it would count as two."
            raise AssayError(Problem(where, some(repeated, 5), rule, "Remove one of them."))
        rows = pd.DataFrame({"subject": list(assay.samples), "batch": None, "is_reference": False})
        factors: dict[str, list[str | None]] = {}
    else:
        names = SampleNames(table)
        if problems := list(names.problems(where, source, assay.samples)):
            raise AssayError(problems)
        index = [row for row in (names.row(source, name) for name in assay.samples) if row is not None]
        rows = table.rows.iloc[index].reset_index(drop=True)
        factors = {name: [column[row] for row in index] for name, column in table.factors.items()}
    at = {name: place for place, name in enumerate(patients)}
    own = np.flatnonzero((rows["subject"].isin(patients) & ~rows["is_reference"]).to_numpy(dtype=bool))
    if not own.size:
        rule = "A sample is of a patient of the table, by identifier or by its row in the sample table."
        value = f"none of {count_of(len(rows), 'sample')} ({some(list(assay.samples), 3)}) is of a patient"
        raise AssayError(Problem(where, value, rule, f"Use the patients' identifiers, or give {SAMPLES}."))
    lost = len(rows) - own.size
    notices = [f"assay {told['name']}: {count_of(lost, 'sample')} of nobody in the table left out"] if lost else []
    batch = [None if name is None or name != name else str(name) for name in rows["batch"]]
    made = PatientAssay(
        name=str(told["name"]),
        method=str(told["method"]),
        scale=str(told["scale"]),
        normalised_scale=str(told["normalised_scale"]),
        correction=None,
        features=tuple(numbered(assay.features["feature_id"])),
        symbols=(),
        values=assay.values.astype(np.float64),
        owner=np.array([at.get(name, -1) for name in rows["subject"]], dtype=np.int64),
        batch=batch,
        columns=factors,
    )
    return made.samples(own[np.argsort(made.owner[own], kind="stable")]), notices
