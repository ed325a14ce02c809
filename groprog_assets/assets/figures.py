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
    sections=("parameters.representation", "parameters.network"),
    of_champion=("evaluation", "risk_model", "normalized_features"),
)
def figures(
    study: StudyView,
    nascent_figures: Bundle,
    cohort: Bundle,
    evaluation: dict[str, Any],
    risk_model: Bundle,
    risk_scores: Any,
    ablation: dict[str, Any],
    external_validation: Bundle,
    patient_expression: dict[str, Any],
    normalized_features: Bundle,
) -> Materialized:
    """The paper's figures and the model's, each as PNG and SVG."""
    from groprog_assets.figure_list import cohort_drawings, cohort_drivers, drawn

    values = {
        "cohort": cohort,
        "evaluation": evaluation,
        "risk_model": risk_model,
        "risk_scores": risk_scores,
        "ablation": ablation,
        "external_validation": external_validation,
        "energy_clamp": study.parameters.network.energy_clamp,
        "drivers": cohort_drivers(
            risk_model, cohort, patient_expression, normalized_features, study.parameters.representation.mode
        ),
    }
    made = drawn(cohort_drawings(values))
    images = Bundle({kind: Bundle({**nascent_figures[kind], **made[kind]}) for kind in made})
    return materialized(images, figures=len(images.png))
