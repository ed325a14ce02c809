"""Ablation: the model without each of its parts."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.prognosis.model_columns import TRAINED_BY
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays, Progress


@study_asset(
    group="model",
    kinds={"json", "torch"},
    sections=(*TRAINED_BY, "parameters.ablation"),
    of_champion=(
        "cohort",
        "patient_expression",
        "normalized_features",
        "source_cohorts",
        "encoded_tensors",
        "risk_model",
    ),
)
def ablation(
    study: StudyView,
    progress: Progress,
    scratch: Path,
    cohort: Bundle,
    patient_expression: Arrays,
    normalized_features: Bundle,
    source_cohorts: Bundle,
    encoded_tensors: Bundle,
    risk_model: Bundle,
) -> Materialized:
    """Held-out concordance of the model without omics, network, linear path, descriptors and further parts, each against it."""
    from groprog_assets.methods.evaluation import ablation as method
    from groprog_assets.prognosis.ablation_runs import risks_without_parts

    parameters = study.as_parameters()
    folds = encoded_tensors.folds[encoded_tensors.folds["repeat"] < parameters.ablation.repeats]
    given = (cohort, patient_expression, normalized_features, source_cohorts)
    risks = risks_without_parts(*given, folds, parameters, risk_model, progress, scratch)
    document = method.compare_parts(risks, cohort.outcomes, folds, parameters.evaluation, parameters.training.seed)
    return materialized(document, plot=plots.ablation(document), parts=len(document["parts"]))
