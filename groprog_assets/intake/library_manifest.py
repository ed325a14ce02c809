"""A table of new libraries, one in each row, with their files beside it. It is checked as a whole before anything is moved.

Columns: those of a library in the study file (`id`, `condition`, `replicate`, `assay`, `reads` with mates separated by `;`,
`alignments`, `bigwig_plus`, `bigwig_minus`, `read_end`, `strandedness`), `sha256` (one a file in that order, separated by `;`,
optional); every other column is kept as the wet-lab record. No Dagster.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from groprog_assets.errors import GroProgError, Problem, ReadsError
from groprog_assets.store.artifacts import digest_file
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.chrom_sizes import read_chrom_sizes
from groprog_assets.study.schema import Library
from groprog_assets.study.text_tables import count_of, misspelled
from groprog_assets.tables.values import Document

MOST_COLUMNS = 1_000


class Manifest(NamedTuple):
    """libraries: with absolute paths; missing: names of files that have not arrived (then nothing of them was judged)."""

    libraries: list[Library]
    missing: list[str]


def read_manifest(workspace: Workspace, path: Path) -> Manifest:
    """The libraries of a manifest in the inbox. ReadsError with every problem: a name that is taken or is none, an unknown
    condition, a file outside the inbox or of another assembly, a digest that does not fit, a rule of the study file broken."""
    from groprog_assets.methods.cohort.clinical_tables import read_table

    table = read_table(path)
    if len(table.cells.columns) > MOST_COLUMNS:
        rule = f"A manifest has at most {MOST_COLUMNS:,} columns."
        seen = count_of(len(table.cells.columns), "column")
        raise ReadsError(Problem(path.name, seen, rule, "Is it a manifest of libraries, one a row?"))
    known = set(Library.model_fields) | {"sha256"}
    problems: list[Problem] = []
    libraries: list[Library] = []
    digests: dict[Path, str] = {}
    problems += misspelled(path.name, table.cells.columns, known)
    for row, cells in enumerate(table.cells.to_dict("records")):
        where = f"{path.name}, line {table.line_numbers[row]}"
        given = {str(name): str(value).strip() for name, value in cells.items() if str(value).strip()}
        document: Document = {name: value for name, value in given.items() if name in known - {"sha256", "metadata"}}
        document["metadata"] = {name: value for name, value in given.items() if name not in known}
        if "reads" in given:
            document["reads"] = [item.strip() for item in given["reads"].split(";")]
        try:
            library = Library.model_validate(document)
        except ValidationError as error:
            problems += [_invalid(where, item, document) for item in error.errors(include_url=False)]
            continue
        library, found = _in_inbox(library, path, where)
        problems += found
        stated = [item.strip().lower() for item in given.get("sha256", "").split(";") if item.strip()]
        files = library_files(library)
        if stated and len(stated) != len(files):
            rule = "The column sha256 has one digest per file, separated by ';'."
            problems.append(
                Problem(
                    where,
                    f"{count_of(len(stated), 'digest')} for {count_of(len(files), 'file')}",
                    rule,
                    "Give them all or none.",
                )
            )
        digests |= dict(zip(files, stated, strict=False))
        libraries.append(library)
    if not len(table.cells):
        problems.append(Problem(path.name, "no library", "One row a library.", "Give at least one."))
    if problems:
        raise ReadsError(problems)
    missing = [item.name for library in libraries for item in library_files(library) if not item.is_file()]
    if missing:
        return Manifest(libraries, missing)
    problems = [
        Problem(
            item.name,
            f"sha256 {actual[:12]}",
            f"The manifest says {stated[:12]}.",
            "Was it copied whole? Send it again.",
        )
        for item, stated in digests.items()
        if (actual := digest_file(item)) != stated
    ]
    problems += _against_study(workspace, libraries, path.name)
    if problems:
        raise ReadsError(problems)
    return Manifest(libraries, [])


def library_files(library: Library) -> list[Path]:
    """Every file of a library, in the order of the study file's fields."""
    return [*library.reads, *library.single_files().values()]


def _invalid(where: str, item: Any, document: Document) -> Problem:
    name = ".".join(map(str, item["loc"]))
    seen = f"{name} is missing" if item["type"] == "missing" else f"{name} {document.get(name, '')!r}"
    return Problem(where, seen, f"{item['msg']}.", "Columns are those of a library in the study file.")


def _in_inbox(library: Library, manifest: Path, where: str) -> tuple[Library, list[Problem]]:
    """The library with its files where the manifest lies, or where an acceptance that was cut short has put them."""
    moved = [*manifest.parent.glob(f"accepted/{Path(manifest.stem).stem}-*")]
    problems = []

    def place(name: Path) -> Path:
        if name.name != str(name) or name.name.startswith("."):
            rule = "The files of a library must be in the folder of the manifest."
            problems.append(Problem(where, str(name), rule, "Give the file's name without a folder."))
            return manifest.parent / "absent"
        beside = manifest.parent / name
        if beside.is_symlink():
            rule = "A link is not accepted, because its target can change."
            problems.append(
                Problem(where, f"{name} is a link", rule, "Deliver the file, or name it in the study file.")
            )
        return next((folder / name for folder in moved if not beside.exists() and (folder / name).exists()), beside)

    changed: Document = {"reads": [place(name) for name in library.reads]}
    changed |= {name: place(path) for name, path in library.single_files().items()}
    return library.model_copy(update=changed), problems


def _against_study(workspace: Workspace, libraries: list[Library], where: str) -> list[Problem]:
    """Check of the new libraries against the rules of the study, the headers of the files and the chromosome sizes."""
    from groprog_assets.intake.preflight import library_contigs
    from groprog_assets.study.rules import file_findings, rule_findings

    study = workspace.study
    first = len(study.libraries)
    larger = study.model_copy(update={"libraries": [*study.libraries, *libraries]})
    problems = []
    for finding in [*rule_findings(larger), *file_findings(larger)]:
        place = finding.at[1] if len(finding.at) > 1 and finding.at[0] == "libraries" else None
        if isinstance(place, int) and place >= first:
            name = libraries[place - first].id
            problems.append(Problem(f"{where}, {name}", finding.value, finding.rule, finding.remedy))
    conditions = {library.condition for library in study.libraries}
    for library in libraries:
        if library.condition not in conditions:
            rule = f"Conditions of the study are {', '.join(sorted(conditions))}."
            remedy = "Correct the condition, or add a new one in the study file."
            problems.append(Problem(f"{where}, {library.id}", f"condition {library.condition!r}", rule, remedy))
    if problems:
        return problems
    sizes = read_chrom_sizes(study.genome.chrom_sizes)
    for library in libraries:
        try:
            contigs = library_contigs(library, study, sizes)
        except GroProgError as error:
            problems += error.problems
            continue
        if not set(contigs) & set(sizes):
            rule = f"Chromosomes are {', '.join(list(sizes)[:5])}."
            problems.append(
                Problem(f"{where}, {library.id}", "no chromosome of the study", rule, "Is it of another assembly?")
            )
    return problems
