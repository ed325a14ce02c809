"""Check of a delivered file as a whole, without changing the study; accepting it is a separate step.

| name | kind | means |
| --- | --- | --- |
| `NAME.tsv`, `.csv` | table | the whole clinical table |
| `NAME.update.tsv` | update | rows of some patients, known or new; a blank leaves what was known |
| `NAME.withdraw.txt` | withdrawal | patients who withdraw, one a line |
| `NAME.libraries.tsv` | libraries | sequencing libraries, one a row, whose files lie beside it |

No Dagster.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groprog_assets.errors import CohortError, GroProgError, Problem
from groprog_assets.intake.library_manifest import read_manifest
from groprog_assets.intake.withdrawals import impact, libraries_of, listed, who_withdrew
from groprog_assets.store.artifacts import digest_bytes
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.annotation_files import some
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import Cohort, Library
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import pandas as pd

KINDS = {".update": "update", ".withdraw": "withdrawal", ".libraries": "libraries"}
MOST_NAMED = 20
"""New patients whose identifiers are compared with those known."""
MOST_LOST = 0.2
"""Share of the known patients that a whole table may lack; a larger share suggests that the export stopped early."""


@dataclass
class Judgement:
    """The result of checking a file: its problems (then it is set aside), flags, evidence without patient names, and the data
    that `accept` needs. `missing`: files a manifest names that have not arrived."""

    kind: str
    sha256: str
    problems: list[Problem] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    evidence: Document = field(default_factory=dict)
    table: tuple[bytes, str] | None = None
    leaving: list[str] = field(default_factory=list)
    libraries: list[Library] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def kind_of(path: Path) -> str:
    """The kind of a file, from its name: "table", "update", "withdrawal" or "libraries"."""
    return KINDS.get(Path(path.stem).suffix, "table")


def judge(workspace: Workspace, path: Path) -> Judgement:
    """Read the whole file `path` and judge it against the current study. Never raises because of the content of the file."""
    content = path.read_bytes()
    made = Judgement(kind_of(path), digest_bytes(content))
    try:
        if not content.strip():
            rule = "A delivery has a header and rows; a withdrawal has identifiers, one a line."
            raise CohortError(Problem(path.name, "the file is empty", rule, "Deliver the file that was meant."))
        if not content.endswith(b"\n"):
            rule = "The file may be cut off: a complete file ends with a line end."
            raise CohortError(
                Problem(
                    path.name,
                    "its last line has no line end",
                    rule,
                    "Check that the file is complete, end its last line, deliver it again.",
                )
            )
        if made.kind == "libraries":
            manifest = read_manifest(workspace, path)
            made.libraries, made.missing = manifest.libraries, manifest.missing
            conditions = sorted({library.condition for library in made.libraries})
            made.evidence = {"libraries": [library.id for library in made.libraries], "conditions": conditions}
        else:
            _clinical(workspace, path, content, made)
    except GroProgError as error:
        made.problems = error.problems or [Problem(path.name, str(error), "", "")]
        made.evidence = {"problems": len(made.problems)}
    return made


def prepare(workspace: Workspace, path: Path, made: Judgement) -> str:
    """Write the snapshot that accepting a file makes; its name. It becomes the newest by `Snapshots.point_at`."""
    libraries = [_into_place(library, path, made.sha256) for library in made.libraries]
    return workspace.snapshots.prepare(made.sha256, made.table, libraries)


def _clinical(workspace: Workspace, path: Path, content: bytes, made: Judgement) -> None:
    from groprog_assets.methods.cohort.clinical_records import read_clinical
    from groprog_assets.methods.cohort.clinical_tables import read_table
    from groprog_assets.methods.cohort.clinical_updates import compare, contradictions, merge_rows, remove_patients

    cohort = workspace.study.patients
    column = cohort.patient_column
    current = read_table(workspace.resolve(cohort.clinical)).cells
    if made.kind == "withdrawal":
        present = set(current[column].str.strip())
        named = [line for line in listed(content) if line in present or line.casefold() != column.casefold()]
        gone = who_withdrew(workspace, named)
        made.leaving = [name for name in dict.fromkeys(named) if name in present or name not in gone]
        again = named and not made.leaving
        after = current if again else remove_patients(current, made.leaving, column, path.name)
        _, barred = libraries_of(workspace, set(made.leaving))
        if barred:
            raise CohortError([_not_erasable(path.name, library, why) for library, why in sorted(barred.items())])
        found = impact(workspace, made.leaving)
        made.evidence = found | {name: len(found[name]) for name in ("values", "files", "libraries", "reads")}
        made.flags = _told(found)
    else:
        cells = read_table(path).cells
        if cells.empty:
            rule = "A delivered table has a row a patient."
            raise CohortError(Problem(path.name, "no rows under the header", rule, "Deliver the rows, or nothing."))
        problems = _returned(workspace, cells, column, path.name)
        if made.kind == "update":
            problems += _row_problems(path, cohort, workspace.study.parameters.cohort)
            with _gathered(problems):
                after = merge_rows(current, cells, column, path.name)
        else:
            problems += _schema_problems(list(current.columns), list(cells.columns), cohort, path.name)
            problems += contradictions(cells, column, path.name) if column in cells else []
            after = cells
        if problems:
            raise CohortError(list(dict.fromkeys(problems)))
        made.evidence = {}
    events = {"column": cohort.endpoint.event_column, "happened": set(cohort.endpoint.event_values)}
    change = compare(current, after, column, cohort.endpoint.time_column, events)
    if made.kind == "table" and len(change.withdrawn) > MOST_LOST * len(current):
        seen = f"{len(change.withdrawn)} of {len(current)} patients are no longer in it"
        rule = f"A whole table may lack at most {MOST_LOST:.0%} of them. Is the table complete?"
        remedy = "Deliver the whole table, NAME.update.tsv for rows of some patients, or NAME.withdraw.txt for who withdraws."
        raise CohortError(Problem(path.name, seen, rule, remedy))
    if made.kind == "table":
        made.table = (content, path.suffix)
    else:
        made.table = (after.to_csv(sep="\t", index=False, lineterminator="\n").encode(), ".tsv")
    if made.kind != "withdrawal":  # who withdraws leaves, whatever that does to the numbers
        with _trial(made.table[0]) as trial:
            _about(
                path,
                trial,
                lambda: read_clinical(cohort.model_copy(update={"clinical": trial}), workspace.study.parameters.cohort),
            )
    made.evidence |= {"patients": len(after), **change.counts()}
    made.flags += [
        f"patient {name}: the follow-up is shorter than before, or an event was taken back" for name in change.shrunk
    ]
    if made.kind == "table":
        made.flags += [f"patient {name} is no longer in the table" for name in change.withdrawn]
    if made.kind == "update" and change.new:
        made.flags.append(f"{count_of(len(change.new), 'patient is', 'patients are')} new: {some(change.new, 8)}")
    made.flags += [*_like_a_kind(path), *_new_names(change.new, list(current[column].str.strip()))]
    made.flags += _of_columns(change.columns_added, "new and not used")
    made.flags += _of_columns(change.columns_removed, "gone; no covariate of the study used it")


def _like_a_kind(path: Path) -> list[str]:
    """One line for a file that is read as a whole table though its name is nearly that of another kind."""
    ending = Path(path.stem).suffix
    near = difflib.get_close_matches(ending, list(KINDS), 1, 0.7) if ending and ending not in KINDS else []
    return [f"read as a whole table; did you mean the ending {near[0]}{path.suffix}?"] if near else []


def _new_names(new: list[str], known: list[str]) -> list[str]:
    """A line for each new patient whose identifier is a known one written otherwise, of the first few."""
    from groprog_assets.methods.cohort.clinical_updates import written_alike

    alike = written_alike(new[:MOST_NAMED], known)
    return [f"patient {name} is new; did you mean {other}?" for name, other in alike.items()]


def _of_columns(names: list[str], what: str) -> list[str]:
    """One line that says `what` of the columns; none without a column. The evidence has every name."""
    if len(names) < 2:
        return [f"column {name} is {what}" for name in names]
    return [f"{count_of(len(names), 'column is', 'columns are')} {what.replace(' it', ' them')}: {some(names, 8)}"]


@contextlib.contextmanager
def _gathered(problems: list[Problem]) -> Any:
    """Add the problems raised within to those already found, and raise all."""
    try:
        yield
    except GroProgError as error:
        raise CohortError(list(dict.fromkeys([*problems, *error.problems]))) from None


@contextlib.contextmanager
def _trial(content: bytes) -> Any:
    """A path from which the bytes of a table can be read. The file has no name: it leaves nothing, whatever happens."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        yield Path(f"/dev/fd/{file.fileno()}")


def _about(path: Path, trial: Path, check: Any) -> None:
    """The problems, with the delivered file as their place instead of the file it was merged into."""
    try:
        check()
    except GroProgError as error:
        named = [
            Problem(*(text.replace(str(trial), path.name) for text in vars(problem).values()))
            for problem in error.problems
        ]
        raise CohortError(named) from None


def _returned(workspace: Workspace, cells: pd.DataFrame, column: str, where: str) -> list[Problem]:
    """Patients of a delivered table who have withdrawn."""
    if column not in cells:
        return []
    back = sorted(who_withdrew(workspace, cells[column].str.strip().unique()))
    rule = "A table may not contain a patient who has withdrawn."
    return [Problem(where, f"patient {name} has withdrawn", rule, "Remove the row.") for name in back]


def _row_problems(path: Path, cohort: Cohort, parameters: CohortParameters) -> list[Problem]:
    """Cells of an update that are of the wrong type or level, by their lines in the file; empty cells are skipped."""
    from groprog_assets.methods.cohort.clinical_records import field_columns, read_covariates
    from groprog_assets.methods.cohort.clinical_tables import read_table
    from groprog_assets.methods.cohort.outcomes import read_outcomes

    table = read_table(path)._replace(path=Path(path.name))
    if cohort.patient_column not in table.cells:
        return []
    patients = table.cells[cohort.patient_column].str.strip()
    given = [item for item in cohort.fields if all(column in table.cells for _, column in field_columns([item]))]
    _, problems = read_covariates(table, patients, given, parameters.plausible_ranges, trained=True)
    outcome = (cohort.endpoint.time_column, cohort.endpoint.event_column)
    if set(outcome) & set(table.cells):
        filled = table.cells.assign(**{name: "" for name in outcome if name not in table.cells})
        longest = parameters.longest_follow_up
        problems += read_outcomes(table._replace(cells=filled), patients, cohort.endpoint, longest).problems
    return problems


def _schema_problems(known: list[str], given: list[str], cohort: Cohort, where: str) -> list[Problem]:
    """One problem for each column that the study uses and a whole table lacks, with its likely new name."""
    endpoint = cohort.endpoint
    needed = [cohort.patient_column, endpoint.time_column, endpoint.event_column]
    needed += [
        name for item in cohort.fields for name in (item.column, item.height_column, item.recorded_column) if name
    ]
    needed += [name for name in (endpoint.event_time_column, cohort.batch_column) if name]
    new = [name for name in given if name not in known]
    problems = []
    for name in dict.fromkeys(item for item in needed if item not in given):
        folded = {other.casefold(): other for other in new}
        near = [folded[item] for item in difflib.get_close_matches(name.casefold(), list(folded), 1, 0.6)]
        rule = f"The current table has it. New columns here: {', '.join(new) or 'none'}."
        remedy = (
            f"Was it renamed to {near[0]!r}? Then use the old name, or correct the study file." if near else "Add it."
        )
        problems.append(Problem(where, f"no column {name!r}", rule, remedy))
    return problems


def _into_place(library: Library, manifest: Path, sha256: str) -> Library:
    """The library with its files moved from the inbox to their final folder, read-only."""
    place = manifest.parent / "accepted" / f"{Path(manifest.stem).stem}-{sha256[:12]}"
    place.mkdir(parents=True, exist_ok=True)

    def moved(path: Path) -> Path:
        target = place / path.name
        if path.is_file() and not target.exists():
            os.replace(path, target)
        target.chmod(0o444)
        return target

    changed: Document = {name: moved(path) for name, path in library.single_files().items()}
    return library.model_copy(update={**changed, "reads": [moved(path) for path in library.reads]})


def _told(found: Document) -> list[str]:
    """The impact of a withdrawal as text."""
    lines = [f"model {version[:16]} was trained on one of them" for version in found["models"]]
    lines += (
        ["the champion is one of these models: it is replaced by the next one trained"] if found["champion"] else []
    )
    lines += [f"{name} is made again without them, its earlier bytes are erased" for name in found["values"]]
    lines += [
        f"library {name} is theirs: it is left out, and all that was computed from it is erased"
        for name in found["libraries"]
    ]
    lines += [f"{path} still names one of them; it is yours to mend" for path in found["files"]]
    lines += [
        f"{path} holds reads of one of them; it is yours to remove, with its entry in the study file"
        for path in found["reads"]
    ]
    return lines


def _not_erasable(where: str, library: str, why: str) -> Problem:
    """A library of a patient who withdraws that others use: what was computed from it cannot be erased."""
    rule = "What was computed from a library of a patient who withdraws is erased, so nothing else may use it."
    remedy = (
        "Name one owner in cohort.nascent_libraries, or remove the library from the study; then deliver the list again."
    )
    return Problem(where, f"library {library}: {why}", rule, remedy)
