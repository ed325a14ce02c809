"""Patients' expression: genes x patients in the file, patients x genes out, missing kept.

Nothing is fitted here: that is done in the fold.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.cohort.clinical_tables import examples
from groprog_assets.study.files import first_column, is_missing, open_text, table_layout
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import Cohort

Scale = Literal["z_score", "log", "counts", "linear"]
IDENTIFIER_COLUMNS = ("Entrez_Gene_Id", "Hugo_Symbol", "gene_id", "Cytoband")
"""Further columns of gene identifiers that cBioPortal and others write beside the symbol."""


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
    frame = _read_matrix(path, list(patient_ids))
    values, problems = _numbers(frame, path)
    problems += scale_problems(values, scale, str(path))
    if problems:
        raise CohortError(problems)
    patients = [patient for patient in patient_ids if patient in set(frame.columns)]
    unit = {"z_score": "z-score", "log": "log, as given", "counts": "log2(1 + counts per million)"}.get(
        scale, "log2(1 + value)"
    )
    if scale == "counts":
        total = np.nansum(values, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log2(1 + values / np.where(total > 0, total, np.nan) * 1e6)
    elif scale == "linear":
        values = np.log2(1 + values)
    matrix = pd.DataFrame(values, index=frame.index.str.strip(), columns=frame.columns)[patients]
    matrix = matrix[[not is_missing(str(gene)) for gene in matrix.index]]
    averaged = sorted(set(matrix.index[matrix.index.duplicated()]))
    matrix = matrix.groupby(level=0, sort=True).mean().dropna(how="all")
    return {
        "values": np.ascontiguousarray(matrix.to_numpy(np.float32).T),
        "patient_id": np.array(patients, dtype=np.str_),
        "gene": matrix.index.to_numpy(dtype=np.str_),
        "averaged_gene": np.array(averaged, dtype=np.str_),
        "unit": np.array([unit]),
    }


def expression_genes(path: Path) -> list[str]:
    """Gene symbols of an expression file, in its order, from its first column alone; cells that mean "no value" left out.

    Raises CohortError for a file that is no text table.
    """
    try:
        return [gene for gene in first_column(table_layout(path), limit=sys.maxsize) if not is_missing(gene)]
    except (OSError, ValueError, EOFError) as error:
        raise CohortError(_unreadable(path, error)) from None


def _unreadable(path: Path, error: Exception) -> Problem:
    rule = "Expression is TSV or CSV text: first column the gene symbol, one column a patient."
    return Problem(str(path), str(error).splitlines()[0], rule, "Mend or re-export the file.")


def _read_matrix(path: Path, patient_ids: list[str]) -> pd.DataFrame:
    """The file as text, gene symbols as index, the wanted patients' columns."""
    try:
        layout = table_layout(path)
        with open_text(path) as file:
            frame = pd.read_csv(
                file,
                sep=layout.delimiter,
                skiprows=layout.skipped + 1,
                header=None,
                index_col=False,
                dtype="str",
                keep_default_na=False,
                names=range(len(layout.columns)),
            )
    except (OSError, ValueError, EOFError) as error:
        raise CohortError(_unreadable(path, error)) from None
    wanted = set(patient_ids)
    header = layout.columns
    across = [k for k, name in enumerate(header) if k and name in wanted]
    down = frame[0].isin(wanted).sum()
    if down > len(across):
        raise CohortError(
            Problem(
                str(path),
                f"{down} patients stand in the rows, {len(across)} in the columns",
                "Expression is genes x patients: one row a gene, one column a patient.",
                "Transpose the table.",
            )
        )
    if not across:
        shown = examples([name for name in header[1:] if name not in IDENTIFIER_COLUMNS], 3)
        raise CohortError(
            Problem(
                str(path),
                f"none of the {len(wanted)} patients of the clinical table ({examples(patient_ids, 3)}) is a column ({shown})",
                "Column names are patient identifiers of the clinical table.",
                "Use the same identifiers; sample suffixes such as -01 must be removed.",
            )
        )
    repeated = sorted({header[k] for k in across if header.count(header[k]) > 1})
    if repeated:
        raise CohortError(
            Problem(
                str(path),
                f"{len(repeated)} patients in several columns ({examples(repeated)})",
                "A patient has one column.",
                "Choose one sample a patient.",
            )
        )
    return frame[across].set_axis([header[k] for k in across], axis=1).set_axis(frame[0].astype("str"), axis=0)


def _numbers(frame: pd.DataFrame, path: Path) -> tuple[np.ndarray, list[Problem]]:
    """(genes, patients) float64; cells that are neither a number nor missing, and infinite ones, are problems."""
    problems: list[Problem] = []
    columns = []
    for name in frame.columns:
        cells = frame[name]
        values = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, copy=True)
        doubtful = np.flatnonzero(np.isnan(values))
        strange = [k for k in doubtful if not is_missing(cells.iloc[k])] if len(doubtful) else []
        infinite = np.flatnonzero(np.isinf(values))
        bad = [*strange, *infinite]
        if bad and len(problems) < 5:
            gene, cell = frame.index[bad[0]], cells.iloc[bad[0]]
            problems.append(
                Problem(
                    f"{path}, patient {name}, gene {gene}",
                    f"{cell!r}" + (f" and {len(bad) - 1} more in this column" if len(bad) > 1 else ""),
                    "Expression is a finite number; missing is an empty cell or NA.",
                    "Mend the cell.",
                )
            )
        columns.append(values)
    return np.column_stack(columns), problems


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
