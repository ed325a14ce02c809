"""What the check before a run found, kept for the next run: a study whose files have not changed is not read again.

The note in the study's state holds what was checked (study, files by size and time, code, environment, day) and the notices that
arose. It only spares the check before the run; the run itself reads every changed input and judges it with the same readers.

Records, ontologies and assays have a note of their own where they gave no notice: a withdrawal changes the cohort and not them,
and they are the larger part to read. It holds a digest alone.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from groprog_assets.graph.patient_names import unnamed
from groprog_assets.store.artifacts import digest_bytes, digest_value, write_atomically
from groprog_assets.store.code_version import project_digest
from groprog_assets.store.workspace import Workspace, environment_content
from groprog_assets.study.omics_rules import omics_files
from groprog_assets.study.rules import named_files
from groprog_assets.tables.values import Value

NOTE = "sound.json"
NOTE_OF_OMICS = "sound_omics.json"


def known_notices(workspace: Workspace) -> list[str] | None:
    """The notices of the last check, when all that it rested on is unchanged; None when the study must be checked."""
    try:
        note = json.loads((workspace.state / NOTE).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(note, dict) or note.get("checked") != checked(workspace):
        return None
    return [str(line) for line in note.get("notices", [])]


def omics_known(workspace: Workspace) -> bool:
    """Whether records, ontologies and assays were sound and gave no notice, and all that this rested on is unchanged."""
    try:
        return bool(json.loads((workspace.state / NOTE_OF_OMICS).read_bytes()) == omics_checked(workspace))
    except (OSError, ValueError):
        return False


def keep_notices(workspace: Workspace, before: str, notices: list[str], omics_before: str = "") -> None:
    """Note that the study is sound. Nothing is written where the study has no state yet, or must not be written to.

    before: `checked` as it was when the check began, so that a file that was changed during it is read again. Notices that name a
    patient are not kept, nor is an earlier note then: the study is checked again at the next run. omics_before: `omics_checked`
    as it was then, where records, ontologies and assays were read and gave no notice.
    """
    if not workspace.state.is_dir():
        return
    told = "\n".join(notices)
    with contextlib.suppress(OSError):
        if omics_before:
            write_atomically(workspace.state / NOTE_OF_OMICS, json.dumps(omics_before).encode())
        if told and unnamed(workspace, told) != told:
            (workspace.state / NOTE).unlink(missing_ok=True)
            return
        note = {"checked": before, "notices": notices}
        write_atomically(workspace.state / NOTE, json.dumps(note).encode())


def checked(workspace: Workspace) -> str:
    """The digest of all that the check before a run rests on. Consents are judged by the day, so the day is part of it."""
    study = workspace.study
    files = [*(item for _, named in named_files(study) for item in _beside(named)), *_case_lists(workspace)]
    return _digest([study.model_dump(mode="json"), workspace.withdrawn_libraries], files)


def omics_checked(workspace: Workspace) -> str:
    """The digest of all that the check of records, ontologies and assays rests on."""
    study = workspace.study
    settings = [value.model_dump(mode="json") if value else None for value in (study.omics, study.parameters)]
    return _digest(settings, [item for _, named in omics_files(study) for item in _beside(named)])


def _digest(settings: Value, files: Iterable[tuple[Path, os.stat_result]]) -> str:
    """Of settings, files by size and time, the code and its environment, and the day."""
    held = {(str(path), state.st_size, state.st_mtime_ns) for path, state in files}
    day = datetime.now(UTC).date().isoformat()
    return digest_value([settings, sorted(held), project_digest(), digest_bytes(environment_content()), day])


def _case_lists(workspace: Workspace) -> Iterator[tuple[Path, os.stat_result]]:
    """The lists of sequenced samples, which lie in a folder of their own beside the mutations."""
    own = workspace.study.cohort
    held = [*(own.matrices if own else []), *(item for one in workspace.study.validation for item in one.matrices)]
    for matrix in held:
        if matrix.case_list is not None:
            yield matrix.case_list, matrix.case_list.stat()


def _beside(named: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files of a folder, at any depth; of a file, those in the same folder, among them its index and its sample table."""
    folders = os.walk(named) if named.is_dir() else [next(os.walk(named.parent), (str(named.parent), [], []))]
    for folder, _, names in folders:
        for name in names:
            path = Path(folder) / name
            with contextlib.suppress(OSError):
                yield path, path.stat()
