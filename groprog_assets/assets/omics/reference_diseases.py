"""The hierarchy of diseases."""

from __future__ import annotations

from groprog_assets.checks import omics as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={
        "classes": "disease_classes",
        "aliases": "disease_aliases",
        "edges": "disease_edges",
        "closure": "disease_closure",
    },
    sections=("omics.mondo", "omics.ontologies"),
    files=("omics.mondo",),
    blocking=("keys",),
)
def reference_diseases(study: StudyView) -> Materialized:
    """Classes of MONDO that are not obsolete, which lies below which, and the identifiers that they have replaced."""
    from groprog_assets.methods.omics import disease_hierarchy as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    given = study.omics.ontologies
    found = method.read_hierarchy(study.omics.mondo, given.versions.mondo if given is not None else "")
    held = {"disease_classes": found.classes, "disease_aliases": found.aliases}
    held |= {"disease_edges": found.edges, "disease_closure": found.closure}
    return materialized(found, verdicts=[check.keys(broken_keys(held))], **found.summary)
