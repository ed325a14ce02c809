"""Loop of similarity network fusion (see similarity_fusion.py): one network diffused through its nearest neighbours."""

import numpy as np

from groprog_kernels._compile import kernel


@kernel
def diffuse(network, nearest, share):
    # n = samples, k = neighbours: (n, n) symmetric, (n, k), (n, k) -> (n, n) local similarity on both sides, identity added
    n, k = nearest.shape
    half = np.zeros((n, n))
    for i in range(n):
        for a in range(k):
            row, weight = network[nearest[i, a]], share[i, a]
            for j in range(n):
                half[i, j] += weight * row[j]
    result = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            value = 0.0
            for a in range(k):
                value += half[i, nearest[j, a]] * share[j, a]
            result[i, j] = value
            result[j, i] = value
        result[i, i] += 1.0
    return result
