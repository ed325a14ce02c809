"""Every figure of the report."""

from __future__ import annotations

from typing import Any

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="report",
    kinds={"png", "svg"},
    sections=("parameters.representation", "parameters.network"),
    of_champion=("evaluation", "risk_model", "normalized_features"),
)
def figures(
    study: StudyView,
    nascent_figures: Bundle,
    cohort: Bundle | None,
    evaluation: dict[str, Any] | None,
    risk_model: Bundle | None,
    risk_scores: Any,
    ablation: dict[str, Any] | None,
    external_validation: Bundle | None,
    patient_expression: dict[str, Any] | None,
    normalized_features: Bundle,
) -> Materialized:
    """The paper's figures and the model's, each as PNG and SVG; without a cohort, the paper's and the graph."""
    from groprog_assets.report.figure_list import cohort_drawings, cohort_drivers, drawn, graph_drawing

    drawings = graph_drawing(with_cohort=cohort is not None)
    if cohort and risk_model and patient_expression:
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
        drawings |= cohort_drawings(values)
    made = drawn(drawings)
    images = Bundle({kind: Bundle({**nascent_figures[kind], **made[kind]}) for kind in made})
    return materialized(images, figures=len(images.png))
