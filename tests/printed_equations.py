"""The paper's equations as printed: what the settled forms of the program are compared with."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray


def equation_2(x: ArrayLike, lower: float, upper: float, epsilon: float) -> NDArray[np.float64]:
    """log(1 + max(x - q01, 0)) / (log(1 + q99 - q01) + epsilon): above q99 it exceeds 1. Any shape."""
    x = np.asarray(x, dtype=np.float64)
    return np.log(1 + np.maximum(x - lower, 0)) / (np.log(1 + upper - lower) + epsilon)


def equation_3_history(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """The third part of eq. 3, m_i tau_i with m = event (n,): it is the label itself."""
    return event * time


def equation_6(g: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """exp(|g|) / (exp(|g|) + exp(|c|)) of (n, .) and (n, .) -> (n,); a large norm overflows."""
    genomic, clinical = torch.exp(g.norm(dim=1)), torch.exp(c.norm(dim=1))
    return genomic / (genomic + clinical)


def equation_12(genomic: float, clinical: float, rate: float, beta: float, epsilon: float) -> tuple[float, float]:
    """Learning rates l0 / (1 + beta own / (other + epsilon)) from the gradient norms; equal norms give l0 / (1 + beta)."""
    return rate / (1 + beta * genomic / (clinical + epsilon)), rate / (1 + beta * clinical / (genomic + epsilon))


def equation_13(event: np.ndarray, strength: float, epsilon: float) -> np.ndarray:
    """1 + rho 1(e = 1) / (N_event + epsilon), (n,): one constant for all events."""
    happened = np.asarray(event, dtype=float)
    return 1.0 + strength * happened / (happened.sum() + epsilon)
