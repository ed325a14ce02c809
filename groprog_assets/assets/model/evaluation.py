"""Evaluation of the model and the baselines (eqs. 15 and 16)."""

from __future__ import annotations

from groprog_assets.checks import drift
from groprog_assets.checks import evaluation as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="model",
    kinds={"json"},
    sections=("parameters.evaluation", "parameters.training"),
    checks=("omics_add", "calibration"),
)
def evaluation(
    study: StudyView, cohort: Bundle, encoded_tensors: Bundle, risk_model: Bundle, baselines: Bundle
) -> Materialized:
    """Out-of-fold metrics of every model with bootstrap intervals, paired differences, Kaplan–Meier and calibration."""
    from groprog_assets.methods.evaluation import evaluation as method
    from groprog_assets.methods.evaluation.robustness_metrics import robustness

    risks = [risk_model.out_of_fold, risk_model.clinical_out_of_fold, baselines.table]
    seed = study.parameters.training.seed
    document = method.evaluate_models(risks, cohort.outcomes, encoded_tensors.folds, study.parameters.evaluation, seed)
    given = (risk_model.uncalibrated, cohort.outcomes, encoded_tensors.folds, study.parameters.evaluation)
    document["calibration"] |= method.calibration_of(*given)
    document["robustness"] = robustness(risk_model.stability, risk_model.agreement, risk_model.out_of_fold)
    document |= method.fallback_of(risk_model.summary)
    verdicts = [check.omics_add(document, risk_model.summary["mode"]), drift.calibration(document)]
    return materialized(document, plot=plots.evaluation(document), verdicts=verdicts, models=len(document["models"]))
