# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Best paths of the two-state hidden Markov model over sparse window counts (see viterbi.py)."""

import numpy as np

from libc.math cimport INFINITY, ceil
from libc.stdint cimport int32_t, int64_t, uint8_t


cdef inline void settle(
    int now, int64_t settled, int* state, int64_t* start, int32_t* starts, int32_t* ends, Py_ssize_t* found
) noexcept nogil:
    """The path is in state `now` from `settled` on: a run of state 1 begins or ends there when it was in the other."""
    if now == state[0]:
        return
    if now == 1:
        start[0] = settled
    else:
        starts[found[0]] = <int32_t>start[0]
        ends[found[0]] = <int32_t>settled
        found[0] += 1
    state[0] = now


def decode(
    const int32_t[::1] window,
    const int32_t[::1] code,
    const double[::1] advantage,
    const double[:, ::1] log_transmat,
):
    """Runs of state 1 on the best path as (start, end) windows; `advantage` is log e1 - log e0 a value, value 0 first.

    Needs log a01 + log a10 < log a00 + log a11. The first window is in state 0.
    """
    cdef double la00 = log_transmat[0, 0], la01 = log_transmat[0, 1]
    cdef double la10 = log_transmat[1, 0], la11 = log_transmat[1, 1]
    cdef double low = la01 - la11, high = la00 - la10
    cdef double drift = la11 - la00
    cdef double from_low = la01 - la00, from_high = la11 - la10
    cdef double zero = advantage[0], slope = advantage[0] + la11 - la00
    cdef double d = -INFINITY, here, steps
    cdef Py_ssize_t n = window.shape[0], j, found = 0
    cdef int64_t gap, t, take, settled = 0, start = 0
    cdef int state = 0, now
    starts = np.empty(n + 1, dtype=np.int32)
    ends = np.empty(n + 1, dtype=np.int32)
    cdef int32_t[::1] s = starts
    cdef int32_t[::1] e = ends
    with nogil:
        # d = V1 - V0 at window t; [settled, ...] is not yet decided; a run of `state` is open since `start`
        for j in range(1, n + 1):
            t = window[j - 1]
            gap = (window[j] - t - 1) if j < n else 0
            while gap > 0:
                take = 1
                now = -1
                if d <= low:
                    now = 0
                    d = zero + from_low
                    if slope <= 0 and gap > 1:
                        take = gap
                elif d > high:
                    now = 1
                    d = zero + from_high
                    if slope > 0 and gap > 1:
                        take = gap
                else:
                    if slope < 0:
                        steps = ceil((d - low) / -slope)
                    elif slope > 0:
                        steps = ceil((high - d) / slope)
                    else:
                        steps = <double>gap
                    if steps < 1:
                        steps = 1
                    take = gap if steps > <double>gap else <int64_t>steps
                    d += slope * take
                if now >= 0:
                    # transitions into t+1 .. t+take settle the states up to t+take-1
                    settle(now, settled, &state, &start, &s[0], &e[0], &found)
                    settled = t + take
                t += take
                gap -= take
            if j == n:
                break
            here = advantage[code[j]]
            now = -1
            if d <= low:
                now = 0
                d = here + from_low
            elif d > high:
                now = 1
                d = here + from_high
            else:
                d += here + drift
            if now >= 0:
                settle(now, settled, &state, &start, &s[0], &e[0], &found)
                settled = t + 1
        now = 1 if d > 0 else 0
        settle(now, settled, &state, &start, &s[0], &e[0], &found)
        if now == 1:
            s[found] = <int32_t>start
            e[found] = window[n - 1] + 1
            found += 1
    return starts[:found].copy(), ends[:found].copy()


def decode_every_window(
    const int32_t[::1] window,
    const int32_t[::1] code,
    const double[::1] advantage,
    const double[:, ::1] log_transmat,
):
    """`decode` for any transition matrix: a back-pointer byte a window."""
    cdef double la00 = log_transmat[0, 0], la01 = log_transmat[0, 1]
    cdef double la10 = log_transmat[1, 0], la11 = log_transmat[1, 1]
    cdef Py_ssize_t n = window.shape[0], length = window[n - 1] + 1, t, j = 1
    cdef double d = -INFINITY, here, best0, best1
    cdef uint8_t state
    path = np.empty(length, dtype=np.uint8)
    cdef uint8_t[::1] p = path
    with nogil:
        for t in range(1, length):
            here = advantage[0]
            if window[j] == t:
                here = advantage[code[j]]
                j += 1
            p[t] = (1 if d + la10 > la00 else 0) | (2 if d + la11 > la01 else 0)
            best0 = d + la10 if d + la10 > la00 else la00
            best1 = d + la11 if d + la11 > la01 else la01
            d = here + best1 - best0
        state = 1 if d > 0 else 0
        for t in range(length - 1, 0, -1):
            here = p[t]
            p[t] = state
            state = (<uint8_t>here >> state) & 1
        p[0] = state
    edges = np.flatnonzero(np.diff(path, prepend=np.uint8(0), append=np.uint8(0)))
    return edges[0::2].astype(np.int32), edges[1::2].astype(np.int32)
