"""The identifiers of a study's patients and samples, as its tables write them, so that they can be kept out of logs and records.

Read leniently: a table that no reader accepts still names patients, and so may the message that says what is wrong with it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from groprog_assets.errors import GroProgError
from groprog_assets.store.pseudonyms import masked, masked_value, study_key
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.files import clinical_path, listed_samples, sample_table
from groprog_assets.study.schema import Cohort, Expression, Matrix, OtherCohort
from groprog_assets.study.text_tables import cells, open_text, table_layout
from groprog_assets.tables.values import Value

SAMPLE_COLUMN = "SAMPLE_ID"
SAMPLE_TABLE_COLUMNS = ("sample", "subject", "alias")
"""The columns of `omics.samples` that name somebody."""


def known_patients(workspace: Workspace) -> frozenset[str]:
    """Every identifier in the clinical, sample and omics tables of the study's cohort, its sources and the external ones."""
    study = workspace.study
    sources = [] if study.cohort is None else study.cohort.sources
    sections = [section for section in (study.cohort, *study.validation, *sources) if section is not None]
    parts = [*(_of_section(workspace, section) for section in sections), frozenset(study.nascent_libraries)]
    if study.omics is not None and study.omics.samples is not None:
        table = workspace.resolve(study.omics.samples)
        parts += [_column(table, name) for name in SAMPLE_TABLE_COLUMNS if _has_column(table, name)]
    return _joined(tuple(parts))


def unnamed(workspace: Workspace, text: str) -> str:
    """`text` with every patient and sample under a pseudonym, for the event log; numbers that are identifiers too."""
    names = known_patients(workspace)
    return masked(text, names, study_key(workspace.state)) if names else text


def unnamed_value(workspace: Workspace, value: Value) -> Value:
    """A value of text, numbers, lists and mappings likewise, except that of a number which may be a count only one that is called
    a patient's is replaced."""
    names = known_patients(workspace)
    return masked_value(value, names, study_key(workspace.state)) if names else value


@lru_cache(maxsize=8)
def _joined(parts: tuple[frozenset[str], ...]) -> frozenset[str]:
    """One set of all: the same object for the same parts, so that what is made ready of it is made once."""
    return frozenset().union(*parts) - {""}


def _of_section(workspace: Workspace, section: Cohort | OtherCohort) -> frozenset[str]:
    clinical = workspace.resolve(section.clinical)
    found = _column(clinical_path(clinical), section.patient_column)
    given: list[Expression | Matrix] = [*([section.expression] if section.expression else []), *section.matrices]
    if not given:
        return found
    parts = [found]
    folders = []
    for item in given:
        matrix = workspace.resolve(item.file)
        folders.append(matrix.parent)
        parts.append(_header(matrix))
        if getattr(item, "kind", "") == "mutations":
            parts += [_of_maf(matrix, _stamp(matrix)), frozenset(listed_samples(matrix))]
    samples = sample_table(clinical, folders)
    return _joined((*parts, _column(samples, SAMPLE_COLUMN) if samples else frozenset()))


@lru_cache(maxsize=64)
def _of_maf(path: Path, stamp: tuple[int, int]) -> frozenset[str]:
    """The samples of a MAF; none of another table."""
    try:
        held = [name for name in table_layout(path).columns if name.casefold() == "tumor_sample_barcode"]
    except (GroProgError, OSError, ValueError, EOFError):
        return frozenset()
    return _read_column(path, held[0], stamp) if held else frozenset()


def _column(path: Path, column: str) -> frozenset[str]:
    return _read_column(path, column, _stamp(path))


def _has_column(path: Path, column: str) -> bool:
    try:
        return column in table_layout(path).columns
    except (GroProgError, OSError, ValueError, EOFError):
        return column == "sample"


def _header(path: Path) -> frozenset[str]:
    return _read_header(path, _stamp(path))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _read_column(path: Path, column: str, stamp: tuple[int, int]) -> frozenset[str]:
    """The cells of a column, of the first one where there is none of that name; of what can be read."""
    found: set[str] = set()
    try:
        layout = table_layout(path)
        delimiter, place, blanks = layout.delimiter, 0, layout.blanks
        if column in layout.columns:
            place = layout.columns.index(column)
    except (GroProgError, OSError):
        delimiter, place, blanks = "", 0, False
    try:
        with open_text(path) as file:
            for line in file:
                if not delimiter:
                    row = re.split(r"[\t;,]", line)
                else:
                    row = line.split() if blanks else cells(line.rstrip("\r\n"), delimiter)
                if len(row) > place:
                    found.add(row[place].strip().strip('"'))
    except (GroProgError, OSError, ValueError, EOFError, StopIteration):
        pass  # what was read until then stays
    return frozenset(found - {column, ""})


@lru_cache(maxsize=64)
def _read_header(path: Path, stamp: tuple[int, int]) -> frozenset[str]:
    try:
        return frozenset(name.strip() for name in table_layout(path).columns[1:])
    except (GroProgError, OSError, ValueError, EOFError):
        return frozenset()
