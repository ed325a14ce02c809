"""The best path against the textbook, where equal scores are common."""

from __future__ import annotations

import numpy as np

from groprog_kernels import viterbi_cython, viterbi_reference
from groprog_kernels.viterbi import best_path

START = np.array([0.0, -np.inf])


def test_equal_scores_go_to_the_lower_state() -> None:
    """Quarters add without rounding, so ties are exact and common; both loops must break them as the textbook does."""
    generator = np.random.default_rng(11)
    ties = fast = 0
    for _ in range(2000):
        codes = generator.choice([0, 0, 0, 0, 1, 2], generator.integers(1, 30)).astype(np.int32)
        advantage = generator.integers(-8, 9, 3) / 4
        log_transmat = -generator.integers(1, 13, (2, 2)) / 4
        emission = np.stack([np.zeros(len(codes)), advantage[codes]], axis=1)
        want = viterbi_reference.viterbi(START, log_transmat, emission)
        window = np.flatnonzero((codes > 0) | (np.arange(len(codes)) % max(len(codes) - 1, 1) == 0)).astype(np.int32)
        given = window, codes[window], advantage, log_transmat
        every = [best_path(*given), viterbi_cython.decode_every_window(*given)]
        if log_transmat[0, 1] + log_transmat[1, 0] < log_transmat[0, 0] + log_transmat[1, 1]:
            every.append(viterbi_cython.decode(*given))
            fast += 1
        for runs in every:
            path = np.zeros(len(codes), dtype=int)
            for start, end in zip(*runs, strict=True):
                path[start:end] = 1
            np.testing.assert_array_equal(path, want)
        ties += not np.array_equal(viterbi_reference.viterbi(START, log_transmat, emission + np.array([0, 1e-9])), want)
    assert ties > 100
    assert 100 < fast < 1900
