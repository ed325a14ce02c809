"""Loop of the scaled density (see density.py)."""

import numpy as np

from groprog_kernels._compile import kernel


@kernel
def scaled_density(start, end, gene_start, gene_end, reverse, scale):
    # n = pairs: (n,) x 5, () -> (3 scale + 1,) change of depth, (n, 3) areas
    points = 3 * scale
    depth = np.zeros(points + 1, dtype=np.int64)
    areas = np.zeros((len(start), 3))
    for pair in range(len(start)):
        width = gene_end[pair] - gene_start[pair]
        left = gene_start[pair] - width
        length = 3 * width
        low = max(start[pair] - left, 0)
        high = min(end[pair] - left, length)
        if high <= low:
            continue
        if reverse[pair]:
            low, high = length - high, length - low
        # covered bases are low+1 .. high (1-based); a point x is covered when low + 0.5 < x < high + 0.5
        step = (length - 1) / (points - 1)
        first = max(int((low - 0.5) / step) - 1, 0)
        while first < points and 1 + step * first <= low + 0.5:
            first += 1
        last = min(int((high - 0.5) / step) + 2, points)
        while last > first and (length if last == points else 1 + step * (last - 1)) >= high + 0.5:
            last -= 1
        depth[first] += 1
        depth[last] -= 1
        for third in range(3):
            left_point, right_point = third * scale, (third + 1) * scale
            covered = min(last, right_point) - max(first, left_point)
            if covered > 0:
                area = covered - 0.5 * (first <= left_point) - 0.5 * (last >= right_point)
                areas[pair, third] = area / scale
    return depth, areas
