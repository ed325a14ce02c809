"""A study file from a samplesheet as nf-core pipelines take it: `groprog study init FOLDER --samplesheet SHEET`.

Columns: `sample`, `fastq_1`, `fastq_2`, `strandedness` (nf-core/nascent, nf-core/rnaseq), and of ours `bam`, `condition` (or
`group`), `replicate`, `assay`; every other column is kept as the wet-lab record. Without a column of conditions, a sample's is
its name without the number at the end (`DMSO_REP1`, `dmso_1`). Standard library.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.annotation_files import some
from groprog_assets.study.assays import ASSAYS
from groprog_assets.study.new_study import (
    Contrast,
    contrast_problems,
    decisions,
    filled_template,
    init_study,
    renamed,
    told_contrast,
)
from groprog_assets.study.text_tables import RowReader, cells, count_of, is_missing, misspelled, table_layout
from groprog_assets.wording import shell_command, shell_word

COLUMNS = ("sample", "fastq_1", "fastq_2", "strandedness", "bam", "condition", "group", "replicate", "assay")
NUMBER = re.compile(r"[._-]?(?:rep|replicate|r)?[._-]?(\d+)$", re.IGNORECASE)
ASSUMED = "gro-seq"
"""The assay of a library whose sheet does not give it."""
STRANDS = ("auto", "forward", "reverse")


class Sheet(NamedTuple):
    """libraries: as they stand in a study file; contrast: the conditions, "" where they cannot be told; roots: folders outside
    the study's own that hold the files; assumed: assays that the sheet does not give; notices: names that were changed, files
    that are not there."""

    libraries: list[dict[str, Any]]
    contrast: Contrast
    roots: list[str]
    assumed: list[str]
    notices: list[str]


def init_from_samplesheet(folder: Path, sheet: Path, treatment: str = "", control: str = "") -> tuple[Path, list[str]]:
    """Write a study file with the libraries of a samplesheet into `folder`; its path, and what is left to decide. The rest is the
    commented template, without patients. Raises StudyError with every problem of the sheet, before anything is written."""
    read = read_samplesheet(sheet, folder, treatment, control)
    text = filled_template(read.libraries, read.contrast, read.roots, str(sheet.resolve()), read.assumed)
    path = init_study(folder, text)
    told = decisions(read.libraries, read.contrast, bool(treatment or control))
    return path, [*told, *read.assumed, *read.notices]


def read_samplesheet(sheet: Path, folder: Path, treatment: str = "", control: str = "") -> Sheet:
    """The libraries of a samplesheet, paths relative to `folder`. StudyError with every problem of it.

    Several rows of a sample are lanes of one library; they are refused with the command that joins them. A library whose assay
    the sheet does not give is written as gro-seq, and `assumed` says so.
    """
    layout = table_layout(sheet)
    names = [name.lower() for name in layout.columns]
    problems = misspelled(str(sheet), names, COLUMNS)
    if "sample" not in names:
        rule = f"A samplesheet has the column sample; the columns here are {', '.join(layout.columns)}."
        raise StudyError(Problem(str(sheet), "no column 'sample'", rule, "Name the column of the libraries' names."))
    libraries: list[dict[str, Any]] = []
    first: dict[str, tuple[int, dict[str, str]]] = {}
    lanes: dict[str, list[dict[str, str]]] = {}
    for rows in RowReader(layout):
        for line, number in zip(rows.lines, rows.numbers, strict=True):
            row = dict(zip(names, (cell.strip() for cell in cells(line, layout.delimiter)), strict=False))
            row = {name: "" if is_missing(value) else value for name, value in row.items()}
            where = f"{sheet}:{number}"
            sample = re.sub(r"[^A-Za-z0-9_.-]", "_", row["sample"])
            if not sample:
                problems.append(Problem(where, "no sample", "Each row names a library.", "Give it a name."))
                continue
            if sample in first and first[sample][1]["sample"] != row["sample"]:
                rule = "A library's name has letters, digits, '_', '.', '-'; both become the same."
                seen = f"{row['sample']!r} and {first[sample][1]['sample']!r} are both {sample}"
                problems.append(Problem(where, seen, rule, "Name one of them otherwise."))
                continue
            if sample in first:
                lanes.setdefault(sample, [first[sample][1]]).append(row)
                continue
            first[sample] = number, row
            library, found = _library(where, sample, row, sheet.parent, folder)
            libraries.append(library)
            problems += found
    problems += [_lanes(f"{sheet}:{first[sample][0]}", sample, rows, sheet.parent) for sample, rows in lanes.items()]
    if not libraries and not problems:
        problems.append(Problem(str(sheet), "no rows", "One row a library.", "Is it the right file?"))
    conditions = [library["condition"] for library in libraries]
    problems += contrast_problems(conditions, treatment, control)
    if problems:
        raise StudyError(problems)
    given = {row["sample"]: sample for sample, (_, row) in first.items()}
    of = {
        row.get("condition") or row.get("group") or library["condition"]: library["condition"]
        for (_, row), library in zip(first.values(), libraries, strict=True)
    }
    notices = [*renamed(given, "sample names"), *renamed(of, "conditions"), *_not_there(libraries, folder)]
    contrast = told_contrast(conditions, treatment, control)
    assumed = _assumed([library["id"] for library in libraries if not first[library["id"]][1].get("assay")])
    return Sheet(libraries, contrast, _roots(libraries), assumed, notices)


def _assumed(libraries: list[str]) -> list[str]:
    """One line about the libraries whose assay the sheet does not give; none without such."""
    if not libraries:
        return []
    return [
        f"assay: the sheet does not give that of {some(libraries)}: taken to be {ASSUMED}, which decides which end of a read is "
        "counted; where it is another, correct `assay` of the library in study.yaml"
    ]


def _not_there(libraries: list[dict[str, Any]], folder: Path) -> list[str]:
    """One line about the files of the sheet that do not exist; none where all do."""
    paths = [path for library in libraries for path in (*library.get("reads", ()), library.get("alignments", ""))]
    places = [Path(os.path.normpath(folder.absolute() / path)) for path in paths if path]
    absent = [str(place) for place in places if not place.is_file()]
    if not absent:
        return []
    return [
        f"{count_of(len(absent), 'file is', 'files are')} not there: {some(absent)}. Paths are relative to the sheet, or to the"
        " current folder; correct them in the study file, or bring the files there"
    ]


def _lanes(where: str, sample: str, rows: list[dict[str, str]], beside: Path) -> Problem:
    """The problem of a sample with several rows, with the commands that make one of them, from the current folder."""

    def here(path: str) -> str:
        return str(beside / path) if (beside / path).exists() else path

    rule = "A library is one row; several rows of a sample are lanes of a sequencer."
    joined = []
    for mate in ("fastq_1", "fastq_2"):
        paths = [here(row[mate]) for row in rows if row.get(mate)]
        if paths:
            ending = ".fastq.gz" if paths[0].endswith(".gz") else ".fastq"
            target = f"{sample}_{mate[-1]}{ending}"
            joined.append(f"{shell_command('cat', *paths)} > {shell_word(target)}")
    alignments = [here(row["bam"]) for row in rows if row.get("bam")]
    if alignments:
        joined.append(shell_command("samtools", "merge", f"{sample}.bam", *alignments))
    remedy = f"Join them and name what is made in one row: {'; '.join(joined)}" if joined else "Keep one row of them."
    return Problem(where, f"{sample} has {count_of(len(rows), 'row')}", rule, remedy)


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
    library["assay"] = (row.get("assay") or ASSUMED).lower()
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


def _roots(libraries: list[dict[str, Any]]) -> list[str]:
    """The folders outside the study's own in which the files lie."""
    paths = [path for library in libraries for path in (*library.get("reads", ()), library.get("alignments", ""))]
    outside = {Path(path).parent.as_posix() for path in paths if path.startswith("../")}
    return sorted(outside)
