"""Snapshots of what the inbox added to a study: immutable, named by their sha256, each naming the one before.

A snapshot names the clinical table that is now the study's, and the libraries that came in. The pointer names the newest; the
study file itself is never written. Standard library and the study only.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import Problem, StudyError, why_unreadable
from groprog_assets.store.artifacts import canonical_json, digest_bytes, write_atomically
from groprog_assets.study.schema import Library, Study
from groprog_assets.tables.values import Document


class Snapshot(NamedTuple):
    """clinical: file name under `tables/`, "" for the study file's own; libraries: as in a study file; before: the snapshot it
    follows, "" for the first; delivery: sha256 of the file that made it."""

    clinical: str
    libraries: list[Document]
    before: str
    delivery: str


class Snapshots:
    """The snapshots of one study, below `<state>/inbox`; `folder` is the study's, to which paths of libraries are relative."""

    def __init__(self, state: Path, folder: Path):
        self.root, self.folder = state / "inbox", folder
        self.tables = self.root / "tables"
        self.pointer = self.root / "current.json"

    def current(self) -> tuple[str, Snapshot]:
        """(sha256, the newest snapshot); ("", an empty one) before the first. StudyError when it was altered or is missing."""
        if not self.pointer.is_file():
            return "", Snapshot("", [], "", "")
        try:
            name = json.loads(self.pointer.read_bytes())["snapshot"]
            content = (self.root / "snapshots" / f"{name}.json").read_bytes()
            if digest_bytes(content) == name:
                return name, Snapshot(**json.loads(content))
            seen = "altered"
        except (OSError, ValueError, KeyError, TypeError) as error:
            seen = f"unreadable ({why_unreadable(error)})"
        rule = "Falling back to the study file would train on an older table without saying so."
        remedy = "Restore .groprog/inbox from a copy, or remove current.json to start from the study file again."
        raise StudyError(Problem(str(self.pointer), f"the newest snapshot is {seen}", rule, remedy))

    def chain(self) -> list[tuple[str, Snapshot]]:
        """Every snapshot, newest first."""
        name, held = self.current()
        found = []
        while name:
            found.append((name, held))
            name = held.before
            if name:
                held = Snapshot(**json.loads((self.root / "snapshots" / f"{name}.json").read_bytes()))
        return found

    def apply(self, study: Study) -> Study:
        """`study` as the newest snapshot has it; a library that stands in the study file itself is that one."""
        _, held = self.current()
        if held.clinical and study.cohort is not None:
            cohort = study.cohort.model_copy(update={"clinical": self.tables / held.clinical})
            study = study.model_copy(update={"cohort": cohort})
        own = {library.id for library in study.libraries}
        added = [self._library(item) for item in held.libraries if item["id"] not in own]
        return study.model_copy(update={"libraries": [*study.libraries, *added]}) if added else study

    def prepare(
        self, delivery: str, table: tuple[bytes, str] | None = None, libraries: list[Library] | None = None
    ) -> str:
        """Write the snapshot that follows the newest, with another clinical table (bytes, suffix) or more libraries; its name."""
        before, held = self.current()
        clinical, listed = held.clinical, list(held.libraries)
        if table is not None:
            clinical = f"{digest_bytes(table[0])}{table[1]}"
            _write_once(self.tables / clinical, table[0])
        for library in libraries or []:
            listed.append(library.model_dump(mode="json") | _relative(library, self.folder))
        content = canonical_json(Snapshot(clinical, listed, before, delivery)._asdict())
        name = digest_bytes(content)
        _write_once(self.root / "snapshots" / f"{name}.json", content)
        return name

    def point_at(self, name: str) -> None:
        """Make a prepared snapshot the newest."""
        write_atomically(self.pointer, canonical_json({"snapshot": name}))

    def _library(self, item: Document) -> Library:
        library = Library.model_validate(item)
        paths = {name: self.folder / path for name, path in library.single_files().items()}
        return library.model_copy(update={"reads": [self.folder / path for path in library.reads], **paths})


def _relative(library: Library, folder: Path) -> Document:
    def short(path: Path) -> str:
        return Path(os.path.relpath(path, folder)).as_posix()

    return {"reads": [short(path) for path in library.reads]} | {
        name: short(path) for name, path in library.single_files().items()
    }


def _write_once(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        path.unlink(missing_ok=True)
        write_atomically(path, content)
    path.chmod(0o444)
