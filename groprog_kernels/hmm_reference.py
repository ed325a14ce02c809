"""The two-state model of hmm.py, window by window in log space: the textbook recursions (Rabiner 1989, sections III.A-C)."""

from __future__ import annotations

import numpy as np


def forward_backward(log_startprob, log_transmat, log_emission):
    """(2,), (2, 2), (t, 2) natural logs -> log-likelihood, posterior (t, 2), expected transitions (2, 2)."""
    t = len(log_emission)
    forward, backward = np.empty((t, 2)), np.zeros((t, 2))
    forward[0] = log_startprob + log_emission[0]
    for i in range(1, t):
        forward[i] = np.logaddexp.reduce(forward[i - 1][:, None] + log_transmat, axis=0) + log_emission[i]
    for i in range(t - 2, -1, -1):
        backward[i] = np.logaddexp.reduce(log_transmat + log_emission[i + 1] + backward[i + 1], axis=1)
    log_likelihood = np.logaddexp.reduce(forward[-1])
    pairs = forward[:-1, :, None] + log_transmat + (log_emission + backward)[1:, None, :] - log_likelihood
    return log_likelihood, np.exp(forward + backward - log_likelihood), np.exp(pairs).sum(axis=0)


def gamma_log_density(y, shape, scale):
    """Log density of a gamma at y, natural log; 0 where y is NaN."""
    from math import lgamma, log

    return np.where(np.isnan(y), 0.0, (shape - 1) * np.log(y) - y / scale - lgamma(shape) - shape * log(scale))
