"""The risk model (eqs. 1 to 14)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from groprog_assets import plots
from groprog_assets.artifacts import Blob, Bundle
from groprog_assets.asset_definition import study_asset
from groprog_assets.model_columns import model_folds, model_inputs, model_outcomes, search_log
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView


@study_asset(
    group="model",
    kinds={"torch"},
    tables={
        "out_of_fold": "out_of_fold",
        "clinical_out_of_fold": "out_of_fold",
        "history": "training_history",
        "stability": "risk_stability",
        "agreement": "member_agreement",
        "search": "search_log",
    },
    sections=(
        "parameters.representation",
        "parameters.network",
        "parameters.objective",
        "parameters.training",
        "parameters.linear_path",
        "parameters.evaluation",
        "parameters.cohort",
        "parameters.perturbation",
        "parameters.search",
    ),
)
def risk_model(
    study: StudyView,
    progress: Callable[[str], Any],
    scratch: Path,
    cohort: Bundle,
    patient_expression: dict[str, Any],
    normalized_features: Bundle,
    encoded_tensors: Bundle,
) -> Materialized:
    """Out-of-fold risks of every patient, with and without omics, and the final model trained on the whole cohort."""
    import pandas as pd

    from groprog_assets.fold_stability import FoldStability
    from groprog_assets.model.checkpoint import model_version, save_model
    from groprog_assets.model.cross_validation import cross_validate, train_final

    parameters = study.as_parameters()
    inputs = model_inputs(cohort, patient_expression, normalized_features, parameters.representation.mode)
    outcomes = model_outcomes(cohort)
    folds = model_folds(encoded_tensors.folds, cohort)

    def tell(row: dict[str, Any]) -> None:
        if row["epoch"] % 25 == 0:
            progress(
                f"repeat {row['repeat']} fold {row['fold']} member {row['seed']} epoch {row['epoch']} {row['stage']}"
            )

    stability = FoldStability(outcomes, parameters.perturbation, parameters.training.seed)
    crossed = cross_validate(
        inputs, outcomes, folds, parameters, tell, scratch / "folds", keep_models=False, inspect=stability.inspect
    )
    clinical = cross_validate(
        inputs.clinical_only(), outcomes, folds, parameters, tell, scratch / "clinical", keep_models=False
    )
    final = train_final(inputs, outcomes, parameters, tell, scratch / "final")
    files = save_model(final.model)
    value = Bundle(
        out_of_fold=pd.DataFrame(crossed.out_of_fold).assign(model="groprog"),
        clinical_out_of_fold=pd.DataFrame(clinical.out_of_fold).assign(model="groprog_clinical"),
        history=pd.concat([pd.DataFrame(crossed.history), pd.DataFrame(final.history)], ignore_index=True),
        **stability.tables(),
        search=search_log(crossed, final),
        files=Bundle({name: Blob(content, Path(name).suffix) for name, content in files.items()}),
        summary={
            "model_version": model_version(files),
            "mode": inputs.mode,
            "patients": len(inputs),
            "events": int(outcomes.event.sum()),
            "members": len(final.model.members),
            "stacking": final.stacking,
            "linear_penalties": final.model.linear_penalties,
        },
    )
    return materialized(
        value,
        plot=plots.risk_model(value.history),
        model_version=model_version(files),
        mode=inputs.mode,
        patients=len(inputs),
    )
