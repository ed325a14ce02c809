"""Robustness of a score to perturbed inputs and to the seed. Arrays and tables in, numbers out; no Dagster, no torch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.tables.values import Document
from groprog_kernels.concordance import harrell


class Stability(NamedTuple):
    """Perturbed risks compared with the clean ones, one entry per perturbation."""

    spearman: np.ndarray
    """(p,) rank correlation with the clean risk; nan where either is constant."""
    cindex: np.ndarray
    """(p,) Harrell's C of the perturbed risk."""
    loss: np.ndarray
    """(p,) clean C minus perturbed C."""


def risk_stability(clean: np.ndarray, perturbed: np.ndarray, time: np.ndarray, event: np.ndarray) -> Stability:
    """Compare `perturbed` risks (p, n), under feature noise, gene dropout or permutation, with the `clean` ones (n,)."""
    from scipy.stats import rankdata

    own = rankdata(clean) - (len(clean) + 1) / 2
    correlations, indices = [], []
    for risk in np.atleast_2d(perturbed):
        other = rankdata(risk) - (len(risk) + 1) / 2
        norm = np.sqrt((own @ own) * (other @ other))
        correlations.append(own @ other / norm if norm > 0 else np.nan)
        indices.append(harrell(risk, time, event).cindex)
    cindex = np.array(indices)
    return Stability(np.array(correlations), cindex, harrell(clean, time, event).cindex - cindex)


def linear_cka(first: np.ndarray, second: np.ndarray) -> float:
    """Centred kernel alignment, 0 to 1, of representations (n, d1) and (n, d2) of the same patients, in O(n d1 d2).

    1 for equality up to rotation and scale; nan where either does not vary. Source: arXiv:1905.00414.
    """
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    norm = np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second)
    return float(np.linalg.norm(first.T @ second) ** 2 / norm) if norm > 0 else float("nan")


def robustness(stability: pd.DataFrame, agreement: pd.DataFrame, out_of_fold: pd.DataFrame) -> Document:
    """The document of tables risk_stability, member_agreement and the model's out_of_fold rows.

    "perturbations": by kind and level, mean and 2.5 and 97.5 % quantiles over folds and draws of spearman, cindex and loss;
    "members": the same of cka, score_cka and spearman over pairs of members, None with one member; "seed_spread": mean over
    patients of the ensemble's SD as a share of the SD between patients, within folds. Held-out patients only.
    """
    return {
        "perturbations": [
            {
                "kind": str(rows["kind"].iloc[0]),
                "level": float(rows["level"].iloc[0]),
                **{name: _summary(rows[name]) for name in ("spearman", "cindex", "loss")},
            }
            for _, rows in stability.groupby(["kind", "level"], sort=True)
        ],
        "members": {name: _summary(agreement[name]) for name in ("cka", "score_cka", "spearman")}
        if len(agreement)
        else None,
        "seed_spread": _spread_share(out_of_fold),
    }


def _summary(values: pd.Series) -> dict[str, float | None]:
    known = values.dropna()
    if known.empty:
        return {"mean": None, "lower": None, "upper": None}
    lower, upper = known.quantile([0.025, 0.975])
    return {"mean": float(known.mean()), "lower": float(lower), "upper": float(upper)}


def _spread_share(out_of_fold: pd.DataFrame) -> float | None:
    deviation = (out_of_fold["risk_upper"] - out_of_fold["risk_lower"]) / (2 * 1.959963984540054)
    between = out_of_fold.groupby(["repeat", "fold"])["risk"].transform("std")
    share = (deviation / between).replace([np.inf, -np.inf], np.nan).dropna()
    return float(share.mean()) if len(share) and deviation.any() else None
