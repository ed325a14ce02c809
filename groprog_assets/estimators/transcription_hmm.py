"""The transcription hidden Markov model as a scikit-learn estimator over read counts in windows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from groprog_kernels import hmm


class TranscriptionHMM(BaseEstimator):
    """Two states, transcribed or not, with gamma emissions of count + 1 (groHMM's model), fitted by EM.

    X, everywhere: a list of sequences (k_i,), one a chromosome strand, or an array (m, k) of m sequences of one length; counts of
    reads in consecutive windows, not negative, NaN where a window was not observed. log_prob_enter_transcribed: natural log, the
    start of what is fitted. log_prob_leave_transcribed and untranscribed_shape: natural log, and shape of a gamma of mean one;
    both are held fixed. transcribed_shape, transcribed_scale: start of the fitted gamma. tolerance: EM ends when the
    log-likelihood rises by no more. threads: sequences at a time; no result depends on it. The defaults are groHMM's.

    After `fit`: `parameters_` (`groprog_kernels.hmm.Parameters`), `log_likelihoods_` by iteration, `n_iter_`.
    """

    def __init__(
        self,
        log_prob_enter_transcribed: float = -5.0,
        log_prob_leave_transcribed: float = -200.0,
        untranscribed_shape: float = 5.0,
        transcribed_shape: float = 0.5,
        transcribed_scale: float = 10.0,
        tolerance: float = 0.1,
        threads: int = 1,
    ):
        self.log_prob_enter_transcribed = log_prob_enter_transcribed
        self.log_prob_leave_transcribed = log_prob_leave_transcribed
        self.untranscribed_shape = untranscribed_shape
        self.transcribed_shape = transcribed_shape
        self.transcribed_scale = transcribed_scale
        self.tolerance = tolerance
        self.threads = threads

    def fit(self, X: Sequence[ArrayLike] | NDArray[Any], y: None = None) -> TranscriptionHMM:
        """Fit the chance to begin and the transcribed gamma on all sequences together; y is not used.

        ValueError, naming the first offender: no sequences, a negative count, a parameter outside its range.
        """
        start = hmm.parameters(
            self.log_prob_enter_transcribed,
            self.log_prob_leave_transcribed,
            self.untranscribed_shape,
            self.transcribed_shape,
            self.transcribed_scale,
        )
        fitted = hmm.fit(list(_sequences(X)), start, self.tolerance, self.threads)
        self.parameters_ = fitted.parameters
        self.log_likelihoods_ = np.array([step.log_likelihood for step in fitted.trace])
        self.n_iter_ = len(fitted.trace)
        return self

    def predict(self, X: Sequence[ArrayLike] | NDArray[Any]) -> list[NDArray[np.int8]] | NDArray[np.int8]:
        """State of each window on the most likely path, 1 = transcribed; in the form of X."""
        check_is_fitted(self, "parameters_")
        found = []
        for one in _sequences(X):
            states = np.zeros(one.n_windows, np.int8)
            for start, end in zip(*hmm.decode(one, self.parameters_), strict=True):
                states[start:end] = 1
            found.append(states)
        return _as_given(X, found)

    def predict_proba(self, X: Sequence[ArrayLike] | NDArray[Any]) -> list[NDArray[np.float64]] | NDArray[np.float64]:
        """Probability of each window to be transcribed, given all counts of its sequence; in the form of X."""
        check_is_fitted(self, "parameters_")
        return _as_given(X, [hmm.posterior(one, self.parameters_) for one in _sequences(X)])

    def score(self, X: Sequence[ArrayLike] | NDArray[Any], y: None = None) -> float:
        """Log-likelihood of the sequences (natural log) a window; higher is better. y is not used."""
        check_is_fitted(self, "parameters_")
        sequences = list(_sequences(X))
        found = hmm.add(hmm.statistics(one, self.parameters_) for one in sequences)
        return float(found.log_likelihood / sum(one.n_windows for one in sequences))


def _sequences(X: Sequence[ArrayLike] | NDArray[Any]) -> Iterable[hmm.WindowSequence]:
    for one in X:
        count = np.asarray(one)
        if count.ndim != 1:
            raise ValueError(f"a sequence has one dimension, not the shape {count.shape}")
        window = np.flatnonzero(count != 0)  # NaN counts too
        yield hmm.sequence(window, count[window], count.size)


def _as_given(X: Any, found: list[Any]) -> Any:
    return np.stack(found) if isinstance(X, np.ndarray) and X.ndim == 2 else found
