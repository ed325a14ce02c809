"""Posterior modes of a batch's shift and factor. Trusts its arrays."""

from __future__ import annotations

import numpy as np

from groprog_kernels._compile import kernel


@kernel
def posterior_modes(
    standard, known, mean, prior_mean, prior_variance, shape, rate, tolerance, every, most, shift, factor
):
    """n = samples, f = features: (n, f), (f,), (f,), 7 numbers, (f,) and (f,) from the moments to the modes; the iterations."""
    for iteration in range(most):
        change = -np.inf
        for f in range(standard.shape[1]):
            weight = prior_variance * known[f]
            moved = (weight * mean[f] + factor[f] * prior_mean) / (weight + factor[f])
            squares = 0.0
            for i in range(standard.shape[0]):
                difference = standard[i, f] - moved
                if not np.isnan(difference):
                    squares += difference * difference
            spread = (0.5 * squares + rate) / (known[f] / 2 + shape - 1)
            step = abs(moved - shift[f]) / (abs(shift[f]) if every else shift[f])
            if np.isfinite(step) and step > change:
                change = step
            step = abs(spread - factor[f]) / factor[f]
            if np.isfinite(step) and step > change:
                change = step
            shift[f] = moved
            factor[f] = spread
        if not change > tolerance:
            return iteration + 1
    return most
