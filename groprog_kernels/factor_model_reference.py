"""Variational factor model of several views by definition: one feature, one weight, one sample after the other."""

from __future__ import annotations

import numpy as np

PRIOR = 1e-3
"""Shape and rate of the priors of noise precision and relevance."""


def factor_model(views, scores, dense, sparse):
    """Views [(n, d)], NaN = missing; first scores (n, k) -> scores, weights [(d, k)], probabilities [(d, k)], precisions [(d,)].

    `dense` rounds in which no weight is 0, then `sparse` ones.
    """
    (n, k), z = scores.shape, scores.copy()
    spread, relevance, share = np.zeros((n, k, k)), np.ones((len(views), k)), np.full((len(views), k), 0.5)
    precision = [np.ones(y.shape[1]) for y in views]
    weights, included = [np.zeros((y.shape[1], k)) for y in views], [np.ones((y.shape[1], k)) for y in views]
    moments = [np.zeros((y.shape[1], k, k)) for y in views]
    for turn in range(dense + sparse):
        for v, y in enumerate(views):
            for d in range(y.shape[1]):
                seen = ~np.isnan(y[:, d])
                second = z[seen].T @ z[seen] + spread[seen].sum(axis=0)
                pull, tau, w = z[seen].T @ y[seen, d], precision[v][d], weights[v][d]
                if turn < dense:
                    cov = np.linalg.inv(np.diag(relevance[v]) + tau * second)
                    w[:] = tau * cov @ pull
                    moments[v][d] = np.outer(w, w) + cov
                else:
                    square = np.empty(k)
                    for a in range(k):
                        exact = tau * second[a, a] + relevance[v, a]
                        mean = tau * (pull[a] - second[a] @ w + second[a, a] * w[a]) / exact
                        density = np.sqrt(relevance[v, a] / exact) * np.exp(0.5 * exact * mean**2)
                        odds = share[v, a] / (1 - share[v, a]) * density
                        included[v][d, a] = odds / (1 + odds)
                        w[a] = included[v][d, a] * mean
                        square[a] = included[v][d, a] * (mean**2 + 1 / exact)
                    moments[v][d] = np.outer(w, w)
                    np.fill_diagonal(moments[v][d], square)
                error = (y[seen, d] ** 2).sum() - 2 * w @ pull + (second * moments[v][d]).sum()
                precision[v][d] = (PRIOR + seen.sum() / 2) / (PRIOR + error / 2)
            count = included[v].sum(axis=0)
            relevance[v] = (PRIOR + count / 2) / (PRIOR + np.einsum("dkk->k", moments[v]) / 2)
            if turn >= dense:
                share[v] = (1 + count) / (2 + y.shape[1])
        for i in range(n):
            inverse, pull = np.eye(k), np.zeros(k)
            for v, y in enumerate(views):
                for d in np.flatnonzero(~np.isnan(y[i])).tolist():
                    inverse += precision[v][d] * moments[v][d]
                    pull += precision[v][d] * weights[v][d] * y[i, d]
            spread[i] = np.linalg.inv(inverse)
            z[i] = spread[i] @ pull
    return z, weights, included, precision
