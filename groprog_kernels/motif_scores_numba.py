"""Loop of the best motif scores, one window after another."""

import numpy as np

from groprog_kernels._compile import kernel


@kernel
def best_scores(codes, edges, weights, first, lowest, out):
    # n = windows, i = positions, b = stretches, m = motifs, w = rows of all; (n, i), (b+1,), (w, 4), (m+1,), (m,), (n, b, m)
    length = codes.shape[1]
    unknown = np.zeros(length + 1, np.int64)
    for n in range(codes.shape[0]):
        for i in range(length):
            unknown[i + 1] = unknown[i] + (codes[n, i] > 3)
        for m in range(first.shape[0] - 1):
            start, width = first[m], first[m + 1] - first[m]
            for b in range(edges.shape[0] - 1):
                best = lowest[m]
                for i in range(edges[b], min(edges[b + 1], length - width + 1)):
                    if unknown[i + width] != unknown[i]:
                        continue
                    one = np.float32(0)
                    other = np.float32(0)
                    for k in range(width):
                        base = codes[n, i + k]
                        one += weights[start + k, base]
                        other += weights[start + width - 1 - k, 3 - base]
                    best = max(best, one, other)
                out[n, b, m] = best
