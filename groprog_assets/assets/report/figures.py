"""All figures of the report."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="report",
    kinds={"png", "svg"},
    sections=("parameters.representation", "parameters.network"),
    of_champion=("evaluation", "risk_model", "normalized_features"),
    gathered=(
        *("nascent_figures", "cohort", "evaluation", "risk_model", "risk_scores", "ablation", "transfer_gain"),
        *("external_validation", "patient_expression", "normalized_features", "sequence_evaluation", "sequence_model"),
        *("sequence_motifs", "sequence_profile"),
    ),
)
def figures(study: StudyView, values: Bundle) -> Materialized:
    """The paper's figures and the model's, each as PNG and SVG; without a cohort, the paper's and the graph."""
    from groprog_assets.report.figure_list import drawn, study_drawings

    made = drawn(study_drawings(study, values))
    images = Bundle({kind: Bundle({**values.nascent_figures[kind], **made[kind]}) for kind in made})
    return materialized(images, figures=len(images.png))
