"""The page a person reads."""

from __future__ import annotations

from typing import Any

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report.context import report_context, state_of
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
        "parameters.quality",
        "parameters.representation",
    ),
    code_files=("groprog_assets/report/templates",),
    extra_inputs=state_of,
    of_champion=("evaluation", "risk_model"),
)
def report(
    study: StudyView,
    workspace: Workspace,
    figures: Bundle,
    read_quality: dict[str, Any],
    filtered_alignments: dict[str, Bundle],
    transcript_hmm: Bundle,
    transcripts: Any,
    transcript_density: Bundle,
    genes: Any,
    differential_transcription: Bundle,
    pausing: Bundle,
    enrichment: Bundle,
    loci: Bundle,
    cohort: Bundle | None,
    evaluation: dict[str, Any] | None,
    risk_model: Bundle | None,
    risk_scores: Any,
    ablation: dict[str, Any] | None,
    external_validation: Bundle | None,
    champion: dict[str, Any] | None,
) -> Materialized:
    """One self-contained HTML page: what was run and from what, reads to risk, the model card with its limits; of a study
    without a cohort the nascent half."""
    from groprog_assets.methods.reads.read_quality import judge_quality
    from groprog_assets.report.page import render_report

    conditions = {library.id: library.condition for library in study.libraries}
    context = {
        **report_context(study, workspace),
        "quality": judge_quality(read_quality, conditions, study.parameters.quality),
        "filtered_alignments": filtered_alignments,
        "transcript_hmm": transcript_hmm,
        "transcripts": transcripts,
        "transcript_density": transcript_density,
        "genes": genes,
        "differential_transcription": differential_transcription,
        "pausing": pausing,
        "enrichment": enrichment,
        "loci": loci,
        "figures": {name: blob.content for name, blob in figures.png.items()},
    }
    if cohort and risk_model and external_validation and champion:
        context |= {
            "cohort": cohort,
            "evaluation": evaluation,
            "ablation": ablation,
            "external_validation": external_validation.cohorts,
            "search_log": risk_model.search,
            "training_history": risk_model.history,
            "risk_scores": risk_scores,
            "model_card": {"model": risk_model.summary, "decision": champion["reason"]},
            "champion": champion,
        }
    page = render_report(context)
    return materialized(Blob(page, ".html"), bytes=len(page), figures=len(figures.png))
