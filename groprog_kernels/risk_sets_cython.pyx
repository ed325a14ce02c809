# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The order of values, and tie groups of patients sorted by time. n = patients."""

import numpy as np

from libc.string cimport memcpy

cdef Py_ssize_t SHORT = 32


def ascending(const double[::1] values):
    """(n,) int64 order that sorts finite values, equal ones in the order of the input, and the sorted values (n,).

    The leading bits of a value and the patient's number share one 64-bit key: sorting keys needs no second array. Values that
    agree in the leading bits, but not in all, are put right afterwards.
    """
    cdef Py_ssize_t n = values.shape[0], i, j, start, stop, moved
    cdef int number_bits = max(int(n - 1).bit_length(), 1)
    cdef unsigned long long number_mask = ((<unsigned long long>1) << number_bits) - 1, key
    cdef double value
    key_array = np.empty(n, dtype=np.uint64)
    cdef unsigned long long[::1] keys = key_array
    for i in range(n):
        value = values[i] + 0.0  # -0.0 becomes 0.0
        memcpy(&key, &value, 8)
        # The sign bit decides: negative numbers run backwards.
        key ^= (<unsigned long long>(-<long long>(key >> 63))) | ((<unsigned long long>1) << 63)
        keys[i] = (key & ~number_mask) | <unsigned long long>i
    key_array.sort()
    order_array = np.empty(n, dtype=np.int64)
    sorted_array = np.empty(n)
    cdef long[::1] order = order_array
    cdef double[::1] ordered = sorted_array
    for i in range(n):
        order[i] = keys[i] & number_mask
        ordered[i] = values[order[i]]
    start = 0
    while start < n - 1:
        if ordered[start + 1] >= ordered[start]:
            start += 1
            continue
        # A value out of place: its neighbours with the same leading bits are sorted whole.
        stop = start + 1
        while start > 0 and (keys[start - 1] ^ keys[stop]) <= number_mask:
            start -= 1
        while stop < n and (keys[start] ^ keys[stop]) <= number_mask:
            stop += 1
        if stop - start > SHORT:
            places = start + np.argsort(sorted_array[start:stop], kind="stable")
            order_array[start:stop] = order_array[places]
            sorted_array[start:stop] = sorted_array[places]
        else:
            for i in range(start + 1, stop):
                value, moved, j = ordered[i], order[i], i
                while j > start and ordered[j - 1] > value:
                    ordered[j], order[j] = ordered[j - 1], order[j - 1]
                    j -= 1
                ordered[j], order[j] = value, moved
        start = stop - 1
    return order_array, sorted_array


def tie_groups(const double[::1] time, unsigned char[::1] event, long[::1] order):
    """Put events first inside each group of equal times (`event` and `order` in place); return `later`, `comparable` (n,)."""
    cdef Py_ssize_t n = order.shape[0], start = 0, stop, i, events, censored
    later_array = np.empty(n, dtype=np.int64)
    comparable_array = np.empty(n, dtype=np.int64)
    cdef long[::1] later = later_array, comparable = comparable_array, scratch = np.empty(n, dtype=np.int64)
    cdef long patient
    cdef double now
    while start < n:
        now = time[start]
        stop = start + 1
        if stop == n or time[stop] != now:
            later[start] = stop
            comparable[start] = start + event[start]
            start = stop
            continue
        events = event[start]
        while stop < n and time[stop] == now:
            events += event[stop]
            stop += 1
        events += start
        if start < events < stop:
            censored = 0
            events = start
            for i in range(start, stop):
                patient = order[i]
                order[events] = patient  # at or before i
                scratch[censored] = patient
                events += event[i]
                censored += not event[i]
            for i in range(start, stop):
                event[i] = i < events
            for i in range(censored):
                order[events + i] = scratch[i]
        for i in range(start, stop):
            later[i] = stop
            comparable[i] = events
        start = stop
    return later_array, comparable_array
