"""The best path of a two-state Markov chain over sparse windows: Viterbi's algorithm on the difference of the two states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groprog_kernels import viterbi_cython  # type: ignore[attr-defined]


def best_path(
    window: NDArray[np.int32],
    code: NDArray[np.int32],
    advantage: NDArray[np.float64],
    log_transmat: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Runs of state 1 on the most probable path: start and end (r,) int32 windows, half-open, rising.

    window (k,) windows with an entry, rising, the first (0) and the last among them; code (k,) of each, an index into `advantage`
    (v,), log of the emission of state 1 over that of state 0; empty windows have code 0. log_transmat (2, 2), rows from-state.
    The first window is in state 0; of equal scores the lower state wins. Where the chain rather stays than changes, time grows
    with the entries and with the runs of empty windows, else with the windows. Arguments are trusted.
    Source: Viterbi 1967, doi:10.1109/TIT.1967.1054010.
    """
    kept, swapped = np.trace(log_transmat), np.trace(log_transmat[::-1])
    loop = viterbi_cython.decode if swapped < kept else viterbi_cython.decode_every_window
    start, end = loop(window, code, advantage, log_transmat)
    return start, end
