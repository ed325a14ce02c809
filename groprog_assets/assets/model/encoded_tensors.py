"""The inputs of the model for each patient, and the folds."""

from __future__ import annotations

from groprog_assets.checks import cohort as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.prognosis.leak_guard import told_leaks
from groprog_assets.prognosis.model_columns import model_folds, model_inputs
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Arrays


@study_asset(
    group="model",
    kinds={"numpy"},
    tables={"folds": "folds"},
    sections=(
        "cohort",
        "parameters.representation",
        "parameters.evaluation",
        "parameters.cohort",
        "parameters.training",
    ),
    files=("cohort.splits",),
    blocking=("between_patient_variance", "no_leakage"),
)
def encoded_tensors(
    study: StudyView, cohort: Bundle, patient_expression: Arrays, normalized_features: Bundle
) -> Materialized:
    """The folds, and the constants each training fold fits: nothing of a held-out patient enters them."""
    from groprog_assets.methods.cohort import folds as method
    from groprog_assets.methods.cohort.patient_expression import shared_genes
    from groprog_assets.model.encoders import Encoders

    parameters = study.as_parameters()
    folds = method.make_folds(
        cohort.outcomes, study.cohort.splits, parameters.evaluation, parameters.training.seed, cohort.index
    )
    inputs = model_inputs(cohort, patient_expression, normalized_features, parameters.representation.mode)
    if inputs.mode == "signature":
        shared_genes(inputs.genes, normalized_features.table["gene"], parameters.cohort)
    fitted = {
        f"repeat_{fold.repeat}_fold_{fold.fold}": Encoders.fit(inputs.take(fold.train), parameters)
        for fold in model_folds(folds, cohort)
    }
    value = Bundle(
        folds=folds,
        encoders={name: encoders.document() for name, encoders in fitted.items()},
        **{name: encoders.arrays() for name, encoders in fitted.items() if encoders.arrays()},
    )
    return materialized(
        value,
        verdicts=[
            check.between_patient_variance(inputs.between_patient_variance(), inputs.mode),
            check.no_leakage(told_leaks(cohort, patient_expression, folds, parameters.cohort), parameters.cohort),
        ],
        patients=len(inputs),
        folds=len(fitted),
        genes=len(inputs.genes),
        mode=inputs.mode,
    )
