"""Every figure of the report."""

from __future__ import annotations

from typing import Any

from groprog_assets.artifacts import Bundle
from groprog_assets.asset_definition import study_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView


@study_asset(
    group="report",
    kinds={"png", "svg"},
    sections=("libraries", "contrast", "parameters.representation", "parameters.network"),
)
def figures(
    study: StudyView,
    read_quality: dict[str, Any],
    filtered_alignments: dict[str, Bundle],
    transcript_hmm: Bundle,
    transcript_density: Bundle,
    tss_profile: Bundle,
    genes: Any,
    differential_transcription: Bundle,
    pausing: Bundle,
    enrichment: Bundle,
    loci: Bundle,
    cohort: Bundle,
    evaluation: dict[str, Any],
    risk_model: Bundle,
    risk_scores: Any,
    patient_expression: dict[str, Any],
    normalized_features: Bundle,
) -> Materialized:
    """The paper's figures and the model's, each as PNG and SVG."""
    from groprog_assets.figure_list import cohort_drivers, drawings, drawn

    values = {
        name: value for name, value in locals().items() if name not in ("study", "drawings", "drawn", "cohort_drivers")
    }
    mode = study.parameters.representation.mode
    values["drivers"] = cohort_drivers(risk_model, cohort, patient_expression, normalized_features, mode)
    values["energy_clamp"] = study.parameters.network.energy_clamp
    images = drawn(drawings(study, values))
    return materialized(images, figures=len(images.png))
