"""What a query for diseases needs."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet", "numpy"},
    tables={
        "candidates": "candidate_diseases",
        "terms": "ranking_terms",
        "annotations": "ranking_annotations",
    },
    sections=("parameters.ranking",),
)
def ranking_index(
    study: StudyView, reference_terms: Bundle, reference_annotations: Bundle, reference_xrefs: Bundle
) -> Materialized:
    """Candidate diseases and their annotation, pooled over identifiers of one MONDO class, frequencies as they are used."""
    from groprog_assets.methods.omics import disease_ranking as method

    known = (reference_terms.terms, reference_terms.edges, reference_annotations.disease_terms)
    found = method.ranking_index(
        *known, reference_annotations.diseases, reference_xrefs.table, study.parameters.ranking
    )
    return materialized(found, candidates=len(found.candidates), annotations=len(found.annotations))
