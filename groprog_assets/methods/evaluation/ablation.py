"""Ablation: held-out concordance without each part, compared with the whole model on the same folds.

Tables in, one JSON-able document out; no Dagster, no torch.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.methods.evaluation.bootstrap import corrected_interval, multiplicities, percentile_interval
from groprog_assets.methods.evaluation.fold_metrics import fold_concordance, held_out_folds
from groprog_assets.study.parameters import EvaluationParameters
from groprog_assets.tables.values import Document

WHOLE = "whole"
METRIC = "c_ipcw"


def compare_parts(
    risks: dict[str, pd.DataFrame],
    outcomes: pd.DataFrame,
    folds: pd.DataFrame,
    parameters: EvaluationParameters,
    seed: int,
) -> Document:
    """{"whole", "parts", "metric", "tau_months", "folds", "repeats"}: C_IPCW (eq. 15 at tau) without each part.

    risks: {part, or "whole": columns repeat, fold, patient_id, risk} on all of `folds`. Each entry of "parts" has part,
    estimate, difference (without the part minus the whole model: below 0, the part helps), its Nadeau and Bengio interval over
    folds, p_value, and bootstrap_lower and bootstrap_upper over patients. "parts" is empty when only "whole" is given.
    """
    names = [WHOLE, *(name for name in risks if name != WHOLE)]
    table = pd.concat([frame.assign(model=name) for name, frame in risks.items()], ignore_index=True)
    cohort = outcomes.set_index("patient_id")
    held = list(held_out_folds(table, cohort, folds, names, []))
    drawn = multiplicities(len(cohort), parameters.bootstrap_samples, seed)
    metric = fold_concordance(held, drawn, parameters.tau_months, 2, "strict")
    tested = sum(len(fold.row) for fold in held) / len(held)
    share = tested / max(len(cohort) - tested, 1)
    parts = []
    for row, name in enumerate(names[1:], 1):
        by_fold = metric.by_fold[row] - metric.by_fold[0]
        _, interval, p = corrected_interval(by_fold, share)
        resampled = percentile_interval(metric.resampled[row] - metric.resampled[0])
        parts.append(
            {
                "part": name,
                "estimate": _known(np.nanmean(metric.by_fold[row])),
                "difference": _known(np.nanmean(by_fold)),
                "lower": _known(interval.lower),
                "upper": _known(interval.upper),
                "p_value": _known(p),
                "bootstrap_lower": _known(resampled.lower),
                "bootstrap_upper": _known(resampled.upper),
            }
        )
    return {
        "whole": _known(np.nanmean(metric.by_fold[0])),
        "parts": parts,
        "metric": METRIC,
        "tau_months": parameters.tau_months,
        "folds": int(folds["fold"].nunique()),
        "repeats": int(folds["repeat"].nunique()),
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
