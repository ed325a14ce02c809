"""The ontology of findings."""

from __future__ import annotations

from groprog_assets.checks import omics as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={
        "terms": "terms",
        "aliases": "term_aliases",
        "synonyms": "term_synonyms",
        "edges": "edges",
        "closure": "closure",
    },
    sections=("omics.ontologies",),
    files=("omics.ontologies.hpo",),
    blocking=("keys",),
)
def reference_terms(study: StudyView) -> Materialized:
    """Terms, obsolete ones too, their aliases and synonyms, is_a edges and their closure."""
    from groprog_assets.methods.omics import ontologies as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    given = study.omics.ontologies
    found = method.read_ontology(given.hpo, given.versions.hpo)
    held = {"terms": found.terms, "term_aliases": found.aliases, "term_synonyms": found.synonyms}
    held |= {"edges": found.edges, "closure": found.closure}
    return materialized(found, verdicts=[check.keys(broken_keys(held))], **found.summary)
