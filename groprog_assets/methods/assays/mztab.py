"""Small molecules of an mzTab-M file: sections MTD, SML, SMF and SME; `null` = missing.

Source: HUPO-PSI, mzTab-M 2.0 and 2.1 format specification.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.columns import as_number, collector
from groprog_assets.methods.assays.dense import dense_assay, feature_rows
from groprog_assets.methods.assays.metabolite_ids import metabolite_of
from groprog_assets.study.annotation_files import ProblemCollector, some
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_files import open_text, reading
from groprog_assets.study.text_tables import count_of

SECTIONS = {"SMH": "SML", "SFH": "SMF", "SEH": "SME"}
"""Prefix of the header line of a section -> that of its rows."""
OTHER = frozenset({"MTD", "COM", "PRH", "PRT", "PEH", "PEP", "PSH", "PSM"})
ABUNDANCE = re.compile(r"abundance_assay\[(\d+)\]")
VERSION = re.compile(r"2\.\d+\.\d+-M")
NULL = "null"


class Line(NamedTuple):
    """number: 1-based; cells: after the prefix."""

    number: int
    cells: list[str]


class Sections(NamedTuple):
    """metadata: key -> value of MTD; headers and rows by the prefix of the rows."""

    metadata: dict[str, str]
    headers: dict[str, Line]
    rows: dict[str, list[Line]]


def read_mztab(path: Path, source: AssaySource) -> AssayTable:
    """Small molecules x assays: the columns abundance_assay[n] of the section SML.

    source_id: SML_ID; feature_id: the metabolite of database_identifier, else what stands there; symbol: chemical_name. The
    samples have the names of the assays in MTD. The rows of SMF and SME, which are features and evidence of the same molecules,
    are counted and not read. Raises AssayError for another version, no section SML, rows of another width, infinite abundances.
    """
    problems = collector(path)
    found = _sections(path, problems)
    problems.raise_any()
    version = found.metadata.get("mzTab-version", "")
    if not VERSION.fullmatch(version):
        rule = "Read is mzTab-M 2.x, whose version ends with -M."
        remedy = "mzTab 1.0 is of proteomics: give its protein table as format: matrix."
        raise AssayError(Problem(f"{path}, MTD mzTab-version", repr(version), rule, remedy))
    if "SML" not in found.headers:
        rule = "Abundances are read of the section of small molecules (SMH, SML)."
        raise AssayError(Problem(str(path), "no section SML", rule, "Export the summary of small molecules too."))
    header = found.headers["SML"]
    places = {int(match[1]): k for k, name in enumerate(header.cells) if (match := ABUNDANCE.fullmatch(name))}
    absent = [name for name in ("SML_ID", "database_identifier") if name not in header.cells]
    if absent or not places:
        value = f"no column {', '.join(absent or ['abundance_assay[n]'])}"
        rule = "SML has SML_ID, database_identifier and a column abundance_assay[n] an assay."
        raise AssayError(Problem(f"{path}:{header.number}", value, rule, "Export the file again."))
    rows = found.rows.get("SML", [])
    values = _values(rows, places, problems)
    problems.raise_any()
    ids = _column(header, rows, "SML_ID")
    databases = _column(header, rows, "database_identifier")
    names = _column(header, rows, "chemical_name") if "chemical_name" in header.cells else [""] * len(rows)
    metabolites = [metabolite_of(text) for text in databases]
    features = feature_rows(
        ids, feature_id=[one.curie or text for one, text in zip(metabolites, databases)], symbol=names
    )
    samples = [found.metadata.get(f"assay[{n}]", f"assay[{n}]") for n in places]
    counts = {f"{kind.lower()}_rows_not_read": len(found.rows.get(kind, [])) for kind in ("SMF", "SME")}
    counts["several_identifiers"] = sum(bool(one.several) for one in metabolites)
    lines = np.array([row.number for row in rows], np.int64)
    notices = _notices(path, found, places, samples)
    return dense_assay(path, source, features, samples, values, lines=lines, counts=counts, notices=notices)


def _sections(path: Path, problems: ProblemCollector) -> Sections:
    """Every line by its prefix. Empty lines and COM are skipped; an unknown prefix is a problem."""
    found = Sections({}, {}, {})
    with reading(path), open_text(path) as file:
        for number, line in enumerate(file, 1):
            prefix, *cells = line.rstrip("\r\n").split("\t")
            if not prefix.strip() and not any(cells):
                continue
            if prefix == "MTD" and len(cells) > 1:
                found.metadata.setdefault(cells[0].strip(), cells[1].strip())
            elif prefix in SECTIONS:
                if SECTIONS[prefix] in found.headers:
                    problems.add(f":{number}", f"{prefix} again", "A section has one header.", "Remove one of them.")
                found.headers[SECTIONS[prefix]] = Line(number, [name.strip() for name in cells])
            elif prefix in SECTIONS.values():
                header = found.headers.get(prefix)
                if header is None or len(cells) != len(header.cells):
                    there = "no header before it" if header is None else f"the header {len(header.cells)}"
                    value = f"{prefix} with {count_of(len(cells), 'cell')}, {there}"
                    problems.add(f":{number}", value, "A row has a cell for every column of its section.", "Mend it.")
                else:
                    found.rows.setdefault(prefix, []).append(Line(number, cells))
            elif prefix not in OTHER and not line.startswith("COM"):
                rule = f"A line begins with {', '.join(['MTD', 'COM', *SECTIONS, *SECTIONS.values()])}."
                problems.add(f":{number}", repr(line[:40].rstrip()), rule, "Is it an mzTab-M file, separated by tabs?")
    return found


def _column(header: Line, rows: list[Line], name: str) -> list[str]:
    """One column of a section, null as ""."""
    place = header.cells.index(name)
    cells = (row.cells[place].strip() for row in rows)
    return ["" if cell == NULL else cell for cell in cells]


def _values(rows: list[Line], places: dict[int, int], problems: ProblemCollector) -> np.ndarray:
    """(rows, assays) float64; null and NaN (the result of a division by 0) are missing."""
    values = np.full((len(rows), len(places)), np.nan)
    for k, row in enumerate(rows):
        for column, (n, place) in enumerate(places.items()):
            cell = row.cells[place].strip()
            if cell in (NULL, "NaN"):
                continue
            number = as_number(cell)
            if number is None:
                rule = "An abundance is a finite number; null is a missing one."
                problems.add(f":{row.number}, column abundance_assay[{n}]", repr(cell), rule, "Correct the cell.")
            else:
                values[k, column] = number
    return values


def _notices(path: Path, found: Sections, places: dict[int, int], samples: list[str]) -> list[Problem]:
    notices = []
    unnamed = [f"assay[{n}]" for n in places if f"assay[{n}]" not in found.metadata]
    if unnamed:
        rule = "MTD names each assay."
        notices.append(Problem(str(path), f"without a name: {some(unnamed)}", rule, "Samples are called so then."))
    unit = found.metadata.get("small_molecule-quantification_unit", "")
    if unit:
        notices.append(Problem(f"{path}, MTD small_molecule-quantification_unit", unit, "", ""))
    if len(set(samples)) < len(samples):
        rule = "Two assays of one name are two samples of one name."
        raise AssayError(Problem(f"{path}, MTD assay[n]", some(samples, 5), rule, "Give each assay its own name."))
    return notices
