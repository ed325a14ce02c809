"""Loop of the shares of k-mers, one window after another."""

import numpy as np

from groprog_kernels._compile import kernel


@kernel
def kmer_shares(codes, k, table, column, offset, out):
    # n = windows, L = positions, c = columns, m = k-mers; (n, L), (), (n, c), (m,), (L,), (n, 4, L)
    starts = codes.shape[1] - k + 1
    number = np.empty(max(starts, 0), np.int64)
    size = np.float32(k)
    for n in range(codes.shape[0]):
        held, known = 0, 0
        for i in range(codes.shape[1]):
            known = known + 1 if codes[n, i] < 4 else 0
            held = (held * 4 + min(codes[n, i], 3)) & (4**k - 1)
            if i >= k - 1:
                number[i - k + 1] = held if known >= k else -1
        # The order of the sums, place by place, is that of the reference.
        for place in range(k):
            shift = 2 * (k - 1 - place)
            for s in range(starts):
                if number[s] < 0 or offset[s] < 0:
                    continue
                others = number[s] & ~(3 << shift)
                for base in range(4):
                    at = column[others | base << shift]
                    if at >= 0:
                        out[n, base, s + place] += table[n, offset[s] + at] / size
