"""Rules about the patients' matrices: expression and further omics. Study in, findings out; standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from groprog_assets.errors import TextTableError
from groprog_assets.study.finding import Finding
from groprog_assets.study.omics_assays import SPARSE
from groprog_assets.study.schema import Cohort, OtherCohort, Study
from groprog_assets.study.text_tables import table_layout

Location = tuple[str | int, ...]
TAKEN = frozenset(
    {"clinical", "omics", "signature", "network", "linear_path", "descriptors", "density", "pausing", "differential"}
    | {"whole", "perceptron", "columns", "gene_deviation", "modality_dropout", "coupling", "balance", "ranking"}
    | {
        "coherence",
        "gradient_rates",
        "event_weights",
        "moving_average",
        "expression",
        "assays",
        "sequence",
        "pretrained",
    }
)
"""Names of branches and parts of the model, which stand beside those of matrices in results."""


def matrix_files(cohort: Cohort | OtherCohort, part: Location) -> Iterator[tuple[Location, Path]]:
    """(where in the study, file) of expression and further matrices; `part`: where the cohort stands."""
    if cohort.expression is not None:
        yield (*part, "expression", "path"), cohort.expression.file
    for k, matrix in enumerate(cohort.matrices):
        yield (*part, "matrices", k, "path"), matrix.file


def matrix_rules(study: Study) -> Iterator[Finding]:
    """Names of matrices are told apart, and an external cohort gives those of the study's cohort, of the same kind."""
    own = study.patients
    seen: set[str] = set()
    for k, matrix in enumerate(own.matrices):
        at: Location = ("cohort", "matrices", k, "name")
        if matrix.name in seen:
            yield Finding(at, matrix.name, "Matrices are told apart by name.", "Rename one.")
        elif matrix.name in TAKEN:
            yield Finding(at, matrix.name, "A part of the model has this name.", f"Say which, as rna_{matrix.name}.")
        seen.add(matrix.name)
    files: dict[Path, str] = {own.expression.file: "the expression"} if own.expression is not None else {}
    for k, matrix in enumerate(own.matrices):
        if matrix.file in files:
            rule = f"Each matrix has a file of its own; this is that of {files[matrix.file]}."
            yield Finding(("cohort", "matrices", k, "path"), str(matrix.file), rule, "Name the other file.")
        files.setdefault(matrix.file, matrix.name)
    kinds = {matrix.name: matrix.kind for matrix in own.matrices}
    for j, other in enumerate(study.validation):
        for k, matrix in enumerate(other.matrices):
            there: Location = ("validation", j, "matrices", k)
            if matrix.name not in kinds:
                rule = f"An external cohort gives matrices of the study's cohort: {', '.join(kinds) or 'it has none'}."
                yield Finding((*there, "name"), matrix.name, rule, "Use that name, or remove the matrix.")
            elif matrix.kind != kinds[matrix.name]:
                rule = f"{matrix.name} is of kind {kinds[matrix.name]} in the study's cohort."
                yield Finding((*there, "kind"), matrix.kind, rule, "A matrix is of one kind everywhere.")


def patient_assay_rules(study: Study) -> Iterator[Finding]:
    """`cohort.omics` names matrices among the assays of the study, each once."""
    own = study.patients
    assays = {} if study.omics is None else {source.name: source for source in study.omics.assays}
    for k, name in enumerate(own.omics):
        at: Location = ("cohort", "omics", k)
        if name not in assays:
            rule = f"It is one of omics.assays: {', '.join(assays) or 'the study has none'}."
            yield Finding(at, name, rule, "Use that name, or remove it.")
        elif assays[name].format in SPARSE:
            rule = "Factors and scores need a matrix of features and samples."
            remedy = "Remove it; mutations and copy number are read by cohort.matrices."
            yield Finding(at, f"{name} is of the format {assays[name].format}", rule, remedy)
        elif name in own.omics[:k]:
            yield Finding(at, f"{name} twice", "An assay is named once.", "Remove one.")


def matrix_layouts(cohort: Cohort | OtherCohort, part: Location, broken: set[Location]) -> Iterator[Finding]:
    """Matrices whose header cannot be read, without those of `broken`, which are said already."""
    for at, path in matrix_files(cohort, part):
        if at in broken:
            continue
        try:
            table_layout(path)
        except TextTableError as error:
            for problem in error.problems:
                yield Finding(at, f"{problem.where}: {problem.value}", problem.rule, problem.remedy)
