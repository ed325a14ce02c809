"""The lineage of the report as one document."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Blob
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document


def beneath_report(workspace: Workspace) -> Document:
    """The derivation the snapshot is of."""
    return {"report": workspace.derivations.current("report")}


@study_asset(group="lineage", kinds={"json"}, extra_inputs=beneath_report)
def lineage_snapshot(workspace: Workspace, report: Blob) -> Materialized:
    """Every derivation the report rests on, with files, parameters, code and environment; the ledger's copy for reading."""
    records = workspace.derivations.closure(workspace.derivations.current("report") or "")
    document = {"report": workspace.derivations.current("report"), "derivations": records}
    return materialized(document, derivations=len(records), report_bytes=len(report.content))
