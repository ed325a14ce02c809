"""Loop of the dinucleotide shuffles, one window after another."""

import numpy as np

from groprog_kernels._compile import kernel


@kernel
def dinucleotide_shuffles(codes, draws, out):
    # n = windows, s = shuffles, L = positions; (n, L), (n, s, L), (n, s, L)
    length = codes.shape[1]
    place = np.empty(length, np.int64)
    follows, steps = np.empty((4, length), np.uint8), np.empty((4, length), np.uint8)
    for n in range(codes.shape[0]):
        known = 0
        count = np.zeros(4, np.int64)
        for i in range(length):
            if codes[n, i] < 4:
                if known > 0:
                    before = codes[n, place[known - 1]]
                    follows[before, count[before]] = codes[n, i]
                    count[before] += 1
                place[known] = i
                known += 1
        if known == 0:
            continue
        for s in range(draws.shape[1]):
            drawn = 0
            for b in range(4):
                for i in range(count[b]):
                    steps[b, i] = follows[b, i]
                # The last step out of a base stays last.
                for i in range(count[b] - 2, 0, -1):
                    j = int(draws[n, s, drawn] * (i + 1))
                    drawn += 1
                    held = steps[b, i]
                    steps[b, i] = steps[b, j]
                    steps[b, j] = held
            taken = np.zeros(4, np.int64)
            base = codes[n, place[0]]
            out[n, s, place[0]] = base
            for i in range(1, known):
                after = steps[base, taken[base]]
                taken[base] += 1
                out[n, s, place[i]] = after
                base = after
