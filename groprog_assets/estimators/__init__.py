"""The risk model and the transcription HMM as scikit-learn estimators, for its pipelines and cross-validation.

Belongs here: a scikit-learn interface over a fit of this project. Not here: the fit itself (`model`, `groprog_kernels`), the
tables of a study (`methods`, `prognosis`).
"""

from groprog_assets.estimators.risk_model import RiskModelEstimator, survival_outcomes
from groprog_assets.estimators.transcription_hmm import TranscriptionHMM

__all__ = ["RiskModelEstimator", "TranscriptionHMM", "survival_outcomes"]
