"""Which identifiers mean the same disease."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={"table": "xrefs"},
    sections=("omics.ontologies",),
    files=("omics.ontologies.mappings",),
)
def reference_xrefs(study: StudyView) -> Materialized:
    """MONDO's mappings to OMIM and Orphanet as read; only exact matches of classes that are not obsolete are joined over."""
    from groprog_assets.methods.omics import disease_mappings as method

    given = study.omics.ontologies
    found = method.read_mappings(given.mappings, given.versions.mondo)
    return materialized(found, **found.summary)
