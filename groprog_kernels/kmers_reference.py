"""k-mers of windows by definition, one k-mer at a time. Standard library and NumPy only."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np


def number_of(word):
    """The number of a k-mer, its bases as digits to the base 4; None where it holds a code 4."""
    return None if 4 in word else int("".join(map(str, word)), 4)


def other_strand(word):
    """The k-mer on the other strand."""
    return [3 - base if base < 4 else 4 for base in reversed(word)]


def count_kmers(codes, edges, k):
    """(n, stretches, 4**k): k-mers that begin in each stretch."""
    out = np.zeros((len(codes), len(edges) - 1, 4**k), np.uint16)
    for n, row in enumerate(codes):
        for w, (start, end) in enumerate(pairwise(edges)):
            words = [number_of(row[at : at + k]) for at in range(start, min(end, len(row) - k + 1))]
            out[n, w] = np.bincount([word for word in words if word is not None], minlength=4**k)
    return out


def canonical_kmers(codes, k):
    """For each window the canonical number of each of its k-mers, None where it holds a code 4: list of lists."""
    rows = []
    for row in codes:
        words = [row[at : at + k] for at in range(len(row) - k + 1)]
        rows.append([None if 4 in word else min(number_of(word), number_of(other_strand(word))) for word in words])
    return rows


def shared_pairs(windows, most):
    """Sorted pairs of windows, once for each k-mer they share; windows: for each its set of k-mers."""
    holders: dict[int, list[int]] = {}
    for window, words in enumerate(windows):
        for word in words:
            holders.setdefault(word, []).append(window)
    return sorted(pair for held in holders.values() if len(held) <= most for pair in combinations(held, 2))
