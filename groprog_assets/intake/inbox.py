"""Files delivered to a study: each is read whole, then accepted as an immutable snapshot or set aside with all its problems.

The kinds of files are described in `deliveries`. A file is read when it has not changed for a while. It is identified by its
content, so a repeated file is recognised. Accepted files move to `accepted/`, with a `.flags.txt` where something should be
checked, other files to `quarantine/` with a `.problems.txt`. No Dagster.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import NamedTuple, Protocol

from groprog_assets.errors import Problem
from groprog_assets.intake.deliveries import Judgement, judge, prepare
from groprog_assets.intake.library_manifest import library_files
from groprog_assets.intake.withdrawals import record_withdrawal
from groprog_assets.store.artifacts import canonical_json, digest_bytes, digest_file, write_atomically
from groprog_assets.store.half_written import remove_remains
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


class Decisions(Protocol):
    """Where the outcome for each file is recorded as a decision of somebody."""

    def record(self, delivery: Delivery, actor: str) -> None:
        """Record the decision."""

    def has(self, delivery: Delivery, since: float) -> bool:
        """Whether it was recorded at or after `since` (seconds since the epoch)."""


class Unfinished(NamedTuple):
    """What is decided about a file and still to be carried out. notes: text files of the inbox, by their path in it; leaving: who
    withdraws; snapshot: the one that becomes the newest, "" for none; begun: seconds since the epoch."""

    delivery: Delivery
    actor: str
    begun: float
    notes: dict[str, str]
    leaving: list[str]
    snapshot: str


def sort_inbox(
    workspace: Workspace, stable_seconds: float, decisions: Decisions | None = None, actor: str = ""
) -> list[Delivery]:
    """Accept or set aside every settled file of the inbox, oldest first: decisions of `actor`, recorded in `decisions`.

    A file is judged before anything changes. What is decided is then written down whole (`Unfinished`) and carried out: snapshot,
    notes, decision, record, move. A process that is killed leaves either nothing, or a decision that `finish` carries out to its
    end; it is called here first, and by every run. The caller holds the lock of the study.
    Names starting with a dot, other suffixes, links, empty files and files still being written are ignored, and so is a
    manifest of libraries whose files have not all arrived.
    """
    if workspace.study.inbox is None:
        return []
    remove_remains(workspace.resolve(workspace.study.inbox), workspace.snapshots.root)
    found = finish(workspace, decisions)
    for path in waiting_files(workspace):
        if not _is_settled(workspace, path, stable_seconds):
            continue
        sha256 = digest_bytes(path.read_bytes())
        record = _record(workspace, sha256)
        before = json.loads(record.read_bytes()) if record.is_file() else None
        if before is not None and (before["kind"], before["verdict"]) != ("withdrawal", "quarantine"):
            evidence = {"first": before["name"], "was": before["verdict"]}
            delivery = Delivery(sha256, path.name, before["kind"], "repeated", evidence)
            decided = Unfinished(delivery, actor, time.time(), {}, [], "")
        else:
            made = judge(workspace, path)
            if _must_wait(workspace, path, made, stable_seconds):
                continue
            decided = _decide(workspace, path, made, actor)
        write_atomically(_unfinished(workspace), canonical_json(decided._asdict()))
        found += finish(workspace, decisions, decided)
    return found


def finish(
    workspace: Workspace, decisions: Decisions | None = None, decided: Unfinished | None = None
) -> list[Delivery]:
    """Carry out what was decided about a file: `decided`, else what a killed process left. The delivery, or none.

    Every step can be repeated: what was done before is left as it is.
    """
    resumed = decided is None
    if decided is None:
        if not _unfinished(workspace).is_file():
            return []
        held = json.loads(_unfinished(workspace).read_bytes())
        decided = Unfinished(**{**held, "delivery": Delivery(**held["delivery"])})
    delivery = decided.delivery
    if decided.leaving:
        record = record_withdrawal(workspace, delivery.sha256, decided.leaving)
        delivery.evidence["tables_holding_them"] = len(record["tables"])
    if decided.snapshot:
        workspace.snapshots.point_at(decided.snapshot)
        changed = Workspace(workspace.path)
        workspace.study, workspace.withdrawn_libraries = changed.study, changed.withdrawn_libraries
    folder = None if workspace.study.inbox is None else workspace.resolve(workspace.study.inbox)
    for name, text in decided.notes.items() if folder else ():
        write_atomically(folder / name, text.encode())  # type: ignore[operator]
    if decisions is not None and not (resumed and decisions.has(delivery, decided.begun)):
        decisions.record(delivery, decided.actor)
    record_path = _record(workspace, delivery.sha256)
    was = delivery.verdict
    if was == "repeated":
        was = delivery.evidence["was"]
    else:
        write_atomically(record_path, canonical_json(delivery._asdict()))
    if folder and (path := folder / delivery.name).is_file() and digest_file(path) == delivery.sha256:
        _move(path, folder / was, delivery.sha256)
    _unfinished(workspace).unlink()
    return [delivery]


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


def _unfinished(workspace: Workspace) -> Path:
    return workspace.snapshots.root / "unfinished.json"


def _decide(workspace: Workspace, path: Path, made: Judgement, actor: str) -> Unfinished:
    """The outcome for a file that was judged. Its snapshot is written, and is not the newest yet."""
    begun = time.time()
    if made.problems:
        note = {f"quarantine/{path.name}.problems.txt": "".join(f"{problem}\n" for problem in made.problems)}
        delivery = Delivery(made.sha256, path.name, made.kind, "quarantine", made.evidence)
        return Unfinished(delivery, actor, begun, note, [], "")
    snapshot = prepare(workspace, path, made)
    evidence = {**made.evidence, "snapshot": snapshot}
    note = {f"accepted/{path.name}.flags.txt": "".join(f"{line}\n" for line in made.flags)} if made.flags else {}
    delivery = Delivery(made.sha256, path.name, made.kind, "accepted", evidence)
    return Unfinished(delivery, actor, begun, note, made.leaving, snapshot)


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
