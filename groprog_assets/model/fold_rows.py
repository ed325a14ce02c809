"""Results of a cross-validation as columns of tables. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from groprog_assets.model.inputs import Fold
from groprog_assets.model.predict import Prediction
from groprog_assets.model.risk_model import RiskModel
from groprog_kernels.cox import Baseline, survival_probability

WHOLE_NUMBERS = ("repeat", "fold", "seed", "epoch", "trial")


def held_out_rows(model: RiskModel, prediction: Prediction, fold: Fold) -> dict[str, np.ndarray]:
    """Columns of table out_of_fold for the held-out patients of a fold, and their row in the inputs."""
    return {
        **_names(prediction, fold),
        "risk": prediction.risk,
        "risk_lower": prediction.lower,
        "risk_upper": prediction.upper,
        "percentile": prediction.percentile,
        "eta": prediction.eta,
        "linear_risk": prediction.linear,
        "network_risk": prediction.network,
        "row": fold.test,
        **_survival(model.baseline, prediction.risk, model),
    }


def rows_before(
    model: RiskModel, prediction: Prediction, fold: Fold, factor: float, baseline: Baseline
) -> dict[str, np.ndarray]:
    """The same patients' risk and survival before recalibration: the risk over `factor`, under its own baseline."""
    risk = prediction.risk / factor
    return {**_names(prediction, fold), "risk": risk, **_survival(baseline, risk, model)}


def table_of(rows: Sequence[Mapping[str, object]]) -> dict[str, np.ndarray]:
    """Columns of rows of one kind; empty without rows."""
    if not rows:
        return {}
    return {
        name: np.array([row[name] for row in rows], np.int32 if name in WHOLE_NUMBERS else None) for name in rows[0]
    }


def stacked(tables: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Tables of the same columns, one after another."""
    names = tables[0] if tables else {}
    return {name: np.concatenate([table[name] for table in tables]) for name in names}


def _names(prediction: Prediction, fold: Fold) -> dict[str, np.ndarray]:
    size = fold.test.size
    return {
        "repeat": np.full(size, fold.repeat, np.int32),
        "fold": np.full(size, fold.fold, np.int32),
        "patient_id": prediction.patient_id,
    }


def _survival(baseline: Baseline, risk: np.ndarray, model: RiskModel) -> dict[str, np.ndarray]:
    months = np.array(model.parameters.evaluation.survival_months)
    survival = survival_probability(baseline, risk, months)
    return {f"survival_{month:g}": survival[:, place] for place, month in enumerate(months)}
