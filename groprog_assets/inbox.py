"""New clinical files: read whole, then accepted as an immutable snapshot or set aside with every problem named.

`NAME.tsv` is the whole table, and whoever is no longer in it has withdrawn; `NAME.update.tsv` holds rows of some patients, known
or new; `NAME.withdraw.txt` lists patients who leave, one a line. A file counts once it has not changed for a while and is known
by its content, so one that arrives twice is done with at once. The snapshot accepted last is the clinical table of the study; the
study file keeps naming the first one. No Dagster.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

from groprog_assets.artifacts import canonical_json, digest_bytes, write_atomically
from groprog_assets.errors import CohortError, GroProgError, Problem
from groprog_assets.workspace import Workspace

SUFFIXES = (".tsv", ".csv", ".txt")
UPDATE, WITHDRAWAL = ".update", ".withdraw"


class Delivery(NamedTuple):
    """What became of a file: verdict "accepted", "quarantine" or "repeated"; evidence counts patients and names none."""

    sha256: str
    name: str
    verdict: str
    evidence: dict[str, Any]


def sort_inbox(workspace: Workspace, stable_seconds: float) -> list[Delivery]:
    """Accept or set aside every settled file of the inbox, oldest first.

    Accepted files move to `accepted/`, with a `.flags.txt` where a follow-up time shrank; the others to `quarantine/` beside a
    `.problems.txt`. Names starting with a dot, other suffixes and files still being written are left alone. A file whose time
    lies in the future (a clock that jumped) counts as settled once two looks find it unchanged.
    """
    folder = workspace.study.cohort.inbox
    if folder is None or not workspace.resolve(folder).is_dir():
        return []
    folder = workspace.resolve(folder)
    waiting = [path for path in folder.iterdir() if path.is_file() and path.suffix in SUFFIXES and path.name[0] != "."]
    settled = [path for path in waiting if _is_settled(workspace, path, stable_seconds)]
    found = []
    for path in sorted(settled, key=lambda item: (item.stat().st_mtime, item.name)):
        content = path.read_bytes()
        sha256 = digest_bytes(content)
        record = workspace.state / "inbox" / f"{sha256}.json"
        if record.is_file():
            before = json.loads(record.read_bytes())
            _move(path, folder / before["verdict"], sha256)
            found.append(Delivery(sha256, path.name, "repeated", {"first": before["name"], "was": before["verdict"]}))
            continue
        delivery, problems, flags = _judge(workspace, path, content, sha256)
        if problems:
            text = "\n".join(problems).encode()
            write_atomically(folder / "quarantine" / f"{path.name}.problems.txt", text)
        if flags:
            write_atomically(folder / "accepted" / f"{path.name}.flags.txt", "\n".join(flags).encode())
        write_atomically(record, canonical_json({**delivery._asdict(), "problems": problems}))
        _move(path, folder / delivery.verdict, sha256)
        found.append(delivery)
    return found


def _is_settled(workspace: Workspace, path: Path, stable_seconds: float) -> bool:
    status = path.stat()
    age = time.time() - status.st_mtime
    if age >= 0:
        return age >= stable_seconds
    seen = workspace.state / "inbox" / "looks" / digest_bytes(path.name.encode())
    look = f"{status.st_size} {status.st_mtime_ns}".encode()
    unchanged = seen.is_file() and seen.read_bytes() == look
    write_atomically(seen, look)
    return unchanged


def _judge(workspace: Workspace, path: Path, content: bytes, sha256: str) -> tuple[Delivery, list[str], list[str]]:
    """(what becomes of a file, its problems, what is worth a look); an accepted one is the clinical table from now on."""
    from groprog_assets.methods.clinical_records import read_clinical
    from groprog_assets.methods.clinical_tables import read_table
    from groprog_assets.methods.clinical_updates import compare

    cohort = workspace.study.cohort
    current = open_current(workspace)
    place = workspace.state / "inbox" / "snapshots"
    try:
        made = _table_of(current, path, content, cohort.patient_column)
        snapshot = place / f"{digest_bytes(made)}{path.suffix if made is content else '.tsv'}"
        trial = place / f".trial{snapshot.suffix}"
        write_atomically(trial, made)
        try:
            read_clinical(cohort.model_copy(update={"clinical": trial}), workspace.study.parameters.cohort)
            after = read_table(trial).cells
        finally:
            trial.unlink(missing_ok=True)
        events = {"column": cohort.endpoint.event_column, "happened": set(cohort.endpoint.event_values)}
        change = compare(current, after, cohort.patient_column, cohort.endpoint.time_column, events)
    except GroProgError as error:
        problems = [_about(problem, path) for problem in error.problems] or [str(error)]
        return Delivery(sha256, path.name, "quarantine", {"problems": len(problems)}), problems, []
    if not snapshot.is_file():
        write_atomically(snapshot, made)
        snapshot.chmod(0o444)
    pointer = {"path": snapshot.name, "sha256": digest_bytes(made), "before": workspace.study.cohort.clinical.name}
    write_atomically(workspace.snapshot_pointer, canonical_json(pointer))
    workspace.study = workspace.study.model_copy(update={"cohort": cohort.model_copy(update={"clinical": snapshot})})
    flags = [
        f"patient {name}: the follow-up is shorter than before, or an event was taken back" for name in change.shrunk
    ]
    flags += [f"column {name} is new and not used" for name in change.columns_added]
    flags += [f"column {name} is gone; no covariate of the study used it" for name in change.columns_removed]
    evidence = {"snapshot": pointer["sha256"], **change.counts()}
    return Delivery(sha256, path.name, "accepted", evidence), [], flags


def open_current(workspace: Workspace) -> Any:
    """Cells of the clinical table as it is now."""
    from groprog_assets.methods.clinical_tables import read_table

    return read_table(workspace.resolve(workspace.study.cohort.clinical)).cells


def _table_of(current: Any, path: Path, content: bytes, patient_column: str) -> bytes:
    """The whole table that a file makes of the current one; its own bytes when it is the whole table."""
    from groprog_assets.methods.clinical_tables import read_table
    from groprog_assets.methods.clinical_updates import contradictions, merge_rows, remove_patients

    kind = Path(path.stem).suffix
    if kind == WITHDRAWAL:
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines()]
        leaving = [line for line in lines if line and line != patient_column]
        merged = remove_patients(current, leaving, patient_column, path.name)
    elif kind == UPDATE:
        merged = merge_rows(current, read_table(path).cells, patient_column, path.name)
    else:
        cells = read_table(path).cells
        problems = contradictions(cells, patient_column, path.name) if patient_column in cells else []
        if problems:
            raise CohortError(problems)
        return content
    return merged.to_csv(sep="\t", index=False, lineterminator="\n").encode()


def _about(problem: Problem, path: Path) -> str:
    """The problem as it concerns the file delivered, not the one it was tried in."""
    return re.sub(r"\S*/\.trial\.\w+", path.name, str(problem))


def _move(path: Path, folder: Path, sha256: str) -> None:
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    os.replace(path, target if not target.exists() else folder / f"{sha256[:12]}-{path.name}")
