"""The definition of the shares of k-mers: each position, base and k-mer by itself. Standard library and NumPy only."""

from __future__ import annotations

import numpy as np


def kmer_shares(codes, k, table, column, offset):
    """(n, 4, L) as `kmer_shares.kmer_shares`."""
    out = np.zeros((len(codes), 4, codes.shape[1]), np.float32)
    for n, row in enumerate(codes):
        for position in range(len(row)):
            for base in range(4):
                for place in range(k):
                    start = position - place
                    word = list(row[max(start, 0) : start + k])
                    if start < 0 or len(word) < k or 4 in word:
                        continue
                    word[place] = base
                    at = column[sum(int(letter) * 4 ** (k - 1 - i) for i, letter in enumerate(word))]
                    if at >= 0 and offset[start] >= 0:
                        out[n, base, position] += table[n, offset[start] + at] / np.float32(k)
    return out
