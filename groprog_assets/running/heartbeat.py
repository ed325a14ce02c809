"""Whether the daemon behind sensors and schedules still runs. Dagster itself does not report when it has stopped.

A study with an inbox or training times needs one; for any other a silent daemon is no fault.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import dagster as dg

from groprog_assets.lineage.collect import FINISHED
from groprog_assets.store.workspace import Workspace

SILENT_SECONDS = 150.0
"""Dagster writes a heartbeat every 30 s; after five of them missed it is taken for dead."""


class Standing(NamedTuple):
    """Of one study: seconds since the last heartbeat of each daemon and the last tick of each sensor and schedule that is on,
    runs that have not ended, whether a daemon is needed, and what is wrong in words."""

    heartbeats: dict[str, float]
    ticks: dict[str, float]
    unfinished: int
    needed: bool
    problems: list[str]


def standing(instance: dg.DagsterInstance, workspace: Workspace, now: float | None = None) -> Standing:
    """How the study's instance stands at `now` (seconds since the epoch, UTC). An age below zero is a clock that jumped back."""
    moment = time.time() if now is None else now
    study = workspace.study
    needed = study.inbox is not None or study.retrain_cron is not None
    beats = {name: moment - beat.timestamp for name, beat in sorted(instance.get_daemon_heartbeats().items())}
    ticks = {}
    for state in instance.all_instigator_state():
        if state.is_running:
            last = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
            if last:
                ticks[state.instigator_name] = moment - last[0].timestamp
    problems = []
    if needed and not beats:
        problems.append("no daemon has run here: files in the inbox wait, nothing is trained again")
    for name, age in beats.items():
        if needed and age > SILENT_SECONDS:
            problems.append(f"{name.lower()} daemon silent for {spoken(age)}")
    for name, age in ticks.items():
        silent = beats and min(beats.values()) <= SILENT_SECONDS
        if silent and name == "inbox" and age > SILENT_SECONDS + 60:
            problems.append(f"sensor {name} has not ticked for {spoken(age)} although the daemon lives")
    unfinished = instance.get_runs_count(
        dg.RunsFilter(statuses=[status for status in dg.DagsterRunStatus if status not in FINISHED])
    )
    return Standing(beats, dict(sorted(ticks.items())), unfinished, needed, problems)


def spoken(seconds: float) -> str:
    """A span in the largest whole unit: "45 s", "3 min", "2 h", "4 days"."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
