"""The catalogue of the omics half: one snapshot of its tables."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.omics_catalog import writing
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import Workspace

INPUTS = (
    *("consents", "subjects", "phenotypes", "diagnoses", "disease_ranking"),
    *("reference_terms", "reference_annotations", "reference_xrefs"),
)


@study_asset(
    group="omics",
    kinds={"duckdb"},
    unread=INPUTS,
    gathered=INPUTS,
)
def omics_catalog(workspace: Workspace, values: Bundle) -> Materialized:
    """The digests of every table of the omics half; one DuckDB file over them lies in the state folder, to be read by queries."""
    snapshot = writing.snapshot_of([value for value in dict.values(values) if value is not None])
    writing.write_catalog(workspace.state, workspace.store, snapshot)
    return materialized(snapshot, snapshot=writing.snapshot_digest(snapshot), tables=len(snapshot["tables"]))
