"""The ranking loss over comparable pairs, one pair at a time in tiles. n = patients by time, m = events with a later patient."""

from __future__ import annotations

import numpy as np

from groprog_kernels._compile import kernel

TILE = 256


# (n,), (n,), (m,), (m,), (m,), () -> (), (n,)
@kernel
def pair_tiles(rising, falling, event_at, start, weight, factors):
    """Sum of weight log(1 + falling_i rising_j) and its derivative by risk_j; `factors` terms may be multiplied unharmed.

    Sums and products are halved tile-wise, which vectorises without reassociation and keeps rounding at log2(TILE) steps.
    """
    n = rising.size
    gradient = np.zeros(n)
    share = np.empty(TILE)
    product = np.empty(TILE)
    loss = 0.0
    for e in range(event_at.size):
        i = event_at[e]
        a = falling[i]
        w = weight[e]
        row_loss = 0.0
        row_share = 0.0
        for j in range(start[e], n, TILE):
            size = min(TILE, n - j)
            for k in range(size):
                x = a * rising[j + k]
                product[k] = 1.0 + x
                share[k] = x / (1.0 + x)
            for k in range(size):
                gradient[j + k] += w * share[k]
            for k in range(size, TILE):
                product[k] = 1.0
                share[k] = 0.0
            half = TILE // 2
            multiplied = 1
            while half > 0:
                for k in range(half):
                    share[k] += share[k + half]
                if 2 * multiplied <= factors:
                    for k in range(half):
                        product[k] *= product[k + half]
                    multiplied *= 2
                half //= 2
            row_share += share[0]
            for k in range(min(size, TILE // multiplied)):
                row_loss += np.log(product[k])
        gradient[i] -= w * row_share
        loss += w * row_loss
    return loss, gradient


# (n,), (m,), (m,), (m,) -> (), (n,)
@kernel
def pair_terms(score, event_at, start, weight):
    """As `pair_tiles`, with one logarithm and one exponential a pair, for scores of any range."""
    n = score.size
    gradient = np.zeros(n)
    loss = 0.0
    for e in range(event_at.size):
        i = event_at[e]
        w = weight[e]
        row_loss = 0.0
        row_share = 0.0
        for j in range(start[e], n):
            difference = score[j] - score[i]
            small = np.exp(-abs(difference))
            row_loss += max(difference, 0.0) + np.log1p(small)
            share = 1.0 / (1.0 + small) if difference > 0 else small / (1.0 + small)
            gradient[j] += w * share
            row_share += share
        gradient[i] -= w * row_share
        loss += w * row_loss
    return loss, gradient
