"""Chebyshev polynomials at many points. b = points, m = polynomials."""

from __future__ import annotations

import numpy as np

from groprog_kernels._compile import kernel


# (b,), () -> (m, b)
@kernel
def chebyshev_rows(x, terms):
    """T_k(x), k < terms, at x in [-1, 1], by the three-term recurrence; at least two terms."""
    rows = np.empty((terms, x.size))
    for i in range(x.size):
        rows[0, i] = 1.0
        rows[1, i] = x[i]
    for k in range(2, terms):
        for i in range(x.size):
            rows[k, i] = 2.0 * x[i] * rows[k - 1, i] - rows[k - 2, i]
    return rows
