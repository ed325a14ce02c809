# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Sorted keys to counted positions, two counted runs into one, intervals to bases. Trusts its arrays."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t


def count_sorted(const uint64_t[::1] keys, int32_t[::1] position, int32_t[::1] count, int64_t[::1] first):
    """Run lengths of sorted keys (sequence << 32 | position); first[s] is where sequence s begins in the output.

    False, with the outputs half written, where the keys turn out not to be sorted."""
    cdef int64_t i, n = 0, sequence = 0, s
    cdef int32_t run = 0
    cdef uint64_t key, last = 0
    cdef bint fresh, rising = True
    with nogil:
        for i in range(keys.shape[0]):
            key = keys[i]
            if key < last:
                rising = False
                break
            s = <int64_t> (key >> 32)
            while sequence < s:
                sequence += 1
                first[sequence] = n
            fresh = n == 0 or key != last
            last = key
            run = run * (1 - fresh) + 1
            n += fresh
            position[n - 1] = <int32_t> <uint32_t> key
            count[n - 1] = run
        for s in range(sequence + 1, first.shape[0]):
            first[s] = n
    return rising


def merge_runs(const int32_t[::1] a, const int32_t[::1] count_a, const int32_t[::1] b, const int32_t[::1] count_b,
               int32_t[::1] out, int32_t[::1] count_out):
    """Two rising runs into one, counts of shared positions added; returns its length."""
    # without branches while both last: which run comes next cannot be guessed
    cdef int64_t i = 0, j = 0, n = 0, na = a.shape[0], nb = b.shape[0]
    cdef int32_t x, y, own, other
    with nogil:
        while i < na and j < nb:
            x, y = a[i], b[j]
            own, other = x <= y, y <= x
            out[n] = x if own else y
            count_out[n] = own * count_a[i] + other * count_b[j]
            i += own
            j += other
            n += 1
        while i < na:
            out[n] = a[i]
            count_out[n] = count_a[i]
            i += 1
            n += 1
        while j < nb:
            out[n] = b[j]
            count_out[n] = count_b[j]
            j += 1
            n += 1
    return n


def shared(const int32_t[::1] a, const int32_t[::1] b):
    """How many positions two rising runs share."""
    cdef int64_t i = 0, j = 0, n = 0, na = a.shape[0], nb = b.shape[0]
    cdef int32_t x, y
    with nogil:
        while i < na and j < nb:
            x, y = a[i], b[j]
            n += x == y
            i += x <= y
            j += y <= x
    return n


def cover(const int32_t[::1] start, const int32_t[::1] count_start, const int32_t[::1] end, const int32_t[::1] count_end,
          int32_t[::1] out, int32_t[::1] count_out):
    """Bases under at least one interval and their depths; only their number where `out` is empty."""
    cdef int64_t i = 0, j = 0, n = 0, depth = 0, at = 0, edge, base
    cdef bint write = out.shape[0] > 0
    with nogil:
        while j < end.shape[0]:
            edge = end[j]
            if i < start.shape[0] and start[i] < edge:
                edge = start[i]
            if depth > 0:
                if write:
                    for base in range(at, edge):
                        out[n + base - at] = <int32_t> base
                        count_out[n + base - at] = <int32_t> depth
                n += edge - at
            at = edge
            if i < start.shape[0] and start[i] == edge:
                depth += count_start[i]
                i += 1
            if end[j] == edge:
                depth -= count_end[j]
                j += 1
    return n
