"""The definition of motif similarity: every alignment of every pair, and its p by listing all sums of column scores."""

from __future__ import annotations

import itertools

import numpy as np


def similarity(queries, targets, bins, overlap):
    """For each pair (p, offset, reverse), as `motif_similarity.similarity`; exponential in the width, for tests alone."""
    found = []
    for query in queries:
        pool = np.concatenate([column for motif in targets for column in (motif.T, motif[::-1].T)])
        score = -np.sqrt(((query.T[:, None, :] - pool[None]) ** 2).sum(axis=2))
        low, high = score.min(), score.max()
        step = (bins - 1) / (high - low) if high > low else 0.0
        level = np.floor((score - low) * step + 0.5).astype(int)
        for target in targets:
            columns = target.shape[1]
            alignments = []
            for reverse, motif in enumerate((target, target[::-1, ::-1])):
                between = -np.sqrt(((query.T[:, None, :] - motif.T[None]) ** 2).sum(axis=2))
                between = np.floor((between - low) * step + 0.5).astype(int)
                least = min(overlap, query.shape[1], columns)
                for offset in range(least - columns, query.shape[1] - least + 1):
                    span = range(max(offset, 0), min(offset + columns, query.shape[1]))
                    total = sum(between[i, i - offset] for i in span)
                    sums = [sum(drawn) for drawn in itertools.product(*(level[i] for i in span))]
                    alignments.append((np.mean([one >= total for one in sums]), offset, bool(reverse)))
            p, offset, reverse = min(alignments, key=lambda item: item[0])
            found.append((1 - (1 - p) ** len(alignments), offset, reverse))
    return found
