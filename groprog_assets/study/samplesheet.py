"""A study file from a samplesheet as nf-core pipelines take it: `groprog study init FOLDER --samplesheet SHEET`.

Columns: `sample`, `fastq_1`, `fastq_2`, `strandedness` (nf-core/nascent, nf-core/rnaseq), and of ours `bam`, `condition` (or
`group`), `replicate`, `assay`; every other column is kept as the wet-lab record. Without a column of conditions, a sample's is
its name without the number at the end (`DMSO_REP1`, `dmso_1`). Standard library and PyYAML.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.assays import ASSAYS
from groprog_assets.study.check import TEMPLATE, init_study
from groprog_assets.study.text_tables import RowReader, cells, is_missing, misspelled, table_layout

COLUMNS = ("sample", "fastq_1", "fastq_2", "strandedness", "bam", "condition", "group", "replicate", "assay")
NUMBER = re.compile(r"[._-]?(?:rep|replicate|r)?[._-]?(\d+)$", re.IGNORECASE)
CONTROLS = re.compile(
    r"(^|[._-])(control|ctrl|ctl|con|dmso|vehicle|veh|untreated|unt|mock|wt|wildtype|wild_type|scr|scramble|shscr|sictrl|0h|0m)([._-]|$)",
    re.IGNORECASE,
)
"""Names that the field gives to controls."""
STRANDS = ("auto", "forward", "reverse")


class Sheet(NamedTuple):
    """libraries: as they stand in a study file; treatment, control: the conditions, "" where they cannot be told; roots: folders
    outside the study's own that hold the files."""

    libraries: list[dict[str, Any]]
    treatment: str
    control: str
    roots: list[str]


def init_from_samplesheet(folder: Path, sheet: Path, treatment: str = "", control: str = "") -> Path:
    """Write a study file with the libraries of a samplesheet into `folder`; its path. The rest is the commented template, without
    patients. Raises StudyError with every problem of the sheet, before anything is written."""
    read = read_samplesheet(sheet, folder, treatment, control)
    text = _filled(TEMPLATE.read_text(encoding="utf-8"), read)
    target = init_study(folder)
    target.write_text(text, encoding="utf-8")
    return target


def read_samplesheet(sheet: Path, folder: Path, treatment: str = "", control: str = "") -> Sheet:
    """The libraries of a samplesheet, paths relative to `folder`. StudyError with every problem of it.

    Several rows of a sample are lanes of one library; they are refused with the command that joins them.
    """
    layout = table_layout(sheet)
    names = [name.lower() for name in layout.columns]
    problems = misspelled(str(sheet), names, COLUMNS)
    if "sample" not in names:
        rule = f"A samplesheet has the column sample; the columns here are {', '.join(layout.columns)}."
        raise StudyError(Problem(str(sheet), "no column 'sample'", rule, "Name the column of the libraries' names."))
    libraries: list[dict[str, Any]] = []
    lines: dict[str, int] = {}
    for rows in RowReader(layout):
        for line, number in zip(rows.lines, rows.numbers, strict=True):
            row = dict(zip(names, (cell.strip() for cell in cells(line, layout.delimiter)), strict=False))
            row = {name: "" if is_missing(value) else value for name, value in row.items()}
            where = f"{sheet}:{number}"
            sample = re.sub(r"[^A-Za-z0-9_.-]", "_", row["sample"])
            if not sample:
                problems.append(Problem(where, "no sample", "Each row names a library.", "Give it a name."))
                continue
            if sample in lines:
                problems.append(_lane(where, sample, lines[sample]))
                continue
            lines[sample] = number
            library, found = _library(where, sample, row, sheet.parent, folder)
            libraries.append(library)
            problems += found
    if not libraries and not problems:
        problems.append(Problem(str(sheet), "no rows", "One row a library.", "Is it the right file?"))
    conditions = list(dict.fromkeys(library["condition"] for library in libraries))
    sides = _contrast(conditions, treatment, control)
    problems += [
        Problem(
            f"--{side}", repr(name), f"The conditions of the sheet are {', '.join(conditions)}.", "Choose one of them."
        )
        for side, name in (("treatment", treatment), ("control", control))
        if name and name not in conditions
    ]
    if problems:
        raise StudyError(problems)
    return Sheet(libraries, *sides, _roots(libraries))


def _lane(where: str, sample: str, first: int) -> Problem:
    rule = f"A library is one row; {sample} stands in line {first} too. Rows of one sample are lanes of a sequencer."
    remedy = f"Join them (cat {sample}_L*_1.fastq.gz > {sample}_1.fastq.gz) and name the joined files in one row."
    return Problem(where, f"{sample} again", rule, remedy)


def _library(
    where: str, sample: str, row: dict[str, str], beside: Path, folder: Path
) -> tuple[dict[str, Any], list[Problem]]:
    """A library as a study file has it, and what is wrong with its row."""
    problems: list[Problem] = []
    number = NUMBER.search(sample)
    given = row.get("condition") or row.get("group") or (sample[: number.start()] if number else sample) or sample
    replicate = row.get("replicate") or (number[1] if number else "1")
    if not replicate.isdecimal() or int(replicate) < 1:
        problems.append(Problem(where, f"replicate {replicate!r}", "A replicate is a whole number from 1.", "Mend it."))
        replicate = "1"
    condition = re.sub(r"[^A-Za-z0-9_.-]", "_", given)
    library: dict[str, Any] = {"id": sample, "condition": condition, "replicate": int(replicate)}
    if row.get("assay"):
        library["assay"] = row["assay"].lower()
        if library["assay"] not in ASSAYS:
            problems.append(Problem(where, f"assay {row['assay']!r}", f"It is one of {', '.join(ASSAYS)}.", "Mend it."))
    mates = [row[name] for name in ("fastq_1", "fastq_2") if row.get(name)]
    remote = [path for path in (*mates, row.get("bam", "")) if "://" in path]
    if remote:
        rule = "The files of a study lie on this machine."
        problems.append(Problem(where, remote[0], rule, "Download them, and name the copies."))
    if mates:
        library["reads"] = [_path(path, beside, folder) for path in mates]
    if row.get("bam"):
        library["alignments"] = _path(row["bam"], beside, folder)
    if not mates and not row.get("bam"):
        rule = "A library has reads (fastq_1, fastq_2) or alignments (bam)."
        problems.append(Problem(where, f"{sample} has no file", rule, "Name its files."))
    strand = row.get("strandedness", "").lower()
    if strand and strand not in STRANDS:
        rule = "Nascent transcription is read by strand: auto, forward or reverse."
        problems.append(Problem(where, f"strandedness {strand!r}", rule, "Say auto to have it inferred."))
    elif strand:
        library["strandedness"] = strand
    record = {name: value for name, value in row.items() if name and name not in COLUMNS and value}
    return {**library, **({"metadata": record} if record else {})}, problems


def _path(path: str, beside: Path, folder: Path) -> str:
    """A path of the sheet as the study file names it: relative paths are relative to the sheet where they exist there, else to
    the current folder, as for a pipeline."""
    given = Path(path).expanduser()
    full = given if given.is_absolute() else beside / given if (beside / given).exists() else Path.cwd() / given
    return Path(os.path.relpath(full, folder)).as_posix()


def _contrast(conditions: list[str], treatment: str, control: str) -> tuple[str, str]:
    """(treatment, control) as given, else by the names that controls have, where there are two conditions."""
    controls = [name for name in conditions if CONTROLS.search(name)]
    others = [name for name in conditions if name not in controls]
    if not control and treatment and len(conditions) == 2:
        control = next((name for name in conditions if name != treatment), "")
    if not control and len(controls) == 1:
        (control,) = controls
    if not treatment and control and len(conditions) == 2:
        treatment = next((name for name in conditions if name != control), "")
    if not treatment and len(others) == 1:
        (treatment,) = others
    return (treatment, control) if treatment != control else ("", "")


def _roots(libraries: list[dict[str, Any]]) -> list[str]:
    """The folders outside the study's own in which the files lie."""
    paths = [path for library in libraries for path in (*library.get("reads", ()), library.get("alignments", ""))]
    outside = {Path(path).parent.as_posix() for path in paths if path.startswith("../")}
    return sorted(outside)


def _filled(template: str, sheet: Sheet) -> str:
    """The template with libraries and contrast of a sheet, and its example of patients, loci and ontology as comments."""
    shown = yaml.safe_dump(sheet.libraries, sort_keys=False, allow_unicode=True, width=1000)
    libraries = "libraries:\n" + "".join(f"  {line}\n" for line in shown.splitlines())
    sides = [
        f"contrast:\n  treatment: {sheet.treatment or 'FILL_IN'}\n  control: {sheet.control or 'FILL_IN'}\n",
        *(
            []
            if sheet.treatment and sheet.control
            else ["# Which of the conditions above are compared could not be told.\n"]
        ),
    ]
    text = _replaced(template, "libraries:", libraries)
    text = _replaced(text, "contrast:", "".join(reversed(sides)))
    for section in ("loci:", "ontology:", "cohort:"):
        text = _commented(text, section)
    if sheet.roots:
        text = text.replace("# data_roots: [/data/sequencing, ../shared]", f"data_roots: [{', '.join(sheet.roots)}]")
    if any("alignments" not in library for library in sheet.libraries):
        text = text.replace("  # bowtie2_index: genome", "  bowtie2_index: genome")
    return text


def _section(text: str, head: str) -> tuple[int, int]:
    """Where a top-level section begins and ends: its head and the indented or commented lines up to the next blank line."""
    start = text.index(f"\n{head}\n") + 1
    end = text.find("\n\n", start)
    return start, len(text) if end < 0 else end + 1


def _replaced(text: str, head: str, section: str) -> str:
    start, end = _section(text, head)
    return text[:start] + section + text[end:]


def _commented(text: str, head: str) -> str:
    start, end = _section(text, head)
    lines = text[start:end].splitlines(keepends=True)
    return text[:start] + "".join(line if line.startswith("#") else f"# {line}" for line in lines) + text[end:]
