"""Further omics of the patients (mutations, copy number, any other matrix): genes x patients in the files, patients x genes out.

Nothing is fitted here; fitting is done inside the training folds.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace as replaced

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, GroProgError, Notice, Problem
from groprog_assets.methods.cohort.clinical_tables import examples
from groprog_assets.methods.cohort.expression_matrix import Matrix as TextMatrix
from groprog_assets.methods.cohort.expression_matrix import read_matrix
from groprog_assets.methods.cohort.mutation_annotation import is_maf, read_maf
from groprog_assets.methods.cohort.patient_expression import orientation_problems, read_expression, usable_rows
from groprog_assets.methods.cohort.sample_columns import Sample, patient_columns, read_samples
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Cohort, Matrix
from groprog_assets.study.text_tables import TableLayout, count_of, table_layout
from groprog_assets.tables.values import Arrays

ALLOWED = {
    "mutations": (np.array([0.0, 1.0]), "0 (none) or 1 (a non-silent mutation)"),
    "copy_number": (
        np.array([-2.0, -1.5, -1.0, 0.0, 1.0, 2.0]),
        "-2, -1.5, -1, 0, 1 or 2, as GISTIC and cBioPortal call it",
    ),
}
"""By kind: the values of a cell, and how they are said."""
MEMBERS = ("values", "patient_id", "gene")


def read_omics(cohort: Cohort, patient_ids: Sequence[str]) -> Arrays:
    """The arrays of `read_expression`, and of each further matrix `<name>.values`, `.patient_id`, `.gene`, `.kind` likewise.

    Raises CohortError with every problem of every file.
    """
    problems: list[Problem] = []
    arrays: Arrays = {}
    try:
        arrays = dict(read_expression(cohort, patient_ids))
    except GroProgError as error:
        problems += error.problems
    samples: dict[str, Sample] = {}
    try:
        samples = read_samples(cohort.sample_table) if cohort.matrices else {}
    except GroProgError as error:
        problems += error.problems
    for matrix in cohort.matrices:
        try:
            arrays |= read_patient_matrix(matrix, patient_ids, samples)
        except GroProgError as error:
            problems += [
                replaced(item, where=f"cohort.matrices, {matrix.name}: {item.where}") for item in error.problems
            ]
    if problems:
        raise CohortError(list(dict.fromkeys(problems)))
    return arrays


def read_patient_matrix(matrix: Matrix, patient_ids: Sequence[str], samples: Mapping[str, Sample]) -> Arrays:
    """The arrays of one matrix: the patients it has, in the order of `patient_ids`; genes sorted.

    Several rows of one gene are joined: a mutation in any of them counts, numbers are averaged. Raises CohortError for a file
    without a patient, cells that are no number, values that its kind does not have.
    """
    layout = table_layout(matrix.file)
    what = matrix.name.replace("_", " ")
    if matrix.kind == "mutations" and is_maf(layout):
        found = read_maf(layout)
        columns = patient_columns(
            layout._replace(columns=["", *found.samples], row_names=False), patient_ids, samples, what
        )
        places = sorted(columns.values())
        numbers = list(range(1, len(found.genes) + 1))
        text = TextMatrix(found.genes, numbers, found.values[:, [place - 1 for place in places]], [])
    else:
        columns = patient_columns(layout, patient_ids, samples, what)
        places = sorted(columns.values())
        text = read_matrix(layout, places, *_wrong_cell(matrix))
    names = [layout.columns[place] for place in places] if len(layout.columns) > max(places, default=0) else []
    problems = orientation_problems(layout, text.genes, columns, patient_ids, what.capitalize()) or text.problems
    if problems := problems or list(_value_problems(matrix, layout, text, names)):
        raise CohortError(problems)
    patients = [patient for patient in patient_ids if patient in columns]
    at = {place: k for k, place in enumerate(places)}
    usable = usable_rows(layout, text)
    values = text.values[np.ix_(usable, [at[columns[patient]] for patient in patients])]
    frame = pd.DataFrame(values, index=pd.Index([text.genes[row] for row in usable], dtype="str"))
    grouped = frame.groupby(level=0, sort=True)
    frame = grouped.max() if matrix.kind == "mutations" else grouped.mean()
    frame = frame[~frame.isna().all(axis=1)]
    if not len(frame):
        raise CohortError(Problem(str(layout.path), "no gene with a value", "A matrix has values.", "Is it whole?"))
    return {
        f"{matrix.name}.values": np.ascontiguousarray(frame.to_numpy(np.float32).T),
        f"{matrix.name}.patient_id": np.array(patients, dtype=np.str_),
        f"{matrix.name}.gene": frame.index.to_numpy(dtype=np.str_),
        f"{matrix.name}.kind": np.array([matrix.kind]),
    }


def matrix_names(arrays: Arrays) -> list[str]:
    """The names of the further matrices among the arrays of `read_omics`."""
    return [name for name, dot, part in (key.rpartition(".") for key in arrays) if dot and part == "values"]


def members_of(arrays: Arrays, name: str) -> Arrays:
    """values, patient_id and gene of the matrix `name`, or of the expression for the name ""."""
    return {part: arrays[f"{name}.{part}" if name else part] for part in MEMBERS}


def gene_names(arrays: Arrays | None) -> set[str]:
    """The genes of the expression and of every further matrix."""
    names = {} if arrays is None else arrays
    return {gene for key in names if key == "gene" or key.endswith(".gene") for gene in names[key].tolist()}


def matrix_problems(arrays: Arrays, cohort: Cohort, parameters: Parameters) -> list[Problem]:
    """What is seen of matrices beside each other: genes under other names than the expression's. Said as a Notice: patients
    who were measured, and mutated genes that enough of them carry."""
    problems = []
    known = set(arrays["gene"].tolist()) if "gene" in arrays else set()
    for matrix in cohort.matrices:
        values, _, genes = members_of(arrays, matrix.name).values()
        where = f"cohort.matrices, {matrix.name}"
        enough_to_tell = known and len(genes) >= parameters.cohort.minimum_shared_genes
        if enough_to_tell and matrix.kind != "continuous" and not known & set(genes.tolist()):
            value = f"none of its {len(genes):,} genes ({examples(genes.tolist(), 3)}) is one of the expression"
            rule = f"Genes of both are symbols; the expression has {examples(sorted(known), 3)}."
            problems.append(Problem(where, value, rule, "Use the same gene symbols in both files."))
        told = f"{len(values)} patients measured, {count_of(len(genes), 'gene')}"
        if matrix.kind == "mutations":
            least = parameters.matrices.minimum_carriers
            enough = int(((values == 1).sum(axis=0) >= least).sum())
            told += f", {enough} mutated in at least {least} of them"
            if not enough:
                rule = "Only such a gene is a column of the model: this matrix gives none."
                remedy = "Remove the matrix, or lower parameters.matrices.minimum_carriers."
                warnings.warn(Notice(Problem(where, told, rule, remedy)), stacklevel=2)
                continue
        warnings.warn(Notice(Problem(where, told, "", "")), stacklevel=2)
    return problems


def _wrong_cell(matrix: Matrix) -> tuple[str, str]:
    """(rule, remedy) of a cell that is no number."""
    if matrix.kind not in ALLOWED:
        return "A value is a finite number; missing is an empty cell or NA.", "Correct the cell."
    remedy = "Write 1 for it, or give the MAF itself." if matrix.kind == "mutations" else "Correct the cell."
    return f"A cell is {ALLOWED[matrix.kind][1]}; missing is an empty cell or NA.", remedy


def _value_problems(matrix: Matrix, layout: TableLayout, text: TextMatrix, names: Sequence[str]) -> Iterator[Problem]:
    """One problem where a kind has values that it cannot have."""
    if matrix.kind not in ALLOWED:
        return
    allowed, said = ALLOWED[matrix.kind]
    wrong = np.isfinite(text.values) & ~np.isin(text.values, allowed)
    if not wrong.any():
        return
    row, column = np.argwhere(wrong)[0]
    values = text.values[wrong]
    whole = bool((values == np.round(values)).all())
    if matrix.kind == "mutations":
        remedy = (
            "Counts of mutations: write 1 for every count above 0, or give the MAF itself."
            if whole and (values > 0).all()
            else "Write 1 for a patient with a non-silent mutation of the gene, else 0; or give the MAF itself."
        )
    elif whole:
        remedy = (
            "Total copy numbers? Give GISTIC's calls (all_thresholded.by_genes, data_cna.txt), or set kind: continuous."
        )
    else:
        remedy = "Log-ratios? Give GISTIC's calls (all_thresholded.by_genes, data_cna.txt), or set kind: continuous."
    patient = f", patient {names[column]}" if names else ""
    value = f"{values[0]:g} and {count_of(int(wrong.sum()) - 1, 'more such cell')}"
    where = f"{layout.path}:{text.line_numbers[row]}{patient}, gene {text.genes[row]}"
    yield Problem(where, value, f"A cell of kind {matrix.kind} is {said}.", remedy)
