"""Scores of motifs by definition, one position at a time. Standard library and NumPy only."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def best_scores(codes, edges, weights):
    """(n, stretches, m): the best score of each motif among the places that begin in a stretch, on either strand."""
    out = np.zeros((len(codes), len(edges) - 1, len(weights)), np.float32)
    for n, row in enumerate(codes):
        for b, (start, end) in enumerate(pairwise(edges)):
            for m, matrix in enumerate(weights):
                width = len(matrix)
                scores = [lowest(matrix)]
                for at in range(start, min(end, len(row) - width + 1)):
                    word = list(row[at : at + width])
                    if 4 not in word:
                        scores.append(sum(matrix[k][base] for k, base in enumerate(word)))
                        scores.append(sum(matrix[k][3 - base] for k, base in enumerate(reversed(word))))
                out[n, b, m] = max(scores)
    return out


def lowest(matrix):
    """The lowest score that any word has."""
    return sum(min(row) for row in matrix)
