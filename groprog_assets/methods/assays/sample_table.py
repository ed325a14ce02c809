"""Reader of the sample table: whose each sample of the assays is, and how it was taken and measured. Tables in, tables out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.cohort.clinical_tables import Table, missing_cells
from groprog_assets.methods.omics.text_columns import text_columns
from groprog_assets.study.annotation_files import some
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import misspelled
from groprog_assets.tables import conform

NEEDED = ("sample", "subject")
OPTIONAL = ("assay", "alias", "tissue", "specimen", "batch", "run_order", "collected", "is_reference")
YES, NO = ("yes", "true", "1"), ("no", "false", "0", "")
UBERON = re.compile(r"UBERON:[0-9]{7}")
MOST_PROBLEMS = 20
FAR_TOO_OLD = 150 * 12
"""Months beyond which a number is no age."""


class SampleRows(NamedTuple):
    """rows: a row a sample with sample, alias, subject, assay ("" = every assay), tissue, specimen, batch, run_order,
    collected_months, is_reference; factors: {column: (rows,) text, None = missing}; unread: columns that nothing asks for."""

    rows: pd.DataFrame
    factors: dict[str, list[str | None]]
    unread: list[str]

    @property
    def named(self) -> list[tuple[str, str, str]]:
        """(assay, sample, subject) of each row: what a sample's pseudonym is made of, and whose it is."""
        return list(zip(self.rows["assay"], self.rows["sample"], self.rows["subject"], strict=True))


class SampleTables(NamedTuple):
    """Tables `samples` and `sample_factors` of those who may be used."""

    table: pd.DataFrame
    factors: pd.DataFrame


def factor_names(assays: Iterable[AssaySource], outcomes: Sequence[str] = ()) -> list[str]:
    """Columns of the sample table that the corrections of `assays` name, batches aside, and those of the outcomes."""
    named = [
        name
        for source in assays
        for name in (
            *source.batch_correction.covariates,
            source.batch_correction.outcome,
            source.batch_correction.biological_factor,
        )
    ]
    return list(dict.fromkeys(name for name in (*named, *outcomes) if name))


def read_sample_table(path: Path, assays: Sequence[AssaySource], outcomes: Sequence[str] = ()) -> SampleRows:
    """The rows of the sample table, and the factors that the study names.

    Columns: sample, subject; where known assay (empty: every assay), alias (another name of the sample in a file), tissue,
    specimen, batch, run_order, collected (age in months), is_reference. outcomes: columns of groups and survival. Raises
    AssayError with every row that breaks a rule.
    """
    table = text_columns(path, NEEDED)
    cells, problems = table.cells, []
    wanted = factor_names(assays, outcomes)
    known = {source.name for source in assays}
    absent = [name for name in wanted if name not in cells.columns]
    if absent:
        rule = "A covariate, outcome or factor is a column of the sample table."
        where = f"{path}: {some(list(cells.columns), 20)}"
        problems.append(Problem(where, f"no column {', '.join(absent)}", rule, "Add it, or correct the study file."))
    unread = [name for name in cells.columns if name not in (*NEEDED, *OPTIONAL, *wanted)]
    problems += misspelled(str(path), unread, OPTIONAL)
    text = {name: _text(cells, name) for name in (*NEEDED, *OPTIONAL)}
    for name in NEEDED:
        empty = pd.Series([value is None for value in text[name]])
        _report(table, cells[name], empty, name, f"A row names its {name}.", "Name it, or remove the row.", problems)
        blank = cells[name] != cells[name].str.strip()
        rule = "Names are compared letter by letter."
        _report(table, cells[name], blank, name, rule, "Remove the blanks around it.", problems)
    if "assay" in cells:
        strange = pd.Series([value is not None and value not in known for value in text["assay"]])
        rule = f"It is one of omics.assays ({some(sorted(known), 8)}), or empty for every assay."
        _report(table, cells["assay"], strange, "assay", rule, "Correct it.", problems)
    keys = pd.DataFrame({"sample": text["sample"], "assay": text["assay"]})
    twice = keys.duplicated() & keys["sample"].notna()
    rule = "A sample of an assay has one row."
    _report(table, cells["sample"], twice, "sample", rule, "Remove one of the rows.", problems)
    if "tissue" in cells:
        wrong = cells["tissue"].str.startswith("UBERON") & ~cells["tissue"].str.fullmatch(UBERON.pattern)
        rule = "A tissue is text, or UBERON: and seven digits."
        _report(table, cells["tissue"], wrong, "tissue", rule, "Correct it.", problems)
    for name in dict.fromkeys(name for source in assays for name in source.batch_correction.covariates):
        if name in cells:
            rule = "A covariate of numbers is finite."
            _report(table, cells[name], _infinite(_text(cells, name)), name, rule, "Correct the cell.", problems)
    order = _whole(table, text["run_order"], "run_order", 0, None, "An order is a whole number.", problems)
    rule = "It is the subject's age in whole months; a date would tell more than an analysis needs."
    collected = _whole(table, text["collected"], "collected", -12, FAR_TOO_OLD, rule, problems)
    flags = [(value or "").strip().lower() for value in text["is_reference"]]
    wrong = pd.Series([flag not in (*YES, *NO) for flag in flags], dtype=bool)
    if "is_reference" in cells:
        rule = "It is yes or no."
        _report(table, cells["is_reference"], wrong, "is_reference", rule, "Write yes or no.", problems)
    if problems:
        raise AssayError(problems[:MOST_PROBLEMS])
    rows = pd.DataFrame(
        {
            **{name: pd.Series(text[name], dtype="str") for name in (*NEEDED, "alias", "tissue", "batch")},
            "assay": pd.Series([value or "" for value in text["assay"]], dtype="str"),
            "specimen": pd.Series([value.lower() if value else None for value in text["specimen"]], dtype="str"),
            "run_order": order,
            "collected_months": collected,
            "is_reference": [flag in YES for flag in flags],
        }
    )
    return SampleRows(rows, {name: _text(cells, name) for name in wanted}, unread)


def sample_tables(read: SampleRows, sample_ids: Sequence[str], subjects: Mapping[str, str]) -> SampleTables:
    """Tables `samples` and `sample_factors` of subjects who may be used.

    sample_ids (rows,): the pseudonym of each row; subjects {name: pseudonym} of those permitted.
    """
    rows = read.rows.assign(sample_id=list(sample_ids), subject_id=read.rows["subject"].map(dict(subjects)))
    kept = rows["subject_id"].notna().to_numpy()
    table = rows[kept].sort_values("sample_id")[
        ["sample_id", "subject_id", "tissue", "specimen", "collected_months", "is_reference"]
    ]
    parts = [
        pd.DataFrame({"sample_id": list(sample_ids), "factor": name, "value": pd.Series(values, dtype="str")})[kept]
        for name, values in read.factors.items()
    ]
    columns = ["sample_id", "factor", "value"]
    factors = pd.concat(parts) if parts else pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    return SampleTables(
        conform(table, "samples"), conform(factors.sort_values(["sample_id", "factor"]), "sample_factors")
    )


def _text(cells: pd.DataFrame, name: str) -> list[str | None]:
    """A column as text, None where missing or where the column is not there."""
    if name not in cells:
        return [None] * len(cells)
    values = cells[name]
    return [None if gone else str(value) for value, gone in zip(values, missing_cells(values), strict=True)]


def _infinite(values: list[str | None]) -> pd.Series:
    """Which values of a column of numbers are not finite, such as 1e400; none of a column that has words."""
    numbers = pd.to_numeric(pd.Series(values, dtype="str"), errors="coerce").astype(np.float64)
    given = pd.Series([value is not None for value in values], dtype=bool)
    words = given & numbers.isna()
    return numbers.abs().eq(np.inf) & (not words.any())


def _whole(
    table: Table,
    values: list[str | None],
    name: str,
    least: int,
    most: int | None,
    rule: str,
    problems: list[Problem],
) -> pd.Series:
    numbers = pd.to_numeric(pd.Series(values, dtype="str"), errors="coerce")
    given = pd.Series([value is not None for value in values], dtype=bool)
    wrong = given & ~((numbers % 1 == 0) & (numbers >= least) & (numbers <= (np.inf if most is None else most)))
    if wrong.any():
        cells = pd.Series([value or "" for value in values], dtype="str")
        _report(table, cells, wrong, name, rule, "Correct the cell, or leave it empty.", problems)
        return pd.Series([pd.NA] * len(values), dtype="Int32")
    return numbers.astype("Int32")


def _report(
    table: Table, cells: pd.Series, wrong: pd.Series, name: str, rule: str, remedy: str, problems: list[Problem]
) -> None:
    for k in wrong.to_numpy(dtype=bool).nonzero()[0][:5].tolist():
        where = f"{table.path}:{table.line_numbers[k]}, column {name}"
        problems.append(Problem(where, repr(str(cells.iloc[k])), rule, remedy))
