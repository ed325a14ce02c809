"""The report as an HTML page."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report.context import report_context, reported_values, state_of
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.store.workspace import StudyView, Workspace


@study_asset(
    group="report",
    kinds={"html"},
    sections=(
        "name",
        "title",
        "genome",
        "libraries",
        "contrast",
        "ontology",
        "loci",
        "marks",
        "cohort",
        "validation",
        "compare_with_paper",
        "parameters.quality",
        "parameters.filtering",
        "parameters.pausing",
        "parameters.differential",
        "parameters.enrichment",
        "parameters.initiation",
        "parameters.representation",
        "parameters.network",
        "parameters.training",
        "parameters.objective",
    ),
    code_files=("groprog_assets/report/templates",),
    extra_inputs=state_of,
    of_champion=("evaluation", "risk_model"),
    gathered=(
        *(
            "figures",
            "read_quality",
            "filtered_alignments",
            "library_sizes",
            "transcript_hmm",
            "transcripts",
            "transcript_density",
            "genes",
        ),
        *(
            "initiation_regions",
            "differential_initiation",
            "differential_transcription",
            "gene_differential",
            "pausing",
            "enrichment",
            "loci",
            "cohort",
            "evaluation",
            "risk_model",
        ),
        *(
            "risk_scores",
            "ablation",
            "transfer_gain",
            "related_work",
            "external_validation",
            "champion",
            "source_cohorts",
            "sequence_evaluation",
            "sequence_targets",
            "sequence_motifs",
            "sequence_profile",
            "sequence_cell_types",
            "variant_effects",
        ),
    ),
)
def report(study: StudyView, workspace: Workspace, values: Bundle) -> Materialized:
    """One self-contained HTML page: what was run and from what, reads to risk, the model card with its limits; of a study
    without a cohort the nascent half."""
    from groprog_assets.report.page import render_report

    page = render_report({**report_context(study, workspace), **reported_values(study, values)})
    return materialized(Blob(page, ".html"), bytes=len(page), figures=len(values.figures.png))
