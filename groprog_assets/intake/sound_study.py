"""What the check before a run found, kept for the next run: a study whose files have not changed is not read again.

The note in the study's state holds what was checked (study, files by size and time, code, environment, day) and the notices that
arose. It only spares the check before the run; the run itself reads every changed input and judges it with the same readers.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from groprog_assets.graph.patient_names import unnamed
from groprog_assets.store.artifacts import digest_bytes, digest_value, write_atomically
from groprog_assets.store.code_version import project_digest
from groprog_assets.store.workspace import Workspace, environment_content
from groprog_assets.study.rules import named_files

NOTE = "sound.json"


def known_notices(workspace: Workspace) -> list[str] | None:
    """The notices of the last check, when all that it rested on is unchanged; None when the study must be checked."""
    try:
        note = json.loads((workspace.state / NOTE).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(note, dict) or note.get("checked") != checked(workspace):
        return None
    return [str(line) for line in note.get("notices", [])]


def keep_notices(workspace: Workspace, before: str, notices: list[str]) -> None:
    """Note that the study is sound. Nothing is written where the study has no state yet, or must not be written to.

    before: `checked` as it was when the check began, so that a file that was changed during it is read again. Notices that name a
    patient are not kept, nor is an earlier note then: the study is checked again at the next run.
    """
    if not workspace.state.is_dir():
        return
    told = "\n".join(notices)
    with contextlib.suppress(OSError):
        if told and unnamed(workspace, told) != told:
            (workspace.state / NOTE).unlink(missing_ok=True)
            return
        note = {"checked": before, "notices": notices}
        write_atomically(workspace.state / NOTE, json.dumps(note).encode())


def checked(workspace: Workspace) -> str:
    """The digest of all that the check before a run rests on. Consents are judged by the day, so the day is part of it."""
    files = {
        (str(path), state.st_size, state.st_mtime_ns)
        for _, named in named_files(workspace.study)
        for path, state in _beside(named)
    }
    files |= {(str(path), state.st_size, state.st_mtime_ns) for path, state in _case_lists(workspace)}
    return digest_value(
        [
            workspace.study.model_dump(mode="json"),
            workspace.withdrawn_libraries,
            sorted(files),
            project_digest(),
            digest_bytes(environment_content()),
            datetime.now(UTC).date().isoformat(),
        ]
    )


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
