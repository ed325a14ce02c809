"""Expression of the patients: genes x patients in the file, patients x genes out, missing values kept.

Nothing is fitted here; fitting is done inside the training folds.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Notice, Problem
from groprog_assets.methods.cohort.clinical_tables import examples
from groprog_assets.methods.cohort.expression_matrix import Matrix, read_matrix
from groprog_assets.methods.cohort.expression_scale import common_scale, scale_problems
from groprog_assets.methods.cohort.gene_symbols import spoiled_symbols, told
from groprog_assets.methods.cohort.sample_columns import IDENTIFIER_COLUMNS, patient_columns, read_samples
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import Cohort
from groprog_assets.study.text_tables import TableLayout, count_of, first_column, is_missing, table_layout

COUNTER_ROWS = frozenset(
    {"__no_feature", "__ambiguous", "__too_low_aQual", "__not_aligned", "__alignment_not_unique"}
    | {"N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"}
)
"""Rows in which htseq-count and STAR (--quantMode GeneCounts) count reads of no gene."""


def read_expression(cohort: Cohort, patient_ids: Sequence[str]) -> dict[str, np.ndarray]:
    """Expression of the patients that have it, in the order of `patient_ids`.

    Arrays: `values` float32 (patients, genes), NaN = missing; `patient_id` (patients,) and `gene` (genes,) text;
    `averaged_gene`: symbols that stood in several rows (the mean of their rows is kept); `unit` (1,) text. Genes are sorted.
    Scales: see `expression_scale`. Left out with a Notice: rows without a symbol or with a date instead of one, COUNTER_ROWS,
    genes without any value, columns of no patient (see `sample_columns`).

    Raises CohortError with every problem: wrong orientation, no common patient, a patient in two columns, rows that do not fit
    the header, cells that are no finite number; else values that contradict the declared scale.
    """
    if cohort.expression is None:
        nothing = np.array([], dtype=np.str_)
        values = np.empty((0, 0), np.float32)
        return {
            "values": values,
            "patient_id": nothing,
            "gene": nothing,
            "averaged_gene": nothing,
            "unit": np.array([""]),
        }
    path, scale = cohort.expression.file, cohort.expression.scale
    layout = table_layout(path)
    columns = patient_columns(layout, patient_ids, read_samples(cohort.sample_table))
    places = sorted(columns.values())
    matrix = _without_counters(layout, read_matrix(layout, places))
    problems = orientation_problems(layout, matrix.genes, columns, patient_ids) or matrix.problems
    if problems := problems or scale_problems(matrix.values, scale, str(path)):
        raise CohortError(problems)
    patients = [patient for patient in patient_ids if patient in columns]
    column = {place: k for k, place in enumerate(places)}
    values, unit = common_scale(matrix.values[:, [column[columns[patient]] for patient in patients]], scale, str(path))
    usable = usable_rows(layout, matrix)
    frame = pd.DataFrame(values[usable], index=pd.Index([matrix.genes[row] for row in usable], dtype="str"))
    averaged = sorted(set(frame.index[frame.index.duplicated()]))
    if averaged:
        value = f"several rows of {count_of(len(averaged), 'gene')} ({examples(averaged)})"
        _say(layout, value, "The rows of one gene are averaged.", "Nothing, or keep one row of each.")
        frame = frame.groupby(level=0, sort=True).mean()
    else:
        frame = frame.sort_index()
    empty = frame.isna().all(axis=1)
    if empty.any():
        value = (
            f"{int(empty.sum()):,} of {count_of(len(frame), 'gene')} without a value ({examples(frame.index[empty])})"
        )
        _say(layout, value, "A gene without any value is left out.", "Nothing, if they were not measured.")
    frame = frame[~empty]
    return {
        "values": np.ascontiguousarray(frame.to_numpy(np.float32).T),
        "patient_id": np.array(patients, dtype=np.str_),
        "gene": frame.index.to_numpy(dtype=np.str_),
        "averaged_gene": np.array(averaged, dtype=np.str_),
        "unit": np.array([unit]),
    }


def _without_counters(layout: TableLayout, matrix: Matrix) -> Matrix:
    """The matrix without COUNTER_ROWS, which would enter the samples' totals; they are said."""
    kept = [row for row, gene in enumerate(matrix.genes) if gene not in COUNTER_ROWS]
    if len(kept) == len(matrix.genes):
        return matrix
    counters = [gene for gene in matrix.genes if gene in COUNTER_ROWS]
    value = f"{count_of(len(counters), 'row')} that count reads of no gene ({examples(counters)})"
    _say(layout, value, "Counters of HTSeq and STAR are no genes: they are left out.", "Nothing is to be done.")
    genes, numbers = [matrix.genes[row] for row in kept], [matrix.line_numbers[row] for row in kept]
    return Matrix(genes, numbers, matrix.values[kept], matrix.problems)


def usable_rows(layout: TableLayout, matrix: Matrix) -> list[int]:
    """Places of the rows with a symbol; rows without one, and symbols that a spreadsheet made dates of, are left out and said."""
    unnamed = [row for row, gene in enumerate(matrix.genes) if is_missing(gene)]
    if unnamed:
        lines = ", ".join(str(matrix.line_numbers[row]) for row in unnamed[:5])
        value = f"{count_of(len(unnamed), 'row')} without a symbol (line {lines}{', ...' if len(unnamed) > 5 else ''})"
        _say(layout, value, "A row without a symbol is left out.", "Name their genes, or remove the rows.")
    spoiled = spoiled_symbols(matrix.genes)
    if spoiled:
        value = f"{count_of(len(spoiled), 'symbol')} made a date by a spreadsheet: {told(spoiled, matrix.genes)}"
        remedy = "Export the table again with symbols as text, or write the symbols the annotation uses."
        _say(layout, value, "Which gene a date was is not known: these rows are left out.", remedy)
    gone = set(unnamed)
    return [row for row, gene in enumerate(matrix.genes) if row not in gone and gene not in spoiled]


def _say(layout: TableLayout, value: str, rule: str, remedy: str) -> None:
    warnings.warn(Notice(Problem(str(layout.path), value, rule, remedy)), stacklevel=3)


def expression_genes(path: Path) -> list[str]:
    """The symbols of an expression file, each once, in its order: those of the rows that `read_expression` keeps.

    Raises TextTableError for a file that is no text table.
    """
    symbols = [symbol for symbol in first_column(table_layout(path)) if not is_missing(symbol)]
    spoiled = spoiled_symbols(symbols)
    return [symbol for symbol in dict.fromkeys(symbols) if symbol not in spoiled and symbol not in COUNTER_ROWS]


def orientation_problems(
    layout: TableLayout,
    genes: list[str],
    columns: Mapping[str, int],
    patient_ids: Sequence[str],
    what: str = "Expression",
) -> list[Problem]:
    """Problems of orientation: patients in the rows, or in neither rows nor columns."""
    wanted, where = set(patient_ids), f"{layout.path}:{layout.header_line}"
    down = sum(gene in wanted for gene in genes)
    if down > len(columns):
        return [
            Problem(
                where,
                f"{count_of(down, 'patient stands', 'patients stand')} in the rows, {len(columns)} in the columns",
                f"{what} is genes x patients: one row a gene, one column a patient.",
                "Transpose the table.",
            )
        ]
    if not columns:
        shown = examples([name for name in layout.columns[1:] if name not in IDENTIFIER_COLUMNS], 3)
        return [
            Problem(
                where,
                f"none of the {len(wanted)} patients of the clinical table ({examples(patient_ids, 3)}) is a column ({shown})",
                "A column is named by a patient's identifier or by that of one of their samples.",
                "Use the same identifiers, or put data_clinical_sample.txt, which says whose a sample is, beside the matrix.",
            )
        ]
    return []


def shared_genes(expression_genes: Iterable[str], genes: Iterable[str], parameters: CohortParameters) -> list[str]:
    """Symbols both the expression and the experiment have, sorted.

    Raises CohortError for fewer than `minimum_shared_genes`, with examples of both naming systems.
    """
    expression_genes, genes = list(expression_genes), list(genes)
    shared = sorted(set(expression_genes) & set(genes))
    if len(shared) < parameters.minimum_shared_genes:
        raise CohortError(
            Problem(
                "cohort.expression",
                f"{len(shared)} of its {len(expression_genes)} genes ({examples(expression_genes, 3)}) are among the "
                f"{len(genes)} of the annotation ({examples(genes, 3)})",
                f"At least {parameters.minimum_shared_genes} symbols must be shared for the experiment to say anything.",
                "Use the same gene symbols in both, or parameters.representation.mode: clinical.",
            )
        )
    return shared
