"""Sorted positions into windows. Trusts its arrays."""

from __future__ import annotations

import numpy as np

from groprog_kernels._compile import kernel


@kernel
def bin_sorted(position, count, bin_size, windows, window_out, count_out):
    """p = positions, w = windows: (p,), (p,), (), () -> (w,), (w,); returns how many windows hold reads."""
    n = 0
    last = np.int64(-1)
    for i in range(len(position)):
        window = position[i] // bin_size
        if window >= windows:
            break
        if count[i] == 0:
            continue
        if window != last:
            window_out[n] = window
            count_out[n] = 0
            last = window
            n += 1
        count_out[n - 1] += count[i]
    return n
