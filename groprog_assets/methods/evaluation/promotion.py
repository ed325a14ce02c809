"""Decision whether a newly trained model replaces the current one. Tables and documents in, a document out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.methods.evaluation.bootstrap import corrected_interval, multiplicities, percentile_interval
from groprog_assets.methods.evaluation.fold_metrics import fold_concordance, held_out_folds
from groprog_assets.study.parameters import EvaluationParameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Values

METRIC = "c_ipcw"
CHALLENGER, CHAMPION = "challenger", "champion"


def decide(
    version: str,
    evaluation: Values,
    failed_checks: list[str],
    current: Values | None,
    margin: float,
    comparison: Values | None = None,
    unusable: str = "",
) -> Document:
    """The decision about the model `version`, with its evidence.

    `current` is the champion's document or None; `comparison` (of `compare`) compares both on the present patients. A
    challenger is promoted when no check failed and its out-of-fold C_IPCW is not worse than the champion's by more than
    `margin` (C-index, >= 0); the first model needs only its checks, and so does one whose champion may no longer be used
    (`unusable` gives the reason). A decision made about this version before is returned as it was, unless its champion may no
    longer be used. Source: `promotion_margin` of the parameters.
    """
    if current is not None and current["challenger"]["model_version"] == version and not unusable:
        return dict(current)
    found = evaluation.get("models", {}).get("groprog", {}).get(METRIC, {})
    challenger = {"model_version": version, "metric": METRIC, "estimate": found.get("estimate"), **_interval(found)}
    champion = None if current is None else current["champion"]
    evidence: Document = {"challenger": challenger, "failed_checks": failed_checks, "margin": margin}
    standing = None if unusable else champion
    difference = None if comparison is None else comparison["difference"]
    if comparison is not None:
        evidence["comparison"] = dict(comparison)
    if failed_checks:
        promoted, reason = False, f"checks failed: {', '.join(failed_checks)}"
    elif champion is None:
        promoted, reason = True, "first model of this study"
    elif unusable:
        promoted, reason = True, unusable
    elif difference is None:
        promoted, reason = False, "the two have no estimate on the same patients to compare"
    else:
        promoted = difference >= -margin
        reason = f"{METRIC} on the same patients differs by {difference:+.4f}; promoted from {-margin:+.4f}"
    kept = challenger if promoted else standing
    return {
        "champion": kept,
        "model_version": kept["model_version"] if kept else None,
        "promoted": promoted,
        "reason": reason,
        "previous": champion,
        **evidence,
    }


def held_out_risks(out_of_fold: pd.DataFrame, final: pd.Series) -> pd.Series:
    """A model's risk of each patient from a fit without that patient: patient_id -> log relative hazard.

    out_of_fold: its table of that name, for the patients it was trained on; final: risks of all present patients by its final
    fit (index patient_id), used for those it was not trained on. Fits have different zeros, so the mean of its fit is
    subtracted from each risk; for the final fit, the mean over the patients it was trained on.
    """
    by_fit = out_of_fold.groupby(["repeat", "fold"])["risk"].transform("mean")
    known = (out_of_fold["risk"] - by_fit).groupby(out_of_fold["patient_id"]).mean()
    shared = final.index.isin(known.index)
    unseen = final[~shared] - (final[shared].mean() if shared.any() else 0.0)
    return pd.concat([known[known.index.isin(final.index)], unseen])


def compare(
    challenger: pd.DataFrame,
    champion: pd.Series,
    outcomes: pd.DataFrame,
    folds: pd.DataFrame,
    parameters: EvaluationParameters,
    seed: int,
) -> Document:
    """C_IPCW of both models on the present outcomes, paired over the challenger's test folds.

    challenger: its out_of_fold table; champion: `held_out_risks`, of every patient of `folds`; outcomes: patient_id, time in
    months, event. The interval of the difference is Nadeau and Bengio's over folds; the bootstrap interval over patients is
    given beside it. An estimate is None without a fold that has comparable pairs. ValueError when a patient lacks a risk.
    """
    lacking = set(folds["patient_id"]) - set(champion.index)
    if lacking:
        raise ValueError(f"{count_of(len(lacking), 'patient')} without a risk by the champion")
    rows = folds.assign(risk=folds["patient_id"].map(champion), model=CHAMPION)
    both = pd.concat([challenger.assign(model=CHALLENGER), rows], ignore_index=True)
    cohort = outcomes.set_index("patient_id")
    models = [CHALLENGER, CHAMPION]
    tested = list(held_out_folds(both, cohort, folds, models, []))
    drawn = multiplicities(len(cohort), parameters.bootstrap_samples, seed)
    metric = fold_concordance(tested, drawn, parameters.tau_months, 2, "strict")
    by_fold = metric.by_fold[0] - metric.by_fold[1]
    patients = sum(len(fold.row) for fold in tested) / len(tested)
    error, interval, p_value = corrected_interval(by_fold, patients / max(len(cohort) - patients, 1))
    low, high = percentile_interval(metric.resampled[0] - metric.resampled[1])
    return {
        "metric": METRIC,
        "difference": _mean(by_fold),
        "lower": interval.lower,
        "upper": interval.upper,
        "standard_error": error,
        "p_value": p_value,
        "bootstrap_lower": low,
        "bootstrap_upper": high,
        CHALLENGER: _mean(metric.by_fold[0]),
        CHAMPION: _mean(metric.by_fold[1]),
        "patients": len(cohort),
        "events": int(cohort["event"].sum()),
        "folds": int(np.isfinite(by_fold).sum()),
    }


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _interval(found: Values) -> Document:
    return {"lower": found.get("lower"), "upper": found.get("upper")}
