"""What a study has run and what it takes: runs by status, the newest run, bytes on disk."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from groprog_assets.graph.resources import ACTOR_TAG
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document


def run_counts(records: Sequence[dg.RunRecord]) -> dict[str, int]:
    """{status in lower case: runs}, the commonest first."""
    return dict(Counter(record.dagster_run.status.value.lower() for record in records).most_common())


def newest_run(records: Sequence[dg.RunRecord]) -> Document | None:
    """{at (UTC), status, actor} of the run made last; None without runs."""
    if not records:
        return None
    record = max(records, key=lambda item: item.storage_id)
    at = record.create_timestamp.astimezone(UTC) if record.create_timestamp else datetime.now(UTC)
    run = record.dagster_run
    return {
        "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "status": run.status.value.lower(),
        "actor": run.tags.get(ACTOR_TAG, ""),
    }


def disk_use(workspace: Workspace) -> Document:
    """{"state", "store", "free": bytes, "values": files of the store}; store and values None where it is no folder of this
    machine, 0 where it is one and no run has made it yet. A store inside the state is counted in both."""
    shown = workspace.store.shown
    held = (None, None) if "://" in shown else bytes_in(Path(shown))
    return {
        "state": bytes_in(workspace.state)[1],
        "values": held[0],
        "store": held[1],
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
