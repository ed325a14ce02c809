"""The report of the omics half as an HTML page."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report.context import omics_checks
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.store.workspace import StudyView, Workspace


@study_asset(
    group="omics",
    kinds={"html"},
    sections=("name", "title", "omics.consents", "parameters.ranking", "parameters.integration"),
    code_files=("groprog_assets/report/templates",),
    extra_inputs=omics_checks,
    gathered=(
        *("omics_sources", "consents", "subjects", "phenotypes", "diagnoses"),
        *("reference_terms", "reference_annotations", "reference_xrefs", "ranking_index", "disease_ranking"),
        *("samples", "assay_raw", "assay_normalised", "assay_corrected", "assay_filled"),
        *("factors", "fused_network", "strata", "biomarkers", "pathway_scores", "reversal"),
    ),
)
def omics_report(study: StudyView, workspace: Workspace, values: Bundle) -> Materialized:
    """One self-contained HTML page, for research use only: records, consents, ontologies, accuracy, ranked subjects."""
    from groprog_assets.report.omics_page import render_omics

    page = render_omics(study, values, omics_checks(workspace))
    return materialized(Blob(page, ".html"), bytes=len(page))
