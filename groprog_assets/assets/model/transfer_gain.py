"""What the other cohorts are worth."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.prognosis.model_columns import TRAINED_BY, model_folds, model_inputs, model_outcomes
from groprog_assets.prognosis.source_cohorts import gain_of_sources
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays, Progress


@study_asset(
    group="model",
    kinds={"json"},
    sections=TRAINED_BY,
    of_champion=("cohort", "patient_expression", "normalized_features", "encoded_tensors", "source_cohorts"),
)
def transfer_gain(
    study: StudyView,
    progress: Progress,
    cohort: Bundle,
    patient_expression: Arrays,
    normalized_features: Bundle,
    encoded_tensors: Bundle,
    source_cohorts: Bundle,
) -> Materialized:
    """Held-out concordance of the linear path with the other cohorts less that without, by number of training patients, beside a
    placebo with permuted genes; nothing without `cohort.sources`."""
    from groprog_assets.methods.evaluation import transfer_gain as method

    parameters = study.as_parameters()
    inputs = model_inputs(cohort, patient_expression, normalized_features, parameters.representation.mode)
    folds = model_folds(encoded_tensors.folds, cohort)
    rows = gain_of_sources(inputs, model_outcomes(cohort), folds, source_cohorts, parameters, progress)
    document = method.gain_by_patients(rows)
    return materialized(document, plot=plots.transfer_gain(document), fits=len(rows))
