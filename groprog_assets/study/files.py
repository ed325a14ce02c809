"""What can be said of a study's files from their first and last bytes: headers in, facts out.

Standard library only, so that `groprog study check` answers at once.
"""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import NamedTuple

MISSING = frozenset(
    {"", "na", "n/a", "nan", "null", "unknown", ".", "-"}
    | {"[not available]", "[not applicable]", "[unknown]", "[not evaluated]", "[pending]", "[discrepancy]"}
    | {"not available", "not reported", "not evaluated", "not applicable"}
)
"""Tokens that mean "no value", lower case. "none" is not one of them: for many clinical fields it is a finding."""

CBIOPORTAL_FILE = "data_clinical_patient.txt"
BGZF_MAGIC = b"\x1f\x8b\x08\x04"
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class TableLayout(NamedTuple):
    """How a delimited text file is written: its path, delimiter, lines before the header, and the header."""

    path: Path
    delimiter: str
    skipped: int
    columns: list[str]


def is_missing(value: str) -> bool:
    """Whether a cell of a clinical table means "no value"."""
    return value.strip().lower() in MISSING


def open_text(path: Path) -> io.TextIOWrapper:
    """`path` as text, through gzip when its first bytes say so. UTF-8, a byte-order mark dropped."""
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    opener = gzip.open if packed else open
    return opener(path, "rt", encoding="utf-8-sig", newline="")


def clinical_path(path: Path) -> Path:
    """The table itself: `path`, or the patient file of a cBioPortal study folder."""
    return path / CBIOPORTAL_FILE if path.is_dir() else path


def table_layout(path: Path, commented: bool = True) -> TableLayout:
    """Delimiter and header of a TSV or CSV. Lines before the header that are empty or start with '#' (cBioPortal's four
    description rows) are skipped when `commented`. A header with a tab is tab-separated, else with ';' when it has more of
    them than commas, else with ','.

    Raises ValueError for a file without a header, OSError and UnicodeDecodeError as reading does.
    """
    with open_text(path) as file:
        for skipped, line in enumerate(file):
            text = line.rstrip("\r\n")
            if not text.strip() or (commented and text.startswith("#")):
                continue
            delimiter = "\t" if "\t" in text else ";" if text.count(";") > text.count(",") else ","
            columns = [column.strip() for column in next(csv.reader([text], delimiter=delimiter))]
            return TableLayout(path, delimiter, skipped, columns)
    raise ValueError("the file has no header row")


def first_column(layout: TableLayout, column: int = 0, limit: int = 100_000) -> list[str]:
    """Values of one column below the header, at most `limit`."""
    with open_text(layout.path) as file:
        for _ in range(layout.skipped + 1):
            next(file)
        rows = csv.reader(file, delimiter=layout.delimiter)
        return [row[column].strip() for row, _ in zip(rows, range(limit)) if len(row) > column]


def read_chrom_names(path: Path) -> dict[str, int]:
    """Chromosome lengths. Raises ValueError with the first line that is not `name<TAB>positive length`."""
    sizes: dict[str, int] = {}
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            fields = line.split()
            if not fields or line.startswith("#"):
                continue
            if len(fields) < 2 or not fields[1].isdigit() or int(fields[1]) == 0:
                raise ValueError(f"line {number} is {line.strip()[:60]!r}; two columns are needed: name, length in bp")
            sizes[fields[0]] = int(fields[1])
    if not sizes:
        raise ValueError("no chromosome in it")
    return sizes


def bam_problem(path: Path) -> str:
    """Why a BAM cannot be whole: no BGZF header, or no end-of-file block (truncated). Empty when neither."""
    with open(path, "rb") as file:
        if file.read(4) != BGZF_MAGIC:
            return "it does not begin as a BAM does"
        file.seek(0, 2)
        if file.tell() < len(BGZF_END):
            return "it is shorter than an empty BAM"
        file.seek(-len(BGZF_END), 2)
        if file.read() != BGZF_END:
            return "its end-of-file block is missing: the file is truncated"
    return ""


def expression_orientation(path: Path, patients: set[str]) -> tuple[str, int, int]:
    """("genes x patients" | "patients x genes" | "neither", patients among the columns, patients among the rows)."""
    layout = table_layout(path)
    across = len(patients & set(layout.columns[1:]))
    down = len(patients & set(first_column(layout)))
    if across == down == 0:
        return "neither", 0, 0
    return ("genes x patients" if across >= down else "patients x genes"), across, down
