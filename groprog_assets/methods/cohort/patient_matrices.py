"""Further omics of the patients (mutations, copy number, any other matrix): genes x patients in the files, patients x genes out.

Nothing is fitted here; fitting is done inside the training folds.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace as replaced

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, GroProgError, Notice, Problem
from groprog_assets.methods.cohort.clinical_tables import examples
from groprog_assets.methods.cohort.expression_matrix import Matrix as TextMatrix
from groprog_assets.methods.cohort.expression_matrix import read_matrix
from groprog_assets.methods.cohort.mutation_annotation import is_maf, maf_problem, read_maf
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
        layout = layout._replace(columns=["", *found.samples], row_names=False)
        columns = patient_columns(layout, patient_ids, samples, what, in_rows=True)
        places = sorted(columns.values())
        numbers = list(range(1, len(found.genes) + 1))
        text = TextMatrix(found.genes, numbers, found.values[:, [place - 1 for place in places]], [])
    else:
        if problem := maf_problem(layout, matrix.kind, patient_ids, samples):
            raise CohortError(problem)
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
    _say_joined(layout, [text.genes[row] for row in usable], matrix.kind)
    values = text.values[np.ix_(usable, [at[columns[patient]] for patient in patients])]
    frame = pd.DataFrame(values, index=pd.Index([text.genes[row] for row in usable], dtype="str"))
    grouped = frame.groupby(level=0, sort=True)
    frame = grouped.max() if matrix.kind == "mutations" else grouped.mean()
    empty = frame.isna().all(axis=1)
    if empty.any() and not empty.all():
        value = (
            f"{int(empty.sum()):,} of {count_of(len(frame), 'gene')} without a value ({examples(frame.index[empty])})"
        )
        _say(layout, value, "A gene without any value is left out.", "Nothing, if they were not measured.")
    frame = frame[~empty]
    if not len(frame):
        raise CohortError(Problem(str(layout.path), "no gene with a value", "A matrix has values.", "Is it whole?"))
    return {
        f"{matrix.name}.values": np.ascontiguousarray(frame.to_numpy(np.float32).T),
        f"{matrix.name}.patient_id": np.array(patients, dtype=np.str_),
        f"{matrix.name}.gene": frame.index.to_numpy(dtype=np.str_),
        f"{matrix.name}.kind": np.array([matrix.kind]),
    }


def _say_joined(layout: TableLayout, genes: Sequence[str], kind: str) -> None:
    several = sorted(gene for gene, count in Counter(genes).items() if count > 1)
    if several:
        value = f"several rows of {count_of(len(several), 'gene')} ({examples(several)})"
        mutated = "A gene is mutated where one of its rows says so."
        rule = mutated if kind == "mutations" else "The rows of one gene are averaged."
        _say(layout, value, rule, "Nothing, or keep one row of each.")


def _say(layout: TableLayout, value: str, rule: str, remedy: str) -> None:
    warnings.warn(Notice(Problem(str(layout.path), value, rule, remedy)), stacklevel=4)


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
        told = f"{count_of(len(values), 'patient')} measured, {count_of(len(genes), 'gene')}"
        if matrix.kind == "mutations":
            least = parameters.matrices.minimum_carriers
            carriers, measured = (values == 1).sum(axis=0), np.isfinite(values).sum(axis=0)
            enough = int(((carriers >= least) & (carriers < measured)).sum())
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
    mutated = "Write 1 for a patient with a non-silent mutation of the gene, 0 for one without, or give the MAF itself."
    remedy = mutated if matrix.kind == "mutations" else "Correct the cell."
    return f"A cell is {ALLOWED[matrix.kind][1]}; missing is an empty cell or NA.", remedy


def _value_problems(matrix: Matrix, layout: TableLayout, text: TextMatrix, names: Sequence[str]) -> Iterator[Problem]:
    """One problem where a kind has values that it cannot have."""
    if matrix.kind not in ALLOWED:
        return
    allowed, said = ALLOWED[matrix.kind]
    known = np.isfinite(text.values)
    wrong = known & ~np.isin(text.values, allowed)
    if not wrong.any():
        yield from _one_sided(matrix, layout, text.values)
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
    value = f"{values[0]:g}" + (f" and {count_of(len(values) - 1, 'more such cell')}" if len(values) > 1 else "")
    where = f"{layout.path}:{text.line_numbers[row]}{patient}, gene {text.genes[row]}"
    yield Problem(where, value, f"A cell of kind {matrix.kind} is {said}.", remedy)


def _one_sided(matrix: Matrix, layout: TableLayout, values: np.ndarray) -> Iterator[Problem]:
    """One problem where cells are allowed each, and together are not what the kind means: 1 and nothing else beside empty cells,
    or copies counted.

    values: (genes, patients). A MAF has no empty cell. Of one or two patients to be scored copies are not judged.
    """
    where, known = str(layout.path), values[np.isfinite(values)]
    if matrix.kind == "mutations" and 0 < known.size < values.size and (known == 1).all():
        rule = "0 is a patient who was sequenced and has no mutation of the gene; an empty cell is one who was not sequenced."
        remedy = "Write 0 where the gene was sequenced and is not mutated."
        yield Problem(where, f"every cell is 1 or empty ({count_of(known.size, 'cell')} of 1)", rule, remedy)
    no_loss = matrix.kind == "copy_number" and values.shape[1] > 2 and (known >= 0).all()
    if no_loss and (known == 2).sum() > (known == 0).sum():
        value = (
            f"no cell below 0, and 2 more often than 0 ({int((known == 2).sum()):,} and {int((known == 0).sum()):,})"
        )
        rule = f"A cell of kind copy_number is {ALLOWED['copy_number'][1]}: 0 is the normal state."
        remedy = (
            "Total copy numbers? Give GISTIC's calls (all_thresholded.by_genes, data_cna.txt), or set kind: continuous."
        )
        yield Problem(where, value, rule, remedy)
