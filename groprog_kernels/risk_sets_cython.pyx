# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Tie groups of patients already sorted by time. n = patients."""

import numpy as np


def tie_groups(const double[::1] time, const unsigned char[::1] event, long[::1] order):
    """Put events first inside each group of equal times (in place); return `later` and `comparable` (n,)."""
    cdef Py_ssize_t n = order.shape[0], start = 0, stop, i, events, censored
    later_array = np.empty(n, dtype=np.int64)
    comparable_array = np.empty(n, dtype=np.int64)
    scratch_array = np.empty(n, dtype=np.int64)
    cdef long[::1] later = later_array, comparable = comparable_array, scratch = scratch_array
    cdef double now
    while start < n:
        now = time[order[start]]
        stop = start + 1
        while stop < n and time[order[stop]] == now:
            stop += 1
        events = start
        censored = 0
        for i in range(start, stop):
            if event[order[i]]:
                order[events] = order[i]
                events += 1
            else:
                scratch[censored] = order[i]
                censored += 1
        for i in range(censored):
            order[events + i] = scratch[i]
        for i in range(start, stop):
            later[i] = stop
            comparable[i] = events
        start = stop
    return later_array, comparable_array
