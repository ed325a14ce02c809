# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Product-limit recursions over patients sorted by time, events first. n = patients, g = distinct times."""

import numpy as np


def product_limit(const unsigned char[::1] event, const long[::1] later, const long[::1] comparable):
    """Both Kaplan-Meier curves: (g,) last position + 1, events, censored, at risk, survival, Greenwood sum, censoring."""
    cdef Py_ssize_t n = event.shape[0], position = 0, groups = 0
    cdef double survival = 1.0, greenwood = 0.0, censoring = 1.0
    cdef long died, lost, risk, still
    while position < n:
        position = later[position]
        groups += 1
    stop_array = np.empty(groups, dtype=np.int64)
    events_array = np.empty(groups, dtype=np.int64)
    lost_array = np.empty(groups, dtype=np.int64)
    risk_array = np.empty(groups, dtype=np.int64)
    survival_array = np.empty(groups)
    greenwood_array = np.empty(groups)
    censoring_array = np.empty(groups)
    cdef long[::1] stops = stop_array, events = events_array, censored = lost_array, at_risk = risk_array
    cdef double[::1] survivals = survival_array, sums = greenwood_array, censorings = censoring_array
    position = 0
    groups = 0
    while position < n:
        risk = n - position
        died = comparable[position] - position
        lost = later[position] - comparable[position]
        still = risk - died
        if died:
            survival *= <double>still / <double>risk
            greenwood += <double>died / (<double>risk * <double>still)
        if lost:
            censoring *= <double>(still - lost) / <double>still
        stops[groups] = later[position]
        events[groups] = died
        censored[groups] = lost
        at_risk[groups] = risk
        survivals[groups] = survival
        sums[groups] = greenwood
        censorings[groups] = censoring
        groups += 1
        position = later[position]
    return stop_array, events_array, lost_array, risk_array, survival_array, greenwood_array, censoring_array


def uncensored(const long[::1] later, const long[::1] comparable, bint left):
    """(n,) probability of not being censored by the time of each position, or before it (`left`)."""
    cdef Py_ssize_t n = later.shape[0], start = 0, stop, i
    out_array = np.empty(n)
    cdef double[::1] out = out_array
    cdef double censoring = 1.0, before
    cdef long empty
    while start < n:
        stop = later[start]
        before = censoring
        # A factor of 1 where nobody is censored, 1 / 1 where nobody is left to be.
        empty = comparable[start] == n
        censoring *= <double>(n - stop + empty) / <double>(n - comparable[start] + empty)
        for i in range(start, stop):
            out[i] = before if left else censoring
        start = stop
    return out_array


def step_values(const double[::1] steps, const double[::1] values, const double[::1] at, bint left):
    """Value of the step function at each of the sorted points `at`; 1 before the first step; `left` takes the limit from below."""
    cdef Py_ssize_t n = at.shape[0], count = steps.shape[0], i, k = 0
    out_array = np.empty(n)
    cdef double[::1] out = out_array
    cdef double held = 1.0
    for i in range(n):
        while k < count and (steps[k] < at[i] or (steps[k] == at[i] and not left)):
            held = values[k]
            k += 1
        out[i] = held
    return out_array
