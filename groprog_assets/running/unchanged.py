"""Values that a run leaves as they are: nothing is executed and nothing written for them.

A value is unchanged when a run would use it again (`plan`), it is the current one, the newest in the ledger, known to the UI, and
not about to be called overdue there.
"""

from __future__ import annotations

import time
from datetime import timedelta

import dagster as dg

from groprog_assets.graph.specification import LIBRARY_ASSETS, SPECIFICATIONS
from groprog_assets.lineage import ledger
from groprog_assets.lineage.command_runs import KEPT
from groprog_assets.lineage.decisions import record_decision
from groprog_assets.lineage.present import newest_derivations
from groprog_assets.running.freshness import GROUPS, WARNED_AT
from groprog_assets.running.planning import plan
from groprog_assets.store.artifacts import digest_value
from groprog_assets.store.derivations import Record
from groprog_assets.store.workspace import Workspace

Unchanged = dict[tuple[str, str], Record]
"""{(asset, library or ""): the derivation of its value}, in running order."""


def unchanged_values(workspace: Workspace, instance: dg.DagsterInstance, chosen: set[str]) -> Unchanged:
    """The values of the `chosen` assets that need no step.

    Where a failed check bars something, every value of the library, or of the study, takes its step as before, so that the run
    reports it.
    """
    if not workspace.ledger_path.is_file():
        return {}
    steps = plan(workspace, chosen)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        newest = newest_derivations(connection)
    known = _made_here(instance, workspace, chosen)
    barred = {step.partition for step in steps if step.verdict == "blocked"}
    found: Unchanged = {}
    for step in steps:
        if step.verdict != "keep" or step.partition in barred or step.asset not in known:
            continue
        current = workspace.derivations.current(step.asset, step.partition)
        if current is None or current != step.derivation or current not in newest.get((step.asset, step.partition), ()):
            continue
        found[step.asset, step.partition] = workspace.derivations.read(current)
    return found


def record_unchanged(instance: dg.DagsterInstance, workspace: Workspace, found: Unchanged, actor: str) -> None:
    """One event for a run that changed nothing: who ran it, of which assets values were kept, and a digest over which values."""
    kept = sorted([asset, partition, workspace.derivations.current(asset, partition)] for asset, partition in found)
    assets = sorted({asset for asset, _ in found})
    evidence = {"values": len(kept), "assets": assets, "kept": digest_value(kept)}
    record_decision(instance, "report", KEPT, actor, evidence)


def left_to_run(names: list[str], partition: str, found: Unchanged) -> list[str]:
    """The assets of `names` that need a step in this partition."""
    return [name for name in names if (name, partition) not in found]


def _made_here(instance: dg.DagsterInstance, workspace: Workspace, chosen: set[str]) -> set[str]:
    """The assets that the UI shows as made, and not so long ago that it warns of their age."""
    days = timedelta(days=workspace.study.fresh_for_days * WARNED_AT)
    oldest = time.time() - days.total_seconds()
    found = set()
    for record in instance.get_asset_records([dg.AssetKey(name) for name in sorted(chosen)]):
        made = record.asset_entry.last_materialization_record
        name = record.asset_entry.asset_key.to_user_string()
        ages = name not in LIBRARY_ASSETS and SPECIFICATIONS[name].group in GROUPS
        if made is not None and (made.timestamp >= oldest or not ages):
            found.add(name)
    return found
