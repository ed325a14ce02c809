"""How far a score moves when its inputs or its seed do (A46). Arrays in, numbers out; no Dagster, no torch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_kernels.concordance import harrell


class Stability(NamedTuple):
    """Perturbed risks against the clean ones, one entry a perturbation."""

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


def seed_spread(risks: np.ndarray) -> tuple[np.ndarray, float]:
    """Standard deviation of each patient's risk over seeds (n,), and its mean share of the spread between patients;
    `risks` (seeds, n).

    The share is nan where patients do not differ.
    """
    spread = risks.std(axis=0, ddof=1) if len(risks) > 1 else np.zeros(risks.shape[1])
    between = risks.mean(axis=0).std()
    return spread, float(spread.mean() / between) if between > 0 else float("nan")


def linear_cka(first: np.ndarray, second: np.ndarray) -> float:
    """Centred kernel alignment, 0 to 1, of representations (n, d1) and (n, d2) of the same patients, in O(n d1 d2).

    1 for equality up to rotation and scale; nan where either does not vary. Source: arXiv:1905.00414.
    """
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    norm = np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second)
    return float(np.linalg.norm(first.T @ second) ** 2 / norm) if norm > 0 else float("nan")
