"""Patients' expression: genes x patients in the file, patients x genes out, missing kept.

Nothing is fitted here: that is done in the fold.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Notice, Problem, TextTableError
from groprog_assets.methods.cohort.clinical_tables import examples
from groprog_assets.methods.cohort.expression_matrix import read_matrix
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import Cohort
from groprog_assets.study.text_tables import TableLayout, first_column, is_missing, table_layout

Scale = Literal["z_score", "log", "counts", "linear"]
IDENTIFIER_COLUMNS = ("Entrez_Gene_Id", "Hugo_Symbol", "gene_id", "Cytoband")
"""Further columns of gene identifiers that cBioPortal and others write beside the symbol."""
GENE_LABELS = frozenset(
    {
        "gene",
        "genes",
        "symbol",
        "hugo_symbol",
        "gene_symbol",
        "gene symbol",
        "gene_name",
        "gene name",
        "gene_id",
        "geneid",
    }
    | {
        "name",
        "id",
        "feature",
        "probe",
        "probe_id",
        "entrez_gene_id",
        "ensembl_id",
        "ensembl",
        "hgnc_symbol",
        "description",
    }
)
"""Names of a column of genes, lower case: what the first name of a header is when it is not a sample's."""


def read_expression(cohort: Cohort, patient_ids: Sequence[str]) -> dict[str, np.ndarray]:
    """Expression of the patients that have it, in the order of `patient_ids`.

    Arrays: `values` float32 (patients, genes), NaN = missing; `patient_id` (patients,) and `gene` (genes,) text;
    `averaged_gene`: symbols that stood in several rows (the mean of their rows is kept); `unit` (1,) text. Genes are sorted.
    Scales: z_score and log are kept as they are; counts become log2(1 + counts per million of the patient's genes in the
    file), linear values (TPM, FPKM) log2(1 + value). Rows without a symbol and genes without any value are left out.

    Raises CohortError with every problem: wrong orientation, no common patient, a patient in two
    columns, cells that are no number, infinite values, values that contradict the declared scale.
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
    path, scale = cohort.expression.path, cohort.expression.scale
    layout = table_layout(path)
    columns = _patient_columns(layout, patient_ids)
    matrix = read_matrix(layout, sorted(columns.values()))
    problems = _orientation_problems(layout, matrix.genes, columns, patient_ids) or matrix.problems
    if problems:
        raise CohortError(problems)
    if problems := scale_problems(matrix.values, scale, str(path)):
        raise CohortError(problems)
    patients = [patient for patient in patient_ids if patient in columns]
    place = {column: k for k, column in enumerate(sorted(columns.values()))}
    values = matrix.values[:, [place[columns[patient]] for patient in patients]]
    unit = {"z_score": "z-score", "log": "log, as given", "counts": "log2(1 + counts per million)"}.get(
        scale, "log2(1 + value)"
    )
    if scale == "counts":
        total = np.nansum(values, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log2(1 + values / np.where(total > 0, total, np.nan) * 1e6)
    elif scale == "linear":
        values = np.log2(1 + values)
    frame = pd.DataFrame(values, index=pd.Index(matrix.genes, dtype="str"))
    frame = frame[[not is_missing(gene) for gene in matrix.genes]]
    averaged = sorted(set(frame.index[frame.index.duplicated()]))
    frame = frame.groupby(level=0, sort=True).mean().dropna(how="all")
    return {
        "values": np.ascontiguousarray(frame.to_numpy(np.float32).T),
        "patient_id": np.array(patients, dtype=np.str_),
        "gene": frame.index.to_numpy(dtype=np.str_),
        "averaged_gene": np.array(averaged, dtype=np.str_),
        "unit": np.array([unit]),
    }


def expression_genes(path: Path) -> list[str]:
    """Gene symbols of an expression file, in its order, from its first column alone; cells that mean "no value" left out.

    Raises CohortError for a file that is no text table.
    """
    return [gene for gene in first_column(table_layout(path)) if not is_missing(gene)]


def _patient_columns(layout: TableLayout, patient_ids: Sequence[str]) -> dict[str, int]:
    """{patient: place of the column} of the patients that have one.

    Raises CohortError for a header one name short whose first name is no sample, for genes under a patient's name, and for a
    patient in two columns.
    """
    header, wanted = layout.columns, set(patient_ids)
    if layout.row_names:
        first = header[1]
        if first not in wanted and (layout.delimiter == "," or first.casefold() in GENE_LABELS):
            raise TextTableError(layout.short_header)
        value = f"the header has {len(header) - 1} names, the rows have {len(header)} cells"
        rule = "The first cells are read as gene symbols, as R's write.table leaves them without a name."
        remedy = f"Nothing, if {first!r} is a sample. To be sure: write.table(..., col.names = NA)."
        where = f"{layout.path}:{layout.header_line}"
        warnings.warn(Notice(Problem(where, value, rule, remedy)), stacklevel=2)
    elif header[0] in wanted:
        raise TextTableError(
            Problem(
                f"{layout.path}:{layout.header_line}",
                f"the first column is named {header[0]!r}, as a patient is; header and rows have {len(header)} cells",
                "The first column holds the gene symbols: is a name missing in the header?",
                "Name the first column, then the patients in the order of their columns.",
            )
        )
    across = [k for k, name in enumerate(header) if k and name in wanted]
    counted = Counter(header[k] for k in across)
    repeated = sorted(name for name, count in counted.items() if count > 1)
    if repeated:
        raise CohortError(
            Problem(
                f"{layout.path}:{layout.header_line}",
                f"{len(repeated)} patients in several columns ({examples(repeated)})",
                "A patient has one column.",
                "Choose one sample a patient.",
            )
        )
    return {header[k]: k for k in across}


def _orientation_problems(
    layout: TableLayout, genes: list[str], columns: Mapping[str, int], patient_ids: Sequence[str]
) -> list[Problem]:
    """Whether patients stand in the rows, or nowhere."""
    wanted, where = set(patient_ids), f"{layout.path}:{layout.header_line}"
    down = sum(gene in wanted for gene in genes)
    if down > len(columns):
        return [
            Problem(
                where,
                f"{down} patients stand in the rows, {len(columns)} in the columns",
                "Expression is genes x patients: one row a gene, one column a patient.",
                "Transpose the table.",
            )
        ]
    if not columns:
        shown = examples([name for name in layout.columns[1:] if name not in IDENTIFIER_COLUMNS], 3)
        return [
            Problem(
                where,
                f"none of the {len(wanted)} patients of the clinical table ({examples(patient_ids, 3)}) is a column ({shown})",
                "Column names are patient identifiers of the clinical table.",
                "Use the same identifiers; sample suffixes such as -01 must be removed.",
            )
        ]
    return []


def scale_problems(values: np.ndarray, scale: Scale, where: str) -> list[Problem]:
    """What in the values contradicts the declared scale; `values` (genes, patients), NaN ignored.

    Told from values alone: z-scores have negative values; logs lie below 64 and their genes are not centred at 0; counts are
    whole and not negative; linear values are not negative. What only might be wrong passes.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return [Problem(where, "no number in it", "Expression holds numbers.", "Is it the right file?")]
    lowest, highest = float(known.min()), float(known.max())
    whole = bool((known == np.round(known)).all())
    # z-scores: many negative values and genes whose median lies near 0; single values may be thousands (TCGA-LIHC's do)
    rows = values[np.isfinite(values).any(axis=1)]
    centred = bool((known < 0).mean() > 0.2 and np.median(np.abs(np.nanmedian(rows, axis=1))) < 0.6)
    looks = ""
    if scale == "z_score" and lowest >= 0:
        looks = "counts" if whole and highest > 64 else "linear" if highest > 64 else "log"
    elif scale == "log" and centred:
        looks = "z_score"
    elif scale == "log" and highest > 64:
        looks = "counts" if whole and lowest >= 0 else "linear"
    elif scale == "counts" and (lowest < 0 or not whole):
        looks = ("z_score" if centred else "log") if lowest < 0 else "linear" if highest > 64 else "log"
    elif scale == "linear" and lowest < 0:
        looks = "z_score" if centred else "log"
    if not looks:
        return []
    nature = "whole" if whole else "fractional"
    return [
        Problem(
            where,
            f"values from {lowest:g} to {highest:g}, {nature}",
            f"The study says {scale}; they look like {looks}.",
            f"Set cohort.expression.scale to {looks}, or give the right file.",
        )
    ]


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
