"""Exporting the results, and sealing what was exported: the digest of the list of files enters the ledger as a decision."""

from __future__ import annotations

import dagster as dg

from groprog_assets.graph.resources import known_actor
from groprog_assets.lineage import ledger
from groprog_assets.lineage.collect import collect
from groprog_assets.lineage.decisions import record_decision
from groprog_assets.lineage.present import EXPORTED, MANIFEST, sealed_manifest
from groprog_assets.running.execution import study_instance
from groprog_assets.store.artifacts import digest_file
from groprog_assets.store.workspace import Workspace


def export_and_seal(workspace: Workspace, actor: str = "", instance: dg.DagsterInstance | None = None) -> list[str]:
    """Write the results folder and seal the list of its files, unless it is the one sealed last; the names written, in order.

    Without a ledger nothing is sealed. instance: the study's, where it is open already.
    """
    from groprog_assets.export.results_folder import export_results, publish_ledger

    names = export_results(workspace)
    if not workspace.ledger_path.is_file():
        return names
    digest = digest_file(workspace.results / MANIFEST)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        if sealed_manifest(connection) == digest:
            return names
    if instance is None:
        with study_instance(workspace) as opened:
            _seal(workspace, opened, actor, names, digest)
    else:
        _seal(workspace, instance, actor, names, digest)
    publish_ledger(workspace)
    return names


def _seal(workspace: Workspace, instance: dg.DagsterInstance, actor: str, names: list[str], digest: str) -> None:
    evidence = {"files": len(names), "manifest": digest}
    record_decision(instance, "report", EXPORTED, known_actor(actor), evidence)
    collect(instance, workspace.ledger_path, workspace.derivations)
