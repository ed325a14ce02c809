"""What a study has run and what it takes: runs by status, the newest run, bytes on disk."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import dagster as dg

from groprog_assets.graph.resources import ACTOR_TAG
from groprog_assets.lineage.collect import FINISHED
from groprog_assets.lineage.command_runs import COMMAND_ID_TAG, KEPT
from groprog_assets.lineage.decisions import ACTOR, decisions
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

SUCCESS = dg.DagsterRunStatus.SUCCESS.value.lower()


class KnownRun(NamedTuple):
    """A run as people mean it: a whole command, or a run that was launched in the UI.

    began, ended: seconds since the epoch; ended None while it goes on. status: that of Dagster in lower case; of a command of
    several Dagster runs, that of one that goes on or did not succeed, else success.
    """

    began: float
    ended: float | None
    status: str
    actor: str


def known_runs(instance: dg.DagsterInstance) -> list[KnownRun]:
    """Every run of a study, in the order in which they began; one that had nothing to compute is a run too."""
    commands: dict[str, list[dg.RunRecord]] = {}
    for record in instance.get_run_records():
        run = record.dagster_run
        commands.setdefault(run.tags.get(COMMAND_ID_TAG, run.run_id), []).append(record)
    found = [_one_run(records) for records in commands.values()]
    for event in decisions(instance):
        observed = event.event_log_entry.asset_observation
        if observed is not None and observed.description == KEPT:
            actor = str(observed.metadata[ACTOR].value)
            found.append(KnownRun(event.timestamp, event.timestamp, SUCCESS, actor))
    return sorted(found, key=lambda run: run.began)


def _one_run(records: Sequence[dg.RunRecord]) -> KnownRun:
    """The Dagster runs of one command as one run."""
    statuses = [record.dagster_run.status for record in records]
    going_on = [status for status in statuses if status not in FINISHED]
    unlucky = [status for status in statuses if status is not dg.DagsterRunStatus.SUCCESS]
    status = next(iter([*going_on, *unlucky, dg.DagsterRunStatus.SUCCESS]))
    began = min(record.start_time or record.create_timestamp.timestamp() for record in records)
    ended = None if going_on else max(record.end_time or record.update_timestamp.timestamp() for record in records)
    return KnownRun(began, ended, status.value.lower(), records[0].dagster_run.tags.get(ACTOR_TAG, ""))


def run_counts(runs: Sequence[KnownRun]) -> dict[str, int]:
    """{status in lower case: runs}, the commonest first."""
    return dict(Counter(run.status for run in runs).most_common())


def newest_run(runs: Sequence[KnownRun]) -> Document | None:
    """{at, began (UTC), status, actor} of the run that began last, `at` its end, "" while it goes on; None without runs."""
    if not runs:
        return None
    newest = runs[-1]
    return {
        "at": "" if newest.ended is None else _in_utc(newest.ended),
        "began": _in_utc(newest.began),
        "status": newest.status,
        "actor": newest.actor,
    }


def _in_utc(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def disk_use(workspace: Workspace) -> Document:
    """{"state", "store", "free": bytes, "values": values of the store}; store and values None where it is no folder of this
    machine, 0 where it is one and no run has made it yet. A store inside the state is counted in both."""
    shown = workspace.store.shown
    here = "://" not in shown
    return {
        "state": bytes_in(workspace.state)[1],
        "values": len(workspace.store.objects.values()) if here else None,
        "store": bytes_in(Path(shown))[1] if here else None,
        "free": shutil.disk_usage(workspace.folder).free,
    }


def bytes_in(folder: Path) -> tuple[int, int]:
    """(files, bytes) below a folder; what vanishes meanwhile does not count."""
    files = size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(place, name)).st_size
                files += 1
            except OSError:
                continue
    return files, size


def spoken_bytes(size: int) -> str:
    """A size for people, in powers of 1000: "812 bytes", "4.2 MB", "13 GB"."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.{0 if size >= 10 * factor else 1}f} {unit}"
    return count_of(size, "byte")
