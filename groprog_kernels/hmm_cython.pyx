# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Loops of the two-state hidden Markov model over sparse window counts (see hmm.py for what they compute)."""

import numpy as np

from libc.math cimport INFINITY, ceil, log
from libc.stdint cimport int32_t, int64_t, uint8_t

cdef enum:
    RADIX_BITS = 8
    RADIX = 256
    RECORD = 16
    LEVELS = 8


cdef inline void join(const double* x, const double* y, double* out) noexcept nogil:
    # record of a run: M (4), then d M / d log B_ij summed: stay 00 (4), enter 01 (4), occupied 1* (4)
    cdef double left[RECORD]
    cdef double right[RECORD]
    cdef int f, i
    for i in range(RECORD):
        left[i] = x[i]
        right[i] = y[i]
    out[0] = left[0] * right[0] + left[1] * right[2]
    out[1] = left[0] * right[1] + left[1] * right[3]
    out[2] = left[2] * right[0] + left[3] * right[2]
    out[3] = left[2] * right[1] + left[3] * right[3]
    for f in range(4, RECORD, 4):
        out[f] = left[f] * right[0] + left[f + 1] * right[2] + left[0] * right[f] + left[1] * right[f + 2]
        out[f + 1] = left[f] * right[1] + left[f + 1] * right[3] + left[0] * right[f + 1] + left[1] * right[f + 3]
        out[f + 2] = left[f + 2] * right[0] + left[f + 3] * right[2] + left[2] * right[f] + left[3] * right[f + 2]
        out[f + 3] = left[f + 2] * right[1] + left[f + 3] * right[3] + left[2] * right[f + 1] + left[3] * right[f + 3]


def run_records(const double[:, ::1] step, int64_t longest):
    """(levels, 256, 16): record of a run of k * 256**level equal windows, from the matrix of one window."""
    cdef int levels = 1
    cdef int64_t reach = RADIX
    while reach <= longest:
        levels += 1
        reach <<= RADIX_BITS
    records = np.zeros((levels, RADIX, RECORD))
    cdef double[:, :, ::1] r = records
    cdef int level, k
    with nogil:
        for level in range(levels):
            r[level, 0, 0] = 1.0
            r[level, 0, 3] = 1.0
            if level == 0:
                r[0, 1, 0] = step[0, 0]
                r[0, 1, 1] = step[0, 1]
                r[0, 1, 2] = step[1, 0]
                r[0, 1, 3] = step[1, 1]
                r[0, 1, 4] = step[0, 0]
                r[0, 1, 9] = step[0, 1]
                r[0, 1, 14] = step[1, 0]
                r[0, 1, 15] = step[1, 1]
            else:
                join(&r[level - 1, RADIX // 2, 0], &r[level - 1, RADIX // 2, 0], &r[level, 1, 0])
            for k in range(2, RADIX):
                join(&r[level, k // 2, 0], &r[level, k - k // 2, 0], &r[level, k, 0])
    return records


def expectation(
    const int32_t[::1] window,
    const int32_t[::1] code,
    const double[:, ::1] step,
    const double[:, ::1] last_emission,
    const double[:, ::1] observed,
    const double[:, ::1] transmat,
    const double[:, :, ::1] records,
    double[::1] occupied,
):
    """(stay, enter, occupancy, sum, sum of logs, log-likelihood beyond the scaled-out parts); one pass each way.

    `window` starts with 0 and ends with the last window; between entries all counts are zero. `step` (values, 4): emission
    times transition, row-major; `last_emission` (values, 2); `observed` (values, 3): weight, y, ln y. `occupied` receives the
    expected transcribed windows of each entry and the zeros after it, or has length 0.
    """
    cdef Py_ssize_t n = window.shape[0], j
    cdef bint keep = occupied.shape[0] > 0
    cdef double stay = 0.0, enter = 0.0, mass = 0.0, total = 0.0, total_log = 0.0, zero_mass = 0.0
    cdef double log_likelihood = 0.0
    cdef double f0, f1, h0, h1, b0, b1, c0, c1, p00, p01, p10, p11, norm, inverse, gamma, in_gap, in_stay, in_enter
    cdef int64_t rest
    cdef double[4] head_step
    cdef const double* head = &head_step[0]
    cdef int level, used
    cdef const double* r
    cdef const double* m
    cdef const double* segment[LEVELS]
    cdef double at0[LEVELS]
    cdef double at1[LEVELS]
    forward = np.empty((n, 2))
    cdef double[:, ::1] f = forward
    # the first window is in state 0, its emission scaled out whole
    head_step[0] = transmat[0, 0]
    head_step[1] = transmat[0, 1]
    head_step[2] = 0.0
    head_step[3] = 0.0
    with nogil:
        # forward: f[j], up to a factor, is the state distribution predicted for entry j from everything before it
        f0 = 1.0
        f1 = 0.0
        for j in range(n - 1):
            f[j, 0] = f0
            f[j, 1] = f1
            m = &step[code[j], 0] if j else head
            h0 = f0 * m[0] + f1 * m[2]
            h1 = f0 * m[1] + f1 * m[3]
            rest = window[j + 1] - window[j] - 1
            r = &records[0, rest & (RADIX - 1), 0]
            f0 = h0 * r[0] + h1 * r[2]
            f1 = h0 * r[1] + h1 * r[3]
            rest >>= RADIX_BITS
            level = 1
            while rest:
                r = &records[level, rest & (RADIX - 1), 0]
                h0 = f0 * r[0] + f1 * r[2]
                f1 = f0 * r[1] + f1 * r[3]
                f0 = h0
                rest >>= RADIX_BITS
                level += 1
            norm = f0 + f1
            if norm < 1e-40 or norm > 1e40:
                log_likelihood += log(norm)
                f0 /= norm
                f1 /= norm
        if n > 1:
            # the last window: no transition leaves it
            b0 = last_emission[code[n - 1], 0]
            b1 = last_emission[code[n - 1], 1]
            norm = f0 * b0 + f1 * b1
            log_likelihood += log(norm)
            gamma = f1 * b1 / norm
            if keep:
                occupied[n - 1] = gamma
            mass += gamma * observed[code[n - 1], 0]
            total += gamma * observed[code[n - 1], 1]
            total_log += gamma * observed[code[n - 1], 2]
            # backward: b, up to a factor, is the likelihood of everything from entry j + 1 on
            for j in range(n - 2, -1, -1):
                m = &step[code[j], 0] if j else head
                f0 = f[j, 0]
                f1 = f[j, 1]
                h0 = f0 * m[0] + f1 * m[2]
                h1 = f0 * m[1] + f1 * m[3]
                rest = window[j + 1] - window[j] - 1
                in_stay = 0.0
                in_enter = 0.0
                in_gap = 0.0
                segment[0] = &records[0, rest & (RADIX - 1), 0]
                rest >>= RADIX_BITS
                used = 0
                while rest:
                    r = segment[used]
                    at0[used] = h0
                    at1[used] = h1
                    c0 = h0 * r[0] + h1 * r[2]
                    h1 = h0 * r[1] + h1 * r[3]
                    h0 = c0
                    used += 1
                    segment[used] = &records[used, rest & (RADIX - 1), 0]
                    rest >>= RADIX_BITS
                while True:
                    r = segment[used]
                    p00 = h0 * b0
                    p01 = h0 * b1
                    p10 = h1 * b0
                    p11 = h1 * b1
                    in_stay += p00 * r[4] + p01 * r[5] + p10 * r[6] + p11 * r[7]
                    in_enter += p00 * r[8] + p01 * r[9] + p10 * r[10] + p11 * r[11]
                    in_gap += p00 * r[12] + p01 * r[13] + p10 * r[14] + p11 * r[15]
                    c0 = r[0] * b0 + r[1] * b1
                    b1 = r[2] * b0 + r[3] * b1
                    b0 = c0
                    if used == 0:
                        break
                    used -= 1
                    h0 = at0[used]
                    h1 = at1[used]
                c0 = m[0] * b0
                c1 = m[1] * b1
                b1 = m[2] * b0 + m[3] * b1
                b0 = c0 + c1
                inverse = 1.0 / (f0 * b0 + f1 * b1)
                stay += inverse * (in_stay + f0 * c0)
                enter += inverse * (in_enter + f0 * c1)
                in_gap *= inverse
                zero_mass += in_gap
                gamma = inverse * f1 * b1
                mass += gamma * observed[code[j], 0]
                total += gamma * observed[code[j], 1]
                total_log += gamma * observed[code[j], 2]
                if keep:
                    occupied[j] = gamma + in_gap
                norm = b0 + b1
                if norm < 1e-40 or norm > 1e40:
                    b0 /= norm
                    b1 /= norm
        elif keep:
            occupied[0] = 0.0
    return stay, enter, mass + zero_mass, total + zero_mass, total_log, log_likelihood


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
