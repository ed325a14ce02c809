# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Concordance of sorted patients: who is later and has a lower risk is counted in a set of bits. n = patients.

A bit stands for a place in the order of risks, a word for 64 places. Beside the bits stand, for each word, how many bits are set
before it among the 64 words of its group, for each group how many before it among the 16 groups of its range, for each range how
many before it. Reading is three numbers and one word; setting adds to a fixed number of neighbours: neither has a branch that
depends on the data.
"""

import numpy as np

cdef extern from *:
    """
    #define count_bits(x) __builtin_popcountll(x)
    """
    int count_bits(unsigned long long) noexcept nogil

cdef enum:
    GROUP = 64
    RANGE = 16


def risk_places(const long[::1] order, const double[::1] risk):
    """(n,) int32 by patient: first place of the risk's level in ascending order, p where one patient has it and ~p where several.

    `risk` is ascending, `order` the patient at each place.
    """
    cdef Py_ssize_t n = order.shape[0], start = 0, stop, i
    place_array = np.empty(n, dtype=np.int32)
    cdef int[::1] place = place_array
    cdef double level
    while start < n:
        level = risk[start]
        stop = start + 1
        while stop < n and risk[stop] == level:
            stop += 1
        if stop == start + 1:
            place[order[start]] = <int>start
        else:
            for i in range(start, stop):
                place[order[i]] = ~<int>start
        start = stop
    return place_array


def count_pairs(const int[::1] place, const long[::1] order, const unsigned char[::1] event,
                const long[::1] first, const double[::1] weight):
    """Sums over events with weight: weighted (numerator, denominator, w, w^2), counts (concordant, tied, comparable, unweighted).

    A weight of 0 leaves the event out; a negative one has no value, and is counted if it has a comparable patient.
    """
    cdef Py_ssize_t n = order.shape[0], position, inserted = n, k, word, group, wide
    cdef Py_ssize_t ranges = (n >> 16) + 1
    cdef unsigned long long[::1] bits = np.zeros(ranges * RANGE * GROUP, dtype=np.uint64)
    cdef unsigned short[::1] word_before = np.zeros(ranges * RANGE * GROUP, dtype=np.uint16)
    cdef int[::1] group_before = np.zeros(ranges * RANGE, dtype=np.int32)
    cdef int[::1] range_before = np.zeros(ranges, dtype=np.int32)
    cdef int[::1] at_level = np.zeros(n, dtype=np.int32)
    # From step[GROUP - 1 - w] on, GROUP numbers that are 0 up to w and 1 after it.
    cdef unsigned short[2 * GROUP] word_step
    cdef int[2 * RANGE] group_step
    cdef unsigned short* words_before
    cdef unsigned short* word_added
    cdef int* groups_before
    cdef int* group_added
    cdef double numerator = 0.0, denominator = 0.0, weights = 0.0, squares = 0.0, w
    cdef long concordant = 0, tied = 0, comparable = 0, unweighted = 0, below, level, later
    cdef int p
    for k in range(2 * GROUP):
        word_step[k] = k >= GROUP
    for k in range(2 * RANGE):
        group_step[k] = k >= RANGE
    for position in range(n - 1, -1, -1):
        while inserted > first[position]:
            inserted -= 1
            p = place[order[inserted]]
            if p < 0:
                p = ~p
                at_level[p] += 1
                p += at_level[p] - 1
            word, group, wide = p >> 6, p >> 12, p >> 16
            bits[word] |= (<unsigned long long>1) << (p & 63)
            words_before, word_added = &word_before[group * GROUP], word_step + (GROUP - 1 - (word & (GROUP - 1)))
            for k in range(GROUP):
                words_before[k] += word_added[k]
            groups_before, group_added = &group_before[wide * RANGE], group_step + (RANGE - 1 - (group & (RANGE - 1)))
            for k in range(RANGE):
                groups_before[k] += group_added[k]
            for k in range(wide + 1, ranges):
                range_before[k] += 1
        later = n - first[position]
        if not event[position] or weight[position] == 0.0 or later == 0:
            continue
        w = weight[position]
        if w < 0.0:
            unweighted += 1
            continue
        p = place[order[position]]
        level = 0
        if p < 0:
            p = ~p
            level = at_level[p]
        word = p >> 6
        below = range_before[p >> 16] + group_before[p >> 12] + word_before[word]
        below += count_bits(bits[word] & (((<unsigned long long>1) << (p & 63)) - 1))
        numerator += w * (<double>below + 0.5 * <double>level)
        denominator += w * <double>later
        weights += w
        squares += w * w
        concordant += below
        tied += level
        comparable += later
    return numerator, denominator, weights, squares, concordant, tied, comparable, unweighted
