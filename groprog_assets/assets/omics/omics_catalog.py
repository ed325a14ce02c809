"""The catalogue of the omics half: one snapshot of its tables."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.omics_catalog import writing
from groprog_assets.store.wire_format import Stored
from groprog_assets.store.workspace import Workspace

INPUTS = (
    *("consents", "subjects", "phenotypes", "diagnoses", "disease_ranking"),
    *("reference_terms", "reference_annotations", "reference_xrefs"),
)


@study_asset(group="omics", kinds={"duckdb"}, unread=INPUTS)
def omics_catalog(
    workspace: Workspace,
    consents: Stored,
    subjects: Stored,
    phenotypes: Stored,
    diagnoses: Stored,
    disease_ranking: Stored,
    reference_terms: Stored,
    reference_annotations: Stored,
    reference_xrefs: Stored,
) -> Materialized:
    """The digests of every table of the omics half; one DuckDB file over them lies in the state folder, to be read by queries."""
    of_subjects = (consents, subjects, phenotypes, diagnoses, disease_ranking)
    snapshot = writing.snapshot_of([*of_subjects, reference_terms, reference_annotations, reference_xrefs])
    writing.write_catalog(workspace.state, workspace.store, snapshot)
    return materialized(snapshot, snapshot=writing.snapshot_digest(snapshot), tables=len(snapshot["tables"]))
