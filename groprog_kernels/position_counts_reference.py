"""Counted positions by definition: how often each occurs among the keys, or how many intervals cover it."""

from __future__ import annotations

from collections import Counter


def collect(keys, ends=None):
    """Sorted [(sequence, position, count)] of keys (sequence, position); with ends, one for each key, of the bases between."""
    if ends is None:
        return sorted((*key, n) for key, n in Counter(keys).items())
    covered: Counter = Counter()
    for (sequence, start), (_, end) in zip(keys, ends, strict=True):
        for base in range(start, end):
            covered[sequence, base] += 1
    return sorted((*key, n) for key, n in covered.items())


def added(pieces):
    """Sorted [(position, count)] of pieces (positions, counts): the sum of the counts of each position."""
    total: Counter = Counter()
    for position, count in pieces:
        for base, reads in zip(position, count, strict=True):
            total[base] += reads
    return sorted(total.items())
