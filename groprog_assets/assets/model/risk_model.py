"""The risk model (eqs. 1 to 14)."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.prognosis.model_columns import TRAINED_BY
from groprog_assets.report import plots
from groprog_assets.store.wire_format import Stored
from groprog_assets.store.workspace import StudyView
from groprog_assets.tables.values import Progress


@study_asset(
    group="model",
    kinds={"torch"},
    tables={
        "out_of_fold": "out_of_fold",
        "clinical_out_of_fold": "out_of_fold",
        "uncalibrated": "out_of_fold",
        "history": "training_history",
        "stability": "risk_stability",
        "agreement": "member_agreement",
        "search": "search_log",
    },
    sections=(*TRAINED_BY, "parameters.perturbation"),
    unread=("cohort", "patient_expression", "normalized_features", "source_cohorts", "encoded_tensors"),
)
def risk_model(
    study: StudyView,
    pool: Pool,
    progress: Progress,
    scratch: Path,
    cohort: Stored,
    patient_expression: Stored,
    normalized_features: Stored,
    source_cohorts: Stored,
    encoded_tensors: Stored,
) -> Materialized:
    """Out-of-fold risks of every patient, with and without omics, and the final model trained on the whole cohort."""
    from groprog_assets.compute.shards import risk_model as shard

    shared = {
        "cohort": cohort,
        "patient_expression": patient_expression,
        "normalized_features": normalized_features,
        "source_cohorts": source_cohorts,
        "encoded_tensors": encoded_tensors,
    }
    folds = encoded_tensors.member("folds").value()
    value = shard.on_pool(pool, shared, folds, study.as_parameters(), Here(progress, scratch))
    told = {name: value.summary[name] for name in ("model_version", "mode", "patients")}
    return materialized(value, plot=plots.risk_model(value.history), **told)
