"""Evaluation of out-of-fold risks: concordance, AUC, Brier score, calibration, strata, paired differences with intervals.

Tables in, one JSON-able document out; no Dagster, no torch. Source: paper 3.6.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.errors import ModelError, Problem
from groprog_assets.methods.evaluation import calibration as calibrations
from groprog_assets.methods.evaluation.bootstrap import corrected_interval, multiplicities, percentile_interval
from groprog_assets.methods.evaluation.decision_curve import decision_curves
from groprog_assets.methods.evaluation.fold_metrics import (
    FoldMetric,
    HeldOutFold,
    auc_at,
    fold_auc,
    fold_brier,
    fold_concordance,
    held_out_folds,
    mean_over_folds,
)
from groprog_assets.methods.evaluation.kaplan_meier import (
    at_risk_table,
    log_rank,
    risk_strata,
    survival_by_group,
    whole_years,
)
from groprog_assets.study.parameters import EvaluationParameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Value
from groprog_kernels.auc import roc_curve
from groprog_kernels.concordance import concordance

MODEL = "groprog"
CLINICAL = ("clinical_cox", "groprog_clinical")
HEADLINE = "c_ipcw"
SEED = 20260101
CURVE_POINTS = 41


def evaluate_models(
    risks: Sequence[pd.DataFrame],
    outcomes: pd.DataFrame,
    folds: pd.DataFrame,
    parameters: EvaluationParameters,
    seed: int,
) -> Document:
    """`evaluate` for the models of several out-of-fold tables, so that every model is compared with every other."""
    return evaluate(pd.concat(risks, ignore_index=True), outcomes, folds, parameters, seed=seed)


def evaluate(
    out_of_fold: pd.DataFrame,
    outcomes: pd.DataFrame,
    folds: pd.DataFrame,
    parameters: EvaluationParameters,
    survival_columns: list[str] | None = None,
    seed: int = SEED,
    censoring: pd.DataFrame | None = None,
) -> Document:
    """The evaluation document of every model in `out_of_fold`, from risks of patients the model did not see.

    Metrics are means over test folds and repeats, with G from each training fold (or from the outcomes `censoring`, where
    they are given): `c_ipcw` (eq. 15 truncated at tau),
    `c_ipcw_untruncated`,
    `harrell`, `auc_<months>` (eq. 16), `integrated_brier`. Intervals are 95 % percentiles over patients resampled with
    replacement, with
    predictions and G held; those of `differences` are Nadeau and Bengio's over folds, with the resampled one beside them.
    `survival_columns` (default: every `survival_<months>` column) that all models fill give Brier and calibration. Folds
    without a comparable pair, or times without support, count as missing and are counted in `folds_used`. Raises
    ModelError when a
    prediction is missing, repeated, not finite, or was not made in the fold that tests its patient.
    """
    models = sorted(out_of_fold["model"].unique(), key=lambda name: (name != MODEL, name))
    columns = _survival_columns(out_of_fold) if survival_columns is None else survival_columns
    months = np.array([float(column.removeprefix("survival_")) for column in columns])
    columns = [columns[k] for k in np.argsort(months)]
    months = np.sort(months)
    cohort = outcomes.set_index("patient_id")
    _check(out_of_fold, cohort, folds, models)
    test_folds = list(held_out_folds(out_of_fold, cohort, folds, models, columns, censoring))
    drawn = multiplicities(len(cohort), parameters.bootstrap_samples, seed)
    metrics = {
        HEADLINE: fold_concordance(test_folds, drawn, parameters.tau_months, 2, "strict"),
        "c_ipcw_untruncated": fold_concordance(test_folds, drawn, None, 2, "strict"),
        "harrell": fold_concordance(test_folds, drawn, None, 0, "comparable"),
        **{f"auc_{horizon:g}": fold_auc(test_folds, drawn, horizon) for horizon in parameters.horizons_months},
    }
    if len(months):
        metrics["integrated_brier"] = fold_brier(test_folds, drawn, months)
    differences = _differences(models, metrics, test_folds, len(cohort))
    sizes = [_effective_size(fold, parameters.tau_months) for fold in test_folds]
    document = {
        "models": {
            model: {
                name: {
                    "estimate": _mean(metric.by_fold[k]),
                    **percentile_interval(metric.resampled[k])._asdict(),
                    "fold_sd": _spread(metric.by_fold[k]),
                    "folds_used": int(np.isfinite(metric.by_fold[k]).sum()),
                    "by_fold": metric.by_fold[k].tolist(),
                }
                for name, metric in metrics.items()
            }
            for k, model in enumerate(models)
        },
        "differences": differences,
        "headline": _headline(differences, parameters.promotion_margin),
        "calibration": _calibration(models, test_folds, cohort, columns, months, parameters),
        "decision_curves": _decision_curves(models, test_folds, cohort, columns, months, parameters),
        "strata": _strata(models, test_folds, cohort, parameters),
        "auc_curves": _auc_curves(models, test_folds, parameters),
        "roc": _roc(models, test_folds, parameters),
        "effective_sample_size": _mean(np.array(sizes)),
        "patients": len(cohort),
        "events": int(cohort["event"].sum()),
        "folds": int(folds["fold"].nunique()),
        "repeats": int(folds["repeat"].nunique()),
        "tau_months": parameters.tau_months,
        "horizons_months": list(parameters.horizons_months),
        "survival_months": months.tolist(),
        "bootstrap_samples": parameters.bootstrap_samples,
        "conventions": {
            "c_ipcw": "pairs t_i < t_j, event before tau, weights 1/G(t_i)^2, half for equal risks; G from the training fold",
            "integrated_brier": "trapezoid from time 0 over the survival months, divided by the last; G from the training fold",
            "harrell": "unit weights; a patient censored at t_i is comparable",
            "interval": "percentile bootstrap over patients, predictions and G held",
            "differences": "corrected resampled t test over folds",
        },
    }
    return _plain(document)


def _survival_columns(frame: pd.DataFrame) -> list[str]:
    named = [column for column in frame.columns if re.fullmatch(r"survival_\d+(\.\d+)?", str(column))]
    return [column for column in named if frame[column].notna().all()]


def _check(out_of_fold: pd.DataFrame, cohort: pd.DataFrame, folds: pd.DataFrame, models: list[str]) -> None:
    problems = []
    if cohort.index.has_duplicates or folds.duplicated(["repeat", "patient_id"]).any():
        problems.append(_problem("folds", "a patient stands twice in a repeat", "Each is tested once a repeat."))
    unknown = set(folds["patient_id"]) - set(cohort.index)
    if unknown:
        problems.append(
            _problem(
                "folds",
                f"{count_of(len(unknown), 'patient')} without an outcome; first {min(unknown)}",
                "All need one.",
            )
        )
    for model in models:
        own = out_of_fold.loc[out_of_fold["model"] == model, ["repeat", "fold", "patient_id", "risk"]]
        if not np.isfinite(own["risk"]).all():
            problems.append(_problem(f"model {model}", "risks that are NaN or infinite", "Every risk is finite."))
        if own.duplicated(["repeat", "patient_id"]).any():
            problems.append(_problem(f"model {model}", "a patient predicted twice in a repeat", "Once a repeat."))
            continue
        joined = folds.merge(own, on=["repeat", "patient_id"], how="outer", suffixes=("", "_predicted"))
        if joined["risk"].isna().any() and np.isfinite(own["risk"]).all():
            problems.append(
                _problem(
                    f"model {model}", f"{count_of(int(joined['risk'].isna().sum()), 'patient')} unpredicted", "All are."
                )
            )
        elif (joined["fold"] != joined["fold_predicted"]).any():
            count = int((joined["fold"] != joined["fold_predicted"]).sum())
            problems.append(
                _problem(
                    f"model {model}",
                    f"{count_of(count, 'prediction')} from another fold",
                    "Only out-of-fold predictions are evaluated.",
                )
            )
    if problems:
        raise ModelError(problems)


def _problem(where: str, value: str, rule: str) -> Problem:
    return Problem(where, value, rule, "Predict every patient once a repeat, in the fold that tests it.")


def _differences(
    models: list[str], metrics: dict[str, FoldMetric], folds: list[HeldOutFold], patients: int
) -> list[Document]:
    tested = sum(len(fold.row) for fold in folds) / len(folds)
    share = tested / max(patients - tested, 1)
    pairs = [(MODEL, other) for other in models if other != MODEL and MODEL in models]
    pairs += [
        (omics, clinic) for omics, clinic in (("penalised_cox", "clinical_cox"),) if {omics, clinic} <= set(models)
    ]
    rows = []
    for model, against in pairs:
        for name, metric in metrics.items():
            k, j = models.index(model), models.index(against)
            by_fold = metric.by_fold[k] - metric.by_fold[j]
            error, interval, p = corrected_interval(by_fold, share)
            low, high = percentile_interval(metric.resampled[k] - metric.resampled[j])
            rows.append(
                {
                    "model": model,
                    "against": against,
                    "metric": name,
                    "difference": _mean(by_fold),
                    **interval._asdict(),
                    "standard_error": error,
                    "p_value": p,
                    "bootstrap_lower": low,
                    "bootstrap_upper": high,
                }
            )
    return rows


def _headline(differences: list[Document], margin: float) -> Document | None:
    """ "adds" where both intervals of the gain over the clinical model lie above 0; "does not add" where neither
    reaches `margin`."""
    for against in CLINICAL:
        for row in differences:
            if (row["model"], row["against"], row["metric"]) != (MODEL, against, HEADLINE):
                continue
            lower = min(row["lower"], row["bootstrap_lower"])
            upper = max(row["upper"], row["bootstrap_upper"])
            if lower > 0:
                says = "adds"
            elif upper < margin:
                says = "does not add"
            else:
                says = "inconclusive"
            return {**row, "verdict": says, "margin": margin}
    return None


def calibration_of(
    risks: pd.DataFrame, outcomes: pd.DataFrame, folds: pd.DataFrame, parameters: EvaluationParameters
) -> Document:
    """The entry of "calibration" for the one model of `risks`, a table like out_of_fold; see `evaluate`."""
    columns = sorted(_survival_columns(risks), key=lambda column: float(column.removeprefix("survival_")))
    months = np.array([float(column.removeprefix("survival_")) for column in columns])
    cohort, models = outcomes.set_index("patient_id"), risks["model"].unique().tolist()
    held = list(held_out_folds(risks, cohort, folds, models, columns))
    return dict(_plain(_calibration(models, held, cohort, columns, months, parameters)))


def fallback_of(summary: Document) -> Document:
    """{"fallback": shares of clinical Cox in the scores} of a model's summary: `final`, and `folds` in their order.

    Empty where neither the final model nor a fold fell back towards clinical Cox, and for a model of before the folds told.
    """
    folds = summary.get("clinical_cox_share_of_folds", [])
    if not folds:
        return {}
    return {"fallback": {"final": summary["clinical_cox_share"], "folds": folds}}


def _by_patient(fold_values: list[np.ndarray], folds: list[HeldOutFold], patients: int) -> np.ndarray:
    """(models, patients, ...) mean over repeats of values (models, n, ...) by fold; nan for a patient never tested."""
    shape = (len(fold_values[0]), patients, *fold_values[0].shape[2:])
    total, count = np.zeros(shape), np.zeros(patients)
    for values, fold in zip(fold_values, folds):
        total[:, fold.row] += values
        count[fold.row] += 1
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / count.reshape(1, -1, *([1] * (len(shape) - 2)))


def _calibration(
    models: list[str],
    folds: list[HeldOutFold],
    cohort: pd.DataFrame,
    columns: list[str],
    months: np.ndarray,
    parameters: EvaluationParameters,
) -> Document:
    time, event = cohort["time"].to_numpy(dtype=np.float64), cohort["event"].to_numpy(dtype=bool)
    risk = _by_patient([fold.risk for fold in folds], folds, len(cohort))
    tested = np.isfinite(risk[0])
    survival = _by_patient([fold.survival for fold in folds], folds, len(cohort)) if columns else None
    found: Document = {}
    for k, model in enumerate(models):
        slope = calibrations.calibration_slope(risk[k, tested], time[tested], event[tested])
        entry: Document = {"slope": slope.slope, "slope_standard_error": slope.standard_error, "horizons": {}}
        if survival is not None:
            for horizon in parameters.horizons_months:
                if horizon in months:
                    at = int(np.flatnonzero(months == horizon)[0])
                    groups = calibrations.calibration_groups(
                        survival[k, tested, at], time[tested], event[tested], horizon
                    )
                    entry["horizons"][f"{horizon:g}"] = {
                        "groups": groups.to_dict("records"),
                        "error": calibrations.calibration_error(groups),
                    }
            own = calibrations.survival_at_own_time(survival[k, tested], months, time[tested])
            seen = event[tested] & (time[tested] <= months[-1])
            entry["d_calibration"] = calibrations.d_calibration(own, seen)._asdict()
        found[model] = entry
    return found


def _decision_curves(
    models: list[str],
    folds: list[HeldOutFold],
    cohort: pd.DataFrame,
    columns: list[str],
    months: np.ndarray,
    parameters: EvaluationParameters,
) -> Document:
    if not columns:
        return {}
    survival = _by_patient([fold.survival for fold in folds], folds, len(cohort))
    known = np.isfinite(survival[0, :, 0])
    time, event = cohort["time"].to_numpy(dtype=np.float64)[known], cohort["event"].to_numpy(dtype=bool)[known]
    return decision_curves(models, survival[:, known], months, time, event, parameters.horizons_months)


def _strata(
    models: list[str], folds: list[HeldOutFold], cohort: pd.DataFrame, parameters: EvaluationParameters
) -> Document:
    """Groups by the mean over repeats of each patient's rank in its test fold, because two fits have different zeros."""
    time, event = cohort["time"].to_numpy(dtype=np.float64), cohort["event"].to_numpy(dtype=bool)
    ranks = [np.array([pd.Series(risk).rank(pct=True).to_numpy() for risk in fold.risk]) for fold in folds]
    rank = _by_patient(ranks, folds, len(cohort))
    tested = np.isfinite(rank[0])
    found = {}
    for k, model in enumerate(models):
        group = risk_strata(rank[k, tested], parameters.strata)
        test = log_rank(time[tested], event[tested], group)
        marks = whole_years(time[tested].max())
        counts = at_risk_table(time[tested], group, marks)
        found[model] = {
            "curves": survival_by_group(time[tested], event[tested], group).to_dict("list"),
            "at_risk": {"time": marks.tolist(), "counts": {str(name): row.tolist() for name, row in counts.iterrows()}},
            "log_rank": test._asdict(),
        }
    return found


def _auc_curves(models: list[str], folds: list[HeldOutFold], parameters: EvaluationParameters) -> Document:
    last = max([*parameters.horizons_months, parameters.tau_months or 0.0])
    times = np.linspace(last / CURVE_POINTS, last, CURVE_POINTS)
    curves = np.array([[auc_at(fold, risk, times) for risk in fold.risk] for fold in folds])
    mean = mean_over_folds(list(curves))
    # A mean over few folds is another quantity: times supported by less than half of them are left out.
    mean[np.isfinite(curves).sum(axis=0) < len(folds) / 2] = np.nan
    return {"time": times.tolist(), "models": {model: mean[k].tolist() for k, model in enumerate(models)}}


def _roc(models: list[str], folds: list[HeldOutFold], parameters: EvaluationParameters) -> Document:
    grid = np.linspace(0, 1, CURVE_POINTS)
    found: Document = {"false_positive_rate": grid.tolist(), "models": {model: {} for model in models}}
    for horizon in parameters.horizons_months:
        for k, model in enumerate(models):
            lines = []
            for fold in folds:
                if np.isfinite(auc_at(fold, fold.risk[k], np.array([horizon]))[0]):
                    data = (fold.risk[k], fold.sets.time, fold.sets.event, horizon)
                    curve = roc_curve(*data, train_time=fold.train_time, train_event=fold.train_event)
                    lines.append(np.interp(grid, curve.false_positive_rate, curve.true_positive_rate))
            if lines:
                found["models"][model][f"{horizon:g}"] = np.mean(lines, axis=0).tolist()
    return found


def _effective_size(fold: HeldOutFold, tau: float | None) -> float:
    return concordance(
        fold.risk[0],
        fold.sets.time,
        fold.sets.event,
        train_time=fold.train_time,
        train_event=fold.train_event,
        tau=tau,
        unsupported="drop",
        sets=fold.sets,
    ).effective_sample_size


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _spread(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if known.size > 1 else float("nan")


def _plain(value: Value) -> Any:
    """The same document in plain Python, numbers that are not finite as None: JSON has no NaN."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
