"""Nascent libraries of new patients (matched mode), measured as those of the training patients were. Files in, arrays out.

Genes, the experiment's control and every setting are those behind the model in use, as recorded when it was trained. No
Dagster.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from groprog_assets.errors import CohortError, GroProgError, Problem, ReadsError
from groprog_assets.prognosis.standing_model import read_standing_or_newest
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.derivations import Record, output
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.parameters import FilteringParameters, PausingParameters
from groprog_assets.study.schema import SINGLE_FILES, Library
from groprog_assets.study.text_tables import misspelled
from groprog_assets.tables.values import Document, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from groprog_assets.methods.reads.filtered_alignments import FilteredAlignments

LIKE_TRAINING = ("assay", "read_end")
"""What a library must share with those of the training patients for its densities to mean the same."""
COLUMNS = (*SINGLE_FILES, *LIKE_TRAINING, "strandedness")


class MeasuredInTraining(NamedTuple):
    """How the training patients' libraries were measured: values of genes and gene_models, the control's gene_signal, settings
    of filtering and pausing, and the libraries as the study described them."""

    genes: pd.DataFrame
    models: Bundle
    control: pd.DataFrame
    filtering: FilteringParameters
    pausing: PausingParameters
    libraries: list[Document]


def measure_patients(workspace: Workspace, path: Path, patients: list[str], features: Bundle) -> dict[str, np.ndarray]:
    """Arrays values (n, g, J) float32 in the order of `patients`, NaN without a library; gene (g,), feature (J,).

    path: a table with the study's patient column and `alignments`, or `bigwig_plus` and `bigwig_minus` (paths beside the
    table); `assay`, `read_end` and `strandedness` may be left out where they are those of training. features: the value of
    normalized_features the model was trained on, whose constants are used. Raises CohortError with every problem of the table,
    ReadsError when a library has no reads left or its strand is not the declared one.
    """
    import numpy as np

    from groprog_assets.methods.features.normalized_features import NormalizedFeatures, normalize_patients
    from groprog_assets.methods.features.patient_features import patient_features
    from groprog_assets.methods.reads.filtered_alignments import filter_alignments

    trained = _measured_in_training(workspace)
    libraries = read_libraries(path, workspace.study.patients.patient_column, patients, trained.libraries)
    positions, problems = {}, []
    for patient, library in libraries.items():
        where = f"{path}, {patient}"
        try:
            filtered = filter_alignments(
                library.alignments or library.bigwig_plus or Path(),
                library,
                trained.models.chrom_sizes,
                trained.models.masks,
                trained.models.transcripts,
                trained.filtering,
                workspace.study.genome,
            )
        except GroProgError as error:
            problems += [
                Problem(f"{where}: {item.where}", item.value, item.rule, item.remedy) for item in error.problems
            ]
            continue
        problems += _blocking(where, filtered)
        positions[library.id] = filtered.positions
    if problems:
        raise ReadsError(problems)
    measured = patient_features(
        positions,
        list(libraries.values()),
        {patient: library.id for patient, library in libraries.items()},
        trained.genes,
        trained.control,
        trained.pausing,
    )
    own = normalize_patients(
        measured["values"], measured["feature"].tolist(), NormalizedFeatures(features.table, features.constants)
    )
    values = np.full((len(patients), *own.shape[1:]), np.nan, np.float32)
    at = {patient: row for row, patient in enumerate(patients)}
    values[[at[patient] for patient in measured["patient_id"].tolist()]] = own
    feature = features.table.columns.drop("gene").to_numpy(dtype=str)
    return {"values": values, "gene": measured["gene"], "feature": feature}


def _measured_in_training(workspace: Workspace) -> MeasuredInTraining:
    trained_on = read_standing_or_newest(workspace, "normalized_features").derivation
    behind = _record(workspace, trained_on, "patient_features")
    inputs = {(item["asset"], item["partition"]): item["derivation"] for item in behind["inputs"]}
    library = next(digest for (asset, _), digest in inputs.items() if asset == "filtered_alignments")
    filtered = workspace.derivations.read(library)
    signal = _value(workspace, workspace.derivations.read(inputs["gene_signal", ""]))
    owned = set(behind["study"]["cohort.nascent_libraries"].values())
    return MeasuredInTraining(
        genes=_value(workspace, workspace.derivations.read(inputs["genes", ""])),
        models=_value(workspace, _record(workspace, library, "gene_models")),
        control=signal[signal["condition"] == behind["study"]["contrast"]["control"]],
        filtering=FilteringParameters.model_validate(filtered["parameters"]["parameters.filtering"]),
        pausing=PausingParameters.model_validate(behind["parameters"]["parameters.pausing"]),
        libraries=[item for item in behind["study"]["libraries"] if item["id"] in owned],
    )


def _record(workspace: Workspace, digest: str, asset: str) -> Record:
    """The record of the input `asset` of the derivation `digest`."""
    inputs = workspace.derivations.read(digest)["inputs"]
    return workspace.derivations.read(next(item["derivation"] for item in inputs if item["asset"] == asset))


def _value(workspace: Workspace, record: Record) -> Value:
    return workspace.store.get(output(record), record["asset"], f"`{workspace.command}` makes it again.")


def read_libraries(path: Path, column: str, patients: list[str], training: list[Document]) -> dict[str, Library]:
    """{patient: library} of a table with a row a patient, named in `column`; training: the study's libraries of its patients.

    Raises CohortError with every problem: no such column or file, a patient who stands twice or is not among `patients`, files
    that are neither alignments nor a bigWig pair, an assay or read end the training patients' libraries do not have.
    """
    from groprog_assets.methods.cohort.clinical_tables import read_table

    table = read_table(path)
    if column not in table.cells:
        shown = ", ".join(map(str, table.cells.columns))
        raise CohortError(Problem(str(path), f"no column {column!r}", f"The columns are {shown}.", "Add it."))
    usual = {name: {str(item[name]) for item in training} for name in LIKE_TRAINING}
    libraries: dict[str, Library] = {}
    problems = misspelled(str(path), table.cells.columns, COLUMNS)
    for row, cells in enumerate(table.cells.to_dict("records")):
        where = f"{path}, line {table.line_numbers[row]}"
        patient = str(cells[column]).strip()
        given = {name: str(cells[name]).strip() for name in COLUMNS if name in cells and str(cells[name]).strip()}
        if patient not in patients or patient in libraries:
            rule = "One library a patient of the clinical table."
            problems.append(Problem(where, f"patient {patient!r}", rule, "Remove the row, or add the patient."))
            continue
        for name, seen in usual.items():
            given.setdefault(name, next(iter(seen)) if len(seen) == 1 else "")
            if given[name] not in seen:
                rule = f"The training patients' libraries have {', '.join(sorted(seen))}: others do not compare."
                problems.append(Problem(where, f"{name} {given[name]!r}", rule, "Give a library made as those were."))
        found = [name for name in SINGLE_FILES if name in given]
        if found not in (["alignments"], ["bigwig_plus", "bigwig_minus"]):
            rule = "A patient has `alignments` (BAM, SAM or CRAM), or `bigwig_plus` and `bigwig_minus`."
            problems.append(Problem(where, f"files: {', '.join(found) or 'none'}", rule, "Name the file."))
            continue
        places = {name: path.parent / given[name] for name in found}
        problems += [
            Problem(where, f"{name} {place}", "No such file.", "Mend the path; it is relative to the table.")
            for name, place in places.items()
            if not place.is_file()
        ]
        try:
            document = {**given, **places, "id": f"new_{row + 1}", "condition": "patient"}
            libraries[patient] = Library.model_validate(document)
        except ValidationError as error:
            problems += [
                Problem(where, f"{'.'.join(map(str, item['loc']))} {item['input']!r}", item["msg"], "")
                for item in error.errors(include_url=False)
            ]
    if problems:
        raise CohortError(problems)
    return libraries


def _blocking(where: str, filtered: FilteredAlignments) -> list[Problem]:
    """The checks that would keep a library out of a study."""
    from groprog_assets.checks.signal import any_signal
    from groprog_assets.checks.strandedness import strandedness

    rule = "A library that fails this check enters no study."
    verdicts = (any_signal(filtered.positions, "reads after filtering"), strandedness(filtered.summary))
    return [Problem(where, one.description, rule, "Mend the library.") for one in verdicts if not one.passed]
