"""The lineage of the report as one document."""

from __future__ import annotations

from typing import Any

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Blob
from groprog_assets.store.workspace import Workspace


def beneath_report(workspace: Workspace) -> dict[str, Any]:
    """The derivation the snapshot is of."""
    return {"report": workspace.derivations.current("report")}


@study_asset(group="lineage", kinds={"json"}, extra_inputs=beneath_report)
def lineage_snapshot(workspace: Workspace, report: Blob) -> Materialized:
    """Every derivation the report rests on, with files, parameters, code and environment; the ledger's copy for reading."""
    records = workspace.derivations.closure(workspace.derivations.current("report") or "")
    document = {"report": workspace.derivations.current("report"), "derivations": records}
    return materialized(document, derivations=len(records), report_bytes=len(report.content))
