"""Files delivered to a study: each is read whole, then accepted as an immutable snapshot or set aside with all its problems.

The kinds of files are described in `deliveries`. A file is read when it has not changed for a while. It is identified by its
content, so a repeated file is recognised. Accepted files move to `accepted/`, with a `.flags.txt` where something should be
checked, other files to `quarantine/` with a `.problems.txt`. No Dagster.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from groprog_assets.errors import Problem
from groprog_assets.intake.deliveries import Judgement, accept, judge, kind_of
from groprog_assets.intake.library_manifest import library_files
from groprog_assets.store.artifacts import canonical_json, digest_bytes, write_atomically
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document

SUFFIXES = (".tsv", ".csv", ".txt")
PATIENCE_SECONDS = 24 * 3600
"""How long a manifest waits for the files it names."""


class Delivery(NamedTuple):
    """The outcome for a file: kind as in `deliveries`; verdict "accepted", "quarantine" or "repeated"; evidence counts patients
    and names none."""

    sha256: str
    name: str
    kind: str
    verdict: str
    evidence: Document


def sort_inbox(
    workspace: Workspace, stable_seconds: float, tell: Callable[[Delivery], Any] = lambda delivery: None
) -> list[Delivery]:
    """Accept or set aside every settled file of the inbox, oldest first.

    `tell` is called for each before the file moves, so that a process killed in between reports a file twice and not never.
    Names starting with a dot, other suffixes, links, empty files and files still being written are ignored, and so is a
    manifest of libraries whose files have not all arrived.
    """
    if workspace.study.inbox is None:
        return []
    folder = workspace.resolve(workspace.study.inbox)
    found = []
    for path in waiting_files(workspace):
        if not _is_settled(workspace, path, stable_seconds):
            continue
        content = path.read_bytes()
        sha256 = digest_bytes(content)
        record = _record(workspace, sha256)
        if record.is_file():
            before = json.loads(record.read_bytes())
            delivery = Delivery(
                sha256, path.name, before["kind"], "repeated", {"first": before["name"], "was": before["verdict"]}
            )
            tell(delivery)
            _move(path, folder / before["verdict"], sha256)
            found.append(delivery)
            continue
        applied = {held.delivery: name for name, held in workspace.snapshots.chain()}
        if sha256 in applied:  # a process was killed between accepting it and writing that down
            delivery = Delivery(sha256, path.name, kind_of(path), "accepted", {"snapshot": applied[sha256]})
        else:
            made = judge(workspace, path)
            if _must_wait(workspace, path, made, stable_seconds):
                continue
            delivery = _settle(workspace, folder, path, made)
        tell(delivery)
        write_atomically(record, canonical_json(delivery._asdict()))
        _move(path, folder / delivery.verdict, sha256)
        found.append(delivery)
    return found


def waiting_files(workspace: Workspace) -> list[Path]:
    """Files of the inbox that may be deliveries, oldest first."""
    inbox = workspace.study.inbox
    if inbox is None or not workspace.resolve(inbox).is_dir():
        return []
    found = [
        path
        for path in workspace.resolve(inbox).iterdir()
        if path.is_file()
        and not path.is_symlink()
        and path.suffix in SUFFIXES
        and path.name[0] != "."
        and path.stat().st_size
    ]
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name))


def past_deliveries(workspace: Workspace) -> list[Document]:
    """The outcome for every file so far, oldest first: as `Delivery`, with `at` in seconds."""
    records = sorted((workspace.snapshots.root / "deliveries").glob("*.json"), key=lambda path: path.stat().st_mtime)
    return [{**json.loads(path.read_bytes()), "at": path.stat().st_mtime} for path in records]


def _record(workspace: Workspace, sha256: str) -> Path:
    return workspace.snapshots.root / "deliveries" / f"{sha256}.json"


def _settle(workspace: Workspace, folder: Path, path: Path, made: Judgement) -> Delivery:
    if made.problems:
        text = "".join(f"{problem}\n" for problem in made.problems).encode()
        write_atomically(folder / "quarantine" / f"{path.name}.problems.txt", text)
        return Delivery(made.sha256, path.name, made.kind, "quarantine", made.evidence)
    accept(workspace, path, made)
    if made.flags:
        text = "".join(f"{line}\n" for line in made.flags).encode()
        write_atomically(folder / "accepted" / f"{path.name}.flags.txt", text)
    return Delivery(made.sha256, path.name, made.kind, "accepted", made.evidence)


def _must_wait(workspace: Workspace, path: Path, made: Judgement, stable_seconds: float) -> bool:
    """Whether files of a manifest are still to come; those that do not within PATIENCE_SECONDS are its problems."""
    if made.missing and time.time() - path.stat().st_mtime > PATIENCE_SECONDS:
        rule = f"The files of a manifest must arrive within {PATIENCE_SECONDS // 3600} hours."
        made.problems = [
            Problem(path.name, f"{name} did not arrive", rule, "Deliver the file, then the manifest again.")
            for name in made.missing
        ]
        made.evidence = {"problems": len(made.problems)}
        return False
    files = [item for library in made.libraries for item in library_files(library)]
    return bool(made.missing) or (
        not made.problems and any(not _is_settled(workspace, item, stable_seconds) for item in files)
    )


def _is_settled(workspace: Workspace, path: Path, stable_seconds: float) -> bool:
    """Whether nothing was written for a while, by the later of the times of content and of status, which a copy that keeps times
    cannot set back. A time in the future (a clock that jumped) counts once two looks find the file unchanged."""
    status = path.stat()
    age = time.time() - max(status.st_mtime, status.st_ctime)
    if age >= 0:
        return age >= stable_seconds
    seen = workspace.snapshots.root / "looks" / digest_bytes(path.name.encode())
    look = f"{status.st_size} {status.st_mtime_ns}".encode()
    unchanged = seen.is_file() and seen.read_bytes() == look
    write_atomically(seen, look)
    return unchanged


def _move(path: Path, folder: Path, sha256: str) -> None:
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    os.replace(path, target if not target.exists() else folder / f"{sha256[:12]}-{path.name}")
