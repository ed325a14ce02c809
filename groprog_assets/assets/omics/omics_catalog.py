"""The catalogue of the omics half: one snapshot of its tables."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.omics_catalog import writing
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import Workspace

STAGES = {
    "assay_raw": "raw",
    "assay_normalised": "normalised",
    "assay_corrected": "corrected",
    "assay_filled": "filled",
}
"""Asset -> the stage of its matrices, each a view `measurements_<assay>_<stage>`."""
INPUTS = (
    *("consents", "subjects", "phenotypes", "diagnoses", "disease_ranking"),
    *("reference_terms", "reference_annotations", "reference_xrefs", "reference_diseases"),
    *("samples", *STAGES, "out_of_range"),
    *("gene_sets", "factors", "strata", "biomarkers", "pathway_scores", "reversal"),
)


@study_asset(
    group="omics",
    kinds={"duckdb"},
    unread=INPUTS,
    gathered=INPUTS,
)
def omics_catalog(workspace: Workspace, values: Bundle) -> Materialized:
    """The digests of every table of the omics half; one DuckDB file over them lies in the state folder, to be read by queries."""
    held = {name: value for name, value in dict.items(values) if value is not None}
    stages = {stage: held[name] for name, stage in STAGES.items() if name in held}
    snapshot = writing.snapshot_of(dict.values(held), writing.matrices_of(stages))
    writing.write_catalog(workspace.state, workspace.store, snapshot)
    return materialized(snapshot, snapshot=writing.snapshot_digest(snapshot), tables=len(snapshot["tables"]))
