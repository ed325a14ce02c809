"""New clinical files: read whole, then accepted as an immutable snapshot or set aside with every problem named.

A file counts once it has not changed for a while. It is known by its content, so one that arrives twice is done with at once.
An accepted snapshot is the clinical table of the study from then on; the study file keeps naming the first one. No Dagster.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from groprog_assets.artifacts import canonical_json, digest_bytes, write_atomically
from groprog_assets.errors import GroProgError
from groprog_assets.workspace import Workspace

SUFFIXES = (".tsv", ".csv", ".txt")


def sort_inbox(workspace: Workspace, stable_seconds: float) -> list[str]:
    """Accept or set aside every settled file of the inbox, oldest first; sha256 of the accepted ones that are new.

    Accepted files move to `accepted/`, the others to `quarantine/` beside a `.problems.txt`. Names starting with a dot, other
    suffixes and files still being written are left alone.
    """
    folder = workspace.study.cohort.inbox
    if folder is None or not workspace.resolve(folder).is_dir():
        return []
    folder = workspace.resolve(folder)
    accepted = []
    waiting = [path for path in folder.iterdir() if path.is_file() and path.suffix in SUFFIXES and path.name[0] != "."]
    for path in sorted(waiting, key=lambda item: (item.stat().st_mtime, item.name)):
        if time.time() - path.stat().st_mtime < stable_seconds:
            continue
        content = path.read_bytes()
        sha256 = digest_bytes(content)
        record = workspace.state / "inbox" / f"{sha256}.json"
        if record.is_file():
            _move(path, folder / json.loads(record.read_bytes())["verdict"], sha256)
            continue
        problems = _problems(workspace, path)
        verdict = "quarantine" if problems else "accepted"
        write_atomically(record, canonical_json({"verdict": verdict, "name": path.name, "problems": problems}))
        if problems:
            write_atomically(folder / "quarantine" / f"{path.name}.problems.txt", "\n".join(problems).encode())
        else:
            snapshot = workspace.state / "inbox" / "snapshots" / f"{sha256}{path.suffix}"
            write_atomically(snapshot, content)
            write_atomically(workspace.snapshot_pointer, canonical_json({"path": snapshot.name, "sha256": sha256}))
            accepted.append(sha256)
        _move(path, folder / verdict, sha256)
    return accepted


def _problems(workspace: Workspace, path: Path) -> list[str]:
    from groprog_assets.methods.clinical_records import read_clinical

    cohort = workspace.study.cohort.model_copy(update={"clinical": path})
    try:
        read_clinical(cohort, workspace.study.parameters.cohort)
    except GroProgError as error:
        return [str(problem) for problem in error.problems] or [str(error)]
    return []


def _move(path: Path, folder: Path, sha256: str) -> None:
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    os.replace(path, target if not target.exists() else folder / f"{sha256[:12]}-{path.name}")
