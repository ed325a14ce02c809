"""A trained model: the ensemble, its fitted encoders, and the training risks that give a score its percentile."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_assets.model.encoders import Encoders
from groprog_assets.model.network import RiskNetwork, Widths
from groprog_assets.study.parameters import Parameters
from groprog_kernels.cox import Baseline


class RiskModel(NamedTuple):
    """An ensemble with everything that scoring needs.

    members: networks, float64, evaluation mode. widths: columns of state, treatment, design, components,
    signature, further matrices.
    baseline: Breslow's, on the out-of-fold risks of the training cohort. training_risk: those risks, ascending, for
    percentiles. linear_penalties: (clinical, omics), those of the branches there are, chosen on inner folds;
    empty without the linear path.
    """

    parameters: Parameters
    encoders: Encoders
    members: tuple[RiskNetwork, ...]
    widths: Widths
    baseline: Baseline
    training_risk: np.ndarray
    linear_penalties: tuple[float, ...]
    training_patients: int
    training_events: int

    @property
    def genes(self) -> tuple[str, ...]:
        """The gene vocabulary."""
        return () if self.encoders.expression is None else self.encoders.expression.genes
