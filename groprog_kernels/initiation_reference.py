"""The definitions of initiation scores: window by window, base by base. Standard library and NumPy only."""

from __future__ import annotations

import math

import numpy as np


def _negative_binomial_log_tail(k, mean, size):
    """log P(K >= k) of a negative binomial with this mean and size: one less the terms below k, or the sum of the others."""
    log_fail, log_hit = math.log(size / (size + mean)), math.log(mean / (size + mean))

    def term(j):
        rise = math.lgamma(j + size) - math.lgamma(size) - math.lgamma(j + 1)
        return math.exp(rise + size * log_fail + j * log_hit)

    if k <= mean:
        return math.log(max(1.0 - math.fsum(term(j) for j in range(k)), 1e-300))
    return math.log(max(math.fsum(term(j) for j in range(k, k + 5000)), 1e-300))


def step_scores(position, value, scales, gap, dispersion):
    """(p,) mean over the scales of log P(K >= k): k in [x, x + W), u in [x - gap - U, x - gap), mean (u + .5) W / U."""
    scores = []
    for x in position:
        logs = []
        for width, upstream in scales:
            k = sum(v for p, v in zip(position, value) if x <= p < x + width)
            u = sum(v for p, v in zip(position, value) if x - gap - upstream <= p < x - gap)
            size = 1.0 / (dispersion + 1.0 / (u + 1.0))
            logs.append(_negative_binomial_log_tail(int(k), (u + 0.5) * width / upstream, size))
        scores.append(sum(logs) / len(logs))
    return np.array(scores, np.float64)


def start_scores(position, value, log_profile, bin_size):
    """(p,) sum of value times the log-profile of its bin over [x - h, x + h), and (p,) the sum of the values there."""
    half = len(log_profile) * bin_size // 2
    scores, totals = [], []
    for x in position:
        inside = [(int(p) - int(x) + half, v) for p, v in zip(position, value) if -half <= int(p) - int(x) < half]
        scores.append(sum(v * log_profile[offset // bin_size] for offset, v in inside))
        totals.append(sum(v for _, v in inside))
    return np.array(scores, np.float64), np.array(totals, np.int64)


def binned_counts(position, value, anchor, half, bin_size):
    """(2 half / bin_size,) summed values by their distance from the anchors, in [-half, half)."""
    counts = np.zeros(2 * half // bin_size, np.int64)
    for x in anchor:
        for p, v in zip(position, value):
            if -half <= int(p) - int(x) < half:
                counts[(int(p) - int(x) + half) // bin_size] += v
    return counts


def local_maxima(position, score, distance, minimum):
    """Indices of sites with a score of at least `minimum`, none higher within `distance` bp and none as high upstream there."""
    found = []
    for i, x in enumerate(position):
        near = [j for j, p in enumerate(position) if abs(int(p) - int(x)) <= distance]
        if score[i] >= minimum and all(score[j] < score[i] or (score[j] == score[i] and j >= i) for j in near):
            found.append(i)
    return np.array(found, np.int64)


def summits(position, count, anchor, reach, width):
    """(a,) occupied base of [anchor, anchor + reach] with most reads within width // 2; of equals the most upstream one."""
    best = []
    for x in anchor:
        sums = {
            int(base): sum(c for p, c in zip(position, count) if abs(int(p) - int(base)) <= width // 2)
            for base in position
            if x <= base <= x + reach
        }
        best.append(min(sums, key=lambda base: (-sums[base], base)) if sums else x)
    return np.array(best, np.int64)


def pair_starts(plus, plus_score, minus, minus_score, nearest, farthest):
    """(k, 2) indices of paired starts, nearest <= plus - minus <= farthest: highest sum of scores first, each start once.

    Of equal sums the one with the more upstream plus start goes first, then that with the more upstream minus start.
    """
    possible = [
        (-(plus_score[i] + minus_score[j]), int(plus[i]), int(minus[j]), i, j)
        for i in range(len(plus))
        for j in range(len(minus))
        if nearest <= int(plus[i]) - int(minus[j]) <= farthest
    ]
    used_plus, used_minus, pairs = set(), set(), []
    for _, _, _, i, j in sorted(possible):
        if i not in used_plus and j not in used_minus:
            used_plus.add(i)
            used_minus.add(j)
            pairs.append((i, j))
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def focal_scores(position, count, width, flank):
    """(p,) minus log P(K >= k), K Poisson: k in [x, x + width) against the mean of `flank` bp on either side, 0.5 added."""
    scores = []
    for x in position:
        k = sum(c for p, c in zip(position, count) if x <= p < x + width)
        around = sum(c for p, c in zip(position, count) if x - flank <= p < x or x + width <= p < x + width + flank)
        mean = (around + 0.5) * width / (2 * flank)
        below = math.fsum(math.exp(-mean + j * math.log(mean) - math.lgamma(j + 1)) for j in range(k))
        above = math.fsum(math.exp(-mean + j * math.log(mean) - math.lgamma(j + 1)) for j in range(k, k + 2000))
        scores.append(-math.log(max(1.0 - below if k <= mean else above, 1e-300)))
    return np.array(scores, np.float64)
