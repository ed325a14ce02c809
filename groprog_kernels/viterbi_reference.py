"""The best path of viterbi.py, window by window in log space: the textbook recursion (Rabiner 1989, section III.B)."""

from __future__ import annotations

import numpy as np


def viterbi(log_startprob, log_transmat, log_emission):
    """(2,), (2, 2), (t, 2) natural logs -> best path (t,), equal scores to the lower state."""
    t = len(log_emission)
    best, pointer = log_startprob + log_emission[0], np.zeros((t, 2), dtype=int)
    for i in range(1, t):
        score = best[:, None] + log_transmat
        pointer[i] = score.argmax(axis=0)
        best = score.max(axis=0) + log_emission[i]
    path = np.empty(t, dtype=int)
    path[-1] = best.argmax()
    for i in range(t - 1, 0, -1):
        path[i - 1] = pointer[i, path[i]]
    return path
