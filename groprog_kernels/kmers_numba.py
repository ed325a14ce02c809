import numpy as np

from groprog_kernels._compile import kernel


@kernel
def count_kmers(codes, edges, k, out):
    # n = windows, i = positions, w = stretches, m = k-mers; (n, i), (w+1,), (), (n, w, m)
    mask = (1 << (2 * k)) - 1
    for n in range(codes.shape[0]):
        number = known = 0
        w = 0
        for i in range(edges[0], min(edges[-1] + k - 1, codes.shape[1])):
            base = codes[n, i]
            known = known + 1 if base < 4 else 0
            number = ((number << 2) | (base & 3)) & mask
            first = i - k + 1
            if first < edges[0]:
                continue
            while first >= edges[w + 1]:
                w += 1
            if known >= k and out[n, w, number] < 65535:
                out[n, w, number] += 1


@kernel
def word_presence(codes, k, rank, out):
    # n = windows, i = positions, m = k-mers, c = canonical k-mers; (n, i), (), (m,), (n, c)
    mask = (1 << (2 * k)) - 1
    for n in range(codes.shape[0]):
        number = known = 0
        for i in range(codes.shape[1]):
            base = codes[n, i]
            known = known + 1 if base < 4 else 0
            number = ((number << 2) | (base & 3)) & mask
            if known >= k:
                out[n, rank[number]] = 1


@kernel
def canonical_kmers(codes, k, out):
    # n = windows, i = positions; (n, i), (), (n, i - k + 1)
    mask = (np.uint64(1) << np.uint64(2 * k)) - np.uint64(1)
    top = np.uint64(2 * (k - 1))
    for n in range(codes.shape[0]):
        number = other = np.uint64(0)
        known = 0
        for i in range(codes.shape[1]):
            base = np.uint64(codes[n, i])
            if base > np.uint64(3):
                known = 0
                base = np.uint64(0)
            else:
                known += 1
            number = ((number << np.uint64(2)) | base) & mask
            other = (other >> np.uint64(2)) | ((np.uint64(3) - base) << top)
            if known >= k:
                out[n, i - k + 1] = min(number, other)


@kernel
def count_pairs(kmer, most):
    # m = entries; (m,), () -> ()
    pairs = 0
    at = 0
    while at < kmer.shape[0]:
        end = at
        while end < kmer.shape[0] and kmer[end] == kmer[at]:
            end += 1
        held = end - at
        if held <= most:
            pairs += held * (held - 1) // 2
        at = end
    return pairs


@kernel
def shared_pairs(kmer, window, most, pairs):
    # m = entries, p = pairs; (m,), (m,), (), (p, 2)
    p = 0
    at = 0
    while at < kmer.shape[0]:
        end = at
        while end < kmer.shape[0] and kmer[end] == kmer[at]:
            end += 1
        if end - at <= most:
            for i in range(at, end):
                for j in range(i + 1, end):
                    pairs[p, 0], pairs[p, 1] = window[i], window[j]
                    p += 1
        at = end
