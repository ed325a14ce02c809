"""Gene Ontology terms and the genes under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Progress

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="annotation",
    kinds={"parquet"},
    tables={"terms": "ontology_terms", "annotations": "ontology_annotations"},
    sections=("ontology", "parameters.enrichment"),
    files=("ontology.obo", "ontology.gaf", "ontology.gmt"),
)
def ontology(study: StudyView, genes: pd.DataFrame, progress: Progress) -> Materialized:
    """Terms with the genes under each, the true-path rule applied; empty when the study names no ontology.

    What was left out is said while it is read, and stands in the headline.
    """
    from groprog_assets.methods.annotation import ontology as method

    tables = method.read_ontology(study.ontology, genes["gene"])
    method.forget_files()  # the check before the run has kept them for this
    said = method.ontology_notices(tables, study.parameters.enrichment)
    for notice in said:
        progress(str(notice))
    return materialized(tables, **method.ontology_counts(tables), read=[notice.value for notice in said])
