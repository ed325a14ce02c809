"""Assignment of the columns of an expression matrix to patients, by the identifier of the patient or of a sample.

Names in, places out; no numbers.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import CohortError, Notice, Problem, TextTableError
from groprog_assets.methods.cohort.clinical_tables import examples, read_table
from groprog_assets.study.text_tables import TableLayout, count_of

IDENTIFIER_COLUMNS = ("Entrez_Gene_Id", "Hugo_Symbol", "gene_id", "Cytoband")
"""Columns of further gene identifiers that cBioPortal and others write beside the symbol."""
GENE_LABELS = frozenset(
    {
        "gene",
        "genes",
        "symbol",
        "hugo_symbol",
        "hgnc_symbol",
        "gene_symbol",
        "gene_name",
        "gene_id",
        "geneid",
        "name",
        "id",
    }
    | {"feature", "probe", "probe_id", "entrez_gene_id", "ensembl_id", "ensembl", "description"}
)
"""Names of a gene column, in lower case: the first name of a header, if it is not a sample."""
SAMPLE_SUFFIX = re.compile(r"(?P<patient>.+?)[-._](?P<code>\d\d)(?:[A-Z](?:[-._].*)?)?")
"""A patient's identifier and what TCGA adds for a sample: -01, -01A, -01A-11R-A084-07; the two digits are the sample's type."""
CODED = ("TCGA-", "TARGET-")
"""Identifiers whose suffix is a code of TCGA: 01-09 tumour (01 the primary), 10-19 normal tissue, 20-29 controls."""


class Sample(NamedTuple):
    """The patient of a sample, and its type in the sample table ("" where it has none)."""

    patient: str
    kind: str = ""


class _Column(NamedTuple):
    """A column of a patient: its place and name, how it was matched, and its rank among several samples (lowest first)."""

    place: int
    name: str
    how: str
    rank: int | None = None


def patient_columns(
    layout: TableLayout,
    patient_ids: Sequence[str],
    samples: Mapping[str, Sample],
    what: str = "expression",
    in_rows: bool = False,
) -> dict[str, int]:
    """{patient: place of their column} of the patients that have one.

    A column is a patient's by the patient's identifier, by the sample table (`samples`, {sample: Sample}), or by the
    identifier with a sample's suffix; either also as R's make.names writes it (A-1 as A.1). Of several samples of one
    patient, the column under the patient's own identifier is used, then the primary tumour according to the sample table or
    TCGA's code. Columns that were not matched by a patient's own identifier are listed in a Notice. in_rows: the names are the
    samples of a table with a row a mutation. Raises CohortError for a patient in several columns of equal rank, and for a header
    that lacks a name.
    """
    _check_first_name(layout, set(patient_ids), samples)
    whose = _Owners(patient_ids, samples)
    found: dict[str, list[_Column]] = {}
    normal, strangers = [], []
    for place, name in enumerate(layout.columns[1:], 1):
        patient, column = whose(place, name)
        if patient is None:
            strangers += [name] if name not in IDENTIFIER_COLUMNS else []
        elif column is None:
            normal.append(name)
        else:
            found.setdefault(patient, []).append(column)
    chosen = {patient: _first(columns) for patient, columns in found.items()}
    doubtful = {patient: found[patient] for patient, one in chosen.items() if one is None}
    if doubtful:
        raise CohortError(_several(layout, doubtful, in_rows))
    taken = {patient: column for patient, column in chosen.items() if column is not None}
    further = [item.name for patient, items in found.items() for item in items if item is not taken[patient]]
    left_out = {"further sample": further, "normal tissue sample": normal}
    _say(layout, list(patient_ids), taken, left_out, strangers, what)
    return {patient: column.place for patient, column in taken.items()}


def read_samples(path: Path | None) -> dict[str, Sample]:
    """{sample: Sample} of a cBioPortal sample table; empty without one. Raises CohortError where its columns are absent."""
    if path is None:
        return {}
    table = read_table(path)
    absent = [name for name in ("PATIENT_ID", "SAMPLE_ID") if name not in table.cells]
    if absent:
        rule = f"A sample table has PATIENT_ID and SAMPLE_ID. Its columns: {', '.join(map(str, table.cells.columns))}."
        raise CohortError(Problem(str(path), f"no column {', '.join(absent)}", rule, "Add them, or remove the file."))
    kinds = table.cells["SAMPLE_TYPE"] if "SAMPLE_TYPE" in table.cells else [""] * len(table.cells)
    rows = zip(table.cells["SAMPLE_ID"].str.strip(), table.cells["PATIENT_ID"].str.strip(), kinds)
    return {sample: Sample(patient, kind.strip().casefold()) for sample, patient, kind in rows}


class _Owners:
    """Finds the patient of a column name."""

    def __init__(self, patient_ids: Sequence[str], samples: Mapping[str, Sample]):
        self.patients, self.samples = {patient: patient for patient in patient_ids}, samples
        self.written = _by_written_name(patient_ids)
        self.sample_written = _by_written_name(samples)

    def __call__(self, place: int, name: str) -> tuple[str | None, _Column | None]:
        """(patient, column); the column is None for a sample of the patient that is not a tumour."""
        if name in self.patients:
            return name, _Column(place, name, "by their identifier")
        if name in self.written:
            return self.written[name], _Column(place, name, "by their identifier as R's make.names writes it")
        sample = self.samples.get(name) or self.samples.get(self.sample_written.get(name, ""))
        if sample is not None:
            if sample.patient not in self.patients:
                return None, None
            rank = (0 if sample.kind.startswith("primary") else 1) if sample.kind else None
            return sample.patient, _Column(place, name, "by the sample table", rank)
        parts = SAMPLE_SUFFIX.fullmatch(name)
        patient = parts and (self.patients.get(parts["patient"]) or self.written.get(parts["patient"]))
        if not parts or not patient:
            return None, None
        if not patient.startswith(CODED):
            return patient, _Column(place, name, "by their identifier with a sample's suffix")
        code = int(parts["code"])
        return patient, _Column(place, name, "by their identifier with a sample's suffix", code) if code < 10 else None


def _by_written_name(names: Sequence[str] | Mapping[str, Sample]) -> dict[str, str]:
    """{name as R's make.names writes it: name} where that differs and is written so of one name only."""
    written = {name: re.sub(r"[^A-Za-z0-9._]", ".", name if not name[:1].isdigit() else f"X{name}") for name in names}
    counted = Counter(written.values())
    return {text: name for name, text in written.items() if text != name and counted[text] == 1 and text not in written}


def _places(columns: list[_Column]) -> str:
    """Columns by name and number, the first 1; a name that several have stands once, before their numbers."""
    numbers: dict[str, list[str]] = {}
    for column in columns:
        numbers.setdefault(column.name, []).append(str(column.place + 1))
    shown = [
        f"{name!r} in column{'s' * (len(places) > 1)} {' and '.join(places[:3])}"
        for name, places in list(numbers.items())[:3]
    ]
    return ", ".join(shown) + (", ..." if len(numbers) > 3 else "")


def _first(columns: list[_Column]) -> _Column | None:
    """The column to use among those of one patient; None where several have equal rank."""
    own = [column for column in columns if not column.how.endswith(("table", "suffix"))]
    if own or len(columns) == 1:
        return own[0] if len(own) == 1 else columns[0] if not own else None
    if any(column.rank is None for column in columns):
        return None
    lowest = min(column.rank for column in columns if column.rank is not None)
    first = [column for column in columns if column.rank == lowest]
    return first[0] if len(first) == 1 else None


def _several(layout: TableLayout, doubtful: Mapping[str, list[_Column]], in_rows: bool) -> Problem:
    """Patients of whom several samples have equal rank."""
    first = list(doubtful.items())[:3]
    if in_rows:
        shown = "; ".join(f"{patient!r}: {examples([one.name for one in columns], 3)}" for patient, columns in first)
        return Problem(
            str(layout.path),
            f"{count_of(len(doubtful), 'patient')} with several samples ({shown})",
            "A patient has one sample, and neither the samples' names nor a sample table say which of these it is.",
            "Leave the rows of one sample a patient, or put data_clinical_sample.txt beside the file, whose SAMPLE_TYPE says "
            "which is Primary.",
        )
    shown = "; ".join(f"{patient!r}: {_places(columns)}" for patient, columns in first)
    return Problem(
        f"{layout.path}:{layout.header_line}",
        f"{count_of(len(doubtful), 'patient')} in several columns ({shown})",
        "A patient has one column, and neither the columns' names nor a sample table say which of these it is.",
        "Leave one column a patient.",
    )


def _check_first_name(layout: TableLayout, patients: set[str], samples: Mapping[str, Sample]) -> None:
    """A header one name short is read as R does when its first name can be a sample's; genes under a patient's are refused."""
    header, where = layout.columns, f"{layout.path}:{layout.header_line}"
    if layout.row_names:
        first = header[1]
        known = first in patients or first in samples
        if not known and (layout.delimiter != "\t" or first.casefold().replace(" ", "_") in GENE_LABELS):
            raise TextTableError(layout.short_header)
        value = f"the header has {count_of(len(header) - 1, 'name')}, the rows have {count_of(len(header), 'cell')}"
        rule = "The first cells are read as gene symbols, as R's write.table leaves them without a name."
        remedy = f"Nothing, if {first!r} is a sample. To be sure: write.table(..., col.names = NA)."
        warnings.warn(Notice(Problem(where, value, rule, remedy)), stacklevel=2)
    elif header[0] in patients:
        value = f"the first column is named {header[0]!r}, as a patient is; header and rows have {count_of(len(header), 'cell')}"
        rule = "The first column holds the gene symbols: is a name missing in the header?"
        remedy = "Name the first column, then the patients in the order of their columns."
        raise TextTableError(Problem(where, value, rule, remedy))


def _remedy(without: int, what: str) -> str:
    counted = "are scored by the clinical branch alone" if what == "expression" else "count as average in it"
    return f"Mend names that differ by mistake; the {without} without a column {counted}."


def _say(
    layout: TableLayout,
    patients: list[str],
    taken: Mapping[str, _Column],
    left_out: Mapping[str, list[str]],
    strangers: list[str],
    what: str,
) -> None:
    """A Notice where columns and patients do not match one to one by the patients' identifiers."""
    ways = Counter(column.how for column in taken.values())
    others = [
        f"left out: {count_of(len(names), what)} ({examples(names, 2)})" for what, names in left_out.items() if names
    ]
    if strangers and taken:
        others.append(f"of no patient: {count_of(len(strangers), 'column')} ({examples(strangers, 2)})")
    if not taken or (set(ways) == {"by their identifier"} and len(taken) == len(patients) and not others):
        return
    shown = {column.how: column.name for column in reversed(list(taken.values()))}
    told = ", ".join(
        f"{count} {how}" + ("" if how == "by their identifier" else f" ({shown[how]!r})")
        for how, count in sorted(ways.items())
    )
    without = len(patients) - len(taken)
    warnings.warn(
        Notice(
            Problem(
                f"{layout.path}:{layout.header_line}",
                "; ".join([f"{len(taken)} of {len(patients)} patients have {what}: {told}", *others]),
                "A column is a patient's by the identifier of the patient or of one of their samples.",
                _remedy(without, what) if without else "Nothing, if these are the patients' samples.",
            )
        ),
        stacklevel=2,
    )
