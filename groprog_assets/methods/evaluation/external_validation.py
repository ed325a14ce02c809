"""External validation of a finished model: metrics, calibration, strata at the cuts of training, and unavailable inputs.

Tables in, one JSON-able document out; no Dagster, no torch. Nothing is fitted on the other centre's outcomes but the
censoring distribution that weighs its metrics. Source: docs/methods.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.fitting.clinical_cox import fit_clinical_cox
from groprog_assets.fitting.covariates import Covariates
from groprog_assets.methods.evaluation.baselines import dummy_coding
from groprog_assets.methods.evaluation.evaluation import MODEL, evaluate
from groprog_assets.methods.evaluation.kaplan_meier import at_risk_table, log_rank, survival_by_group, whole_years
from groprog_assets.study.parameters import Parameters
from groprog_assets.tables.values import Document
from groprog_kernels.censoring import kaplan_meier, step_function
from groprog_kernels.cox import breslow_baseline, survival_probability

MOST_NAMES = 40


def evaluate_external(
    scores: Mapping[str, pd.DataFrame], outcomes: pd.DataFrame, training_risk: np.ndarray, parameters: Parameters
) -> Document:
    """The evaluation document of an external cohort, as `evaluation.evaluate` gives it for held-out patients.

    scores: {model: patient_id, risk, survival_<month>}; outcomes: that cohort's, which also give G. Differences carry the
    bootstrap over patients as their interval (there is one test set, so no spread over folds). Strata of the model are cut at
    the quantiles of `training_risk` (m,), so that a group means the same risk in every cohort. "observed_expected": by horizon
    the Kaplan-Meier event probability over the mean predicted one, None beyond the follow-up.
    """
    whole = pd.DataFrame({"repeat": 0, "fold": 0, "patient_id": outcomes["patient_id"]})
    table = pd.concat([frame.assign(model=name, repeat=0, fold=0) for name, frame in scores.items()])
    settings = parameters.evaluation
    document = evaluate(table, outcomes, whole, settings, seed=parameters.training.seed, censoring=outcomes)
    document.pop("headline")
    for row in document["differences"]:
        row["lower"], row["upper"] = row["bootstrap_lower"], row["bootstrap_upper"]
        row["standard_error"] = row["p_value"] = None
    risk = scores[MODEL].set_index("patient_id").loc[outcomes["patient_id"]]
    document["strata"] = {MODEL: _strata(risk["risk"].to_numpy(), outcomes, training_risk, settings.strata)}
    document["observed_expected"] = {
        f"{horizon:g}": _observed_expected(1 - risk[f"survival_{horizon:g}"].to_numpy(), outcomes, horizon)
        for horizon in settings.horizons_months
    }
    document["conventions"] |= {
        "interval": "percentile bootstrap over this cohort's patients, predictions and G held",
        "differences": "percentile bootstrap over this cohort's patients",
        "c_ipcw": "as for the study's cohort, G from this cohort",
        "strata": "cut at the training cohort's quantiles of risk",
    }
    return document


def clinical_cox_elsewhere(
    fitted_on: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], records: pd.DataFrame, parameters: Parameters
) -> pd.DataFrame:
    """patient_id, risk and survival_<month> of the clinical Cox baseline, fitted on (records, fields, outcomes) of the training.

    `records`: the other centre's, with every used field as a column; absent values count as the training's median.
    """
    own, fields, outcomes = fitted_on
    own = own.set_index("patient_id").loc[outcomes["patient_id"]]
    time, event = outcomes["time"].to_numpy(np.float64), outcomes["event"].to_numpy(bool)
    training = Covariates.from_columns(own.reset_index(), fields)
    random = np.random.default_rng([parameters.training.seed, 1, 1])
    cox = fit_clinical_cox(training, time, event, dummy_coding(training, parameters), random)
    baseline = breslow_baseline(cox.columns @ cox.coefficients, time, event)
    elsewhere = cox.coding.transform(Covariates.from_columns(records, fields)) @ cox.coefficients
    return survival_frame(records["patient_id"].to_numpy(), elsewhere, baseline, parameters)


def survival_frame(patients: np.ndarray, risk: np.ndarray, baseline: Any, parameters: Parameters) -> pd.DataFrame:
    """patient_id, risk, survival_<month> (n rows) from log-risks (n,) and a Breslow baseline."""
    months = np.array(parameters.evaluation.survival_months)
    survival = survival_probability(baseline, risk, months)
    columns = {f"survival_{month:g}": survival[:, k] for k, month in enumerate(months)}
    return pd.DataFrame({"patient_id": patients, "risk": risk, **columns})


def what_was_lost(
    fields: Mapping[str, float], genes: Mapping[str, float], absent_fields: Mapping[str, str], present_genes: set[str]
) -> Document:
    """Inputs of the model that an external cohort lacks, weighted by their contribution in training.

    fields, genes: {name: mean absolute contribution over the training patients}; absent_fields: {name: why}. "share" is of the
    sum of all contributions of fields (or genes), None where they sum to 0.
    """
    missing = [name for name in genes if name not in present_genes]
    total_fields, total_genes = sum(fields.values()), sum(genes.values())
    strongest = sorted(missing, key=lambda name: -genes[name])
    return {
        "fields": [
            {"field": name, "why": why, "share": fields.get(name, 0.0) / total_fields if total_fields else None}
            for name, why in absent_fields.items()
        ],
        "genes": {
            "model": len(genes),
            "present": len(genes) - len(missing),
            "share": sum(genes[name] for name in missing) / total_genes if total_genes else None,
            "strongest_missing": strongest[:MOST_NAMES],
        },
    }


def _strata(risk: np.ndarray, outcomes: pd.DataFrame, training_risk: np.ndarray, strata: int) -> Document:
    cuts = np.quantile(training_risk, np.arange(1, strata) / strata)
    group = np.searchsorted(cuts, risk, side="right")
    time, event = outcomes["time"].to_numpy(np.float64), outcomes["event"].to_numpy(bool)
    marks = whole_years(time.max())
    counts = at_risk_table(time, group, marks)
    test = log_rank(time, event, group)
    return {
        "curves": survival_by_group(time, event, group)
        .astype(object)
        .where(lambda frame: frame.notna(), None)
        .to_dict("list"),
        "at_risk": {"time": marks.tolist(), "counts": {str(name): row.tolist() for name, row in counts.iterrows()}},
        "log_rank": {name: None if value != value else value for name, value in test._asdict().items()},
        "cuts": cuts.tolist(),
    }


def _observed_expected(predicted: np.ndarray, outcomes: pd.DataFrame, horizon: float) -> float | None:
    time, event = outcomes["time"].to_numpy(np.float64), outcomes["event"].to_numpy(bool)
    if time.max() < horizon or predicted.mean() <= 0:
        return None
    curve = kaplan_meier(time, event)
    return float((1 - step_function(curve.time, curve.survival, np.array(horizon))) / predicted.mean())
