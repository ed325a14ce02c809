# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Partial likelihood over patients sorted by time, events first. n = patients.

`hazard` is exp(risk - anchor). Where risks span much, `anchors` moves the anchor so that no sum overflows or vanishes.
"""

import numpy as np

from libc.math cimport exp, log

cdef double REACH = 300.0
cdef double LARGE = 1e150, SMALL = 1e-150


def anchors(const double[::1] risk, const long[::1] later):
    """Anchor of each position (n,), the positions below which it changed, and the (negative) change of log scale."""
    cdef Py_ssize_t n = risk.shape[0], stop = n, start, i
    cdef double anchor = risk[n - 1], highest
    anchor_array = np.empty(n)
    cdef double[::1] anchored = anchor_array
    moved_at, moved_by = [], []
    while stop > 0:
        start = stop - 1
        while start > 0 and later[start - 1] == stop:
            start -= 1
        highest = risk[start]
        for i in range(start + 1, stop):
            highest = max(highest, risk[i])
        if highest - anchor > REACH:
            moved_at.append(stop)
            moved_by.append(anchor - highest)
            anchor = highest
        for i in range(start, stop):
            anchored[i] = anchor
        stop = start
    return anchor_array, np.array(moved_at, dtype=np.int64), np.array(moved_by, dtype=np.float64)


def efron(double[::1] relative, const double[::1] hazard, const long[::1] order, const long[::1] later,
          const long[::1] comparable, const long[::1] moved_at, const double[::1] moved_by):
    """Loss under Efron's ties, its gradient (n,) by patient, and the number of events.

    `relative` and `hazard` (n,) by position: risk - anchor and its exponential. Two passes: from the last time back the sums at
    risk, from the first time on what each patient was at risk for. `relative` is written over with the sums of each group of
    equal times, so that three arrays of n numbers are all that is needed.
    """
    cdef Py_ssize_t n = hazard.shape[0], stop = n, start, events, i, moves = 0, total_events = 0
    gradient_array = np.empty(n)
    cdef double[::1] gradient = gradient_array
    cdef double total = 0.0, died, logs = 0.0, product = 1.0, share, denominator, first, second, held = 0.0, risks = 0.0
    cdef long d, l
    while stop > 0:
        start = stop - 1
        if moves < moved_at.shape[0] and moved_at[moves] == stop:
            total *= exp(moved_by[moves])
            moves += 1
        if start == 0 or later[start - 1] != stop:
            # One patient: the sum is the same with and without ties.
            total += hazard[start]
            first = 0.0
            if comparable[start] == stop:
                product *= total
                if product > LARGE or product < SMALL:
                    logs += log(product)
                    product = 1.0
                risks += relative[start]
                total_events += 1
                first = 1.0 / total
            relative[start] = first
            stop = start
            continue
        while start > 0 and later[start - 1] == stop:
            start -= 1
        events = comparable[start]
        died = 0.0
        for i in range(start, events):
            died += hazard[i]
            risks += relative[i]
        total += died
        for i in range(events, stop):
            total += hazard[i]
        d = events - start
        total_events += d
        first = 0.0
        second = 0.0
        for l in range(d):
            share = <double>l / <double>d
            denominator = total - share * died
            product *= denominator
            if product > LARGE or product < SMALL:
                logs += log(product)
                product = 1.0
            first += 1.0 / denominator
            second += share / denominator
        relative[start] = first
        relative[start + 1] = second
        stop = start
    start = 0
    while start < n:
        stop = later[start]
        events = comparable[start]
        while moves > 0 and start >= moved_at[moves - 1]:
            held *= exp(moved_by[moves - 1])
            moves -= 1
        held += relative[start]
        second = held - relative[start + 1] if stop > start + 1 else held
        for i in range(start, events):
            gradient[order[i]] = hazard[i] * second - 1.0
        for i in range(events, stop):
            gradient[order[i]] = hazard[i] * held
        start = stop
    return logs + log(product) - risks, gradient_array, total_events


def breslow(const double[::1] hazard, const long[::1] later, const long[::1] comparable,
            const long[::1] moved_at, const double[::1] moved_by):
    """First position and deaths / hazard at risk of each event time, latest first; hazards relative to the anchor there."""
    cdef Py_ssize_t n = hazard.shape[0], stop = n, start, i, moves = 0
    cdef double total = 0.0
    starts, increments = [], []
    while stop > 0:
        start = stop - 1
        while start > 0 and later[start - 1] == stop:
            start -= 1
        if moves < moved_at.shape[0] and moved_at[moves] == stop:
            total *= exp(moved_by[moves])
            moves += 1
        for i in range(start, stop):
            total += hazard[i]
        if comparable[start] > start:
            starts.append(start)
            increments.append(<double>(comparable[start] - start) / total)
        stop = start
    return np.array(starts, dtype=np.int64), np.array(increments, dtype=np.float64)
