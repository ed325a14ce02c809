"""What is known of diseases."""

from __future__ import annotations

from groprog_assets.checks import omics as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="omics",
    kinds={"parquet"},
    tables={"disease_terms": "disease_terms", "diseases": "diseases", "genes": "gene_disease"},
    sections=("omics.ontologies",),
    files=("omics.ontologies.annotations", "omics.ontologies.genes"),
    blocking=("ontology_release", "keys"),
)
def reference_annotations(study: StudyView, reference_terms: Bundle) -> Materialized:
    """Diseases, their terms with frequencies and sources, and their genes."""
    from groprog_assets.methods.omics import disease_annotations as method
    from groprog_assets.methods.omics.foreign_keys import broken_keys

    found = method.read_knowledge(study.omics.ontologies, reference_terms.terms, reference_terms.aliases)
    held = {"disease_terms": found.disease_terms, "diseases": found.diseases, "terms": reference_terms.terms}
    release = (reference_terms.summary["version"], found.summary["ontology_version"])
    return materialized(
        found, verdicts=[check.ontology_release(*release), check.keys(broken_keys(held))], **found.summary
    )
