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
    const double[:, ::1] emission,
    const double[:, ::1] observed,
    const double[:, ::1] transmat,
    const double[:, :, ::1] records,
    double[::1] occupied,
):
    """(stay, enter, occupancy, sum, sum of logs, log-likelihood beyond the scaled-out parts); one pass each way.

    `window` starts with 0 and ends with the last window; between entries all counts are zero. `observed` (values, 3): weight,
    y, ln y. `occupied` (entries,) receives the expected transcribed windows of each entry and the zeros after it.
    """
    cdef Py_ssize_t n = window.shape[0], j
    cdef double a00 = transmat[0, 0], a01 = transmat[0, 1], a10 = transmat[1, 0], a11 = transmat[1, 1]
    cdef double stay = 0.0, enter = 0.0, mass = 0.0, total = 0.0, total_log = 0.0, zero_mass = 0.0
    cdef double log_likelihood = 0.0, product = 1.0
    cdef double f0, f1, g0, g1, h0, h1, b0, b1, c0, c1, e0, e1, norm, inverse, gamma, in_gap
    cdef int64_t gap, rest
    cdef int levels = records.shape[0], level, used, digit
    cdef const double* r
    cdef const double* segment[LEVELS]
    cdef double at0[LEVELS]
    cdef double at1[LEVELS]
    cdef int32_t value
    forward = np.empty((n, 2))
    cdef double[:, ::1] f = forward
    with nogil:
        # forward: f[j] is the state distribution predicted for entry j from everything before it
        f0 = 1.0
        f1 = 0.0
        for j in range(n):
            f[j, 0] = f0
            f[j, 1] = f1
            if j == n - 1:
                break
            if j == 0:
                h0 = a00
                h1 = a01
            else:
                value = code[j]
                g0 = f0 * emission[value, 0]
                g1 = f1 * emission[value, 1]
                h0 = g0 * a00 + g1 * a10
                h1 = g0 * a01 + g1 * a11
            rest = window[j + 1] - window[j] - 1
            level = 0
            while rest:
                digit = rest & (RADIX - 1)
                if digit:
                    r = &records[level, digit, 0]
                    g0 = h0 * r[0] + h1 * r[2]
                    h1 = h0 * r[1] + h1 * r[3]
                    h0 = g0
                rest >>= RADIX_BITS
                level += 1
            norm = h0 + h1
            inverse = 1.0 / norm
            f0 = h0 * inverse
            f1 = h1 * inverse
            if norm < 1e-50:
                log_likelihood += log(norm)
            else:
                product *= norm
                if product < 1e-200 or product > 1e200:
                    log_likelihood += log(product)
                    product = 1.0
        log_likelihood += log(product)
        # the last window: no transition leaves it
        value = code[n - 1]
        if n == 1:
            occupied[0] = 0.0
        else:
            b0 = emission[value, 0]
            b1 = emission[value, 1]
            norm = f0 * b0 + f1 * b1
            log_likelihood += log(norm)
            gamma = f1 * b1 / norm
            occupied[n - 1] = gamma
            mass += gamma * observed[value, 0]
            total += gamma * observed[value, 1]
            total_log += gamma * observed[value, 2]
            # backward: b is the likelihood of everything from entry j + 1 on, up to a factor
            for j in range(n - 2, -1, -1):
                value = code[j]
                if j == 0:
                    e0 = 1.0
                    e1 = 0.0
                else:
                    e0 = emission[value, 0]
                    e1 = emission[value, 1]
                g0 = f[j, 0] * e0
                g1 = f[j, 1] * e1
                h0 = g0 * a00 + g1 * a10
                h1 = g0 * a01 + g1 * a11
                gap = window[j + 1] - window[j] - 1
                in_gap = 0.0
                if gap:
                    used = 0
                    level = 0
                    rest = gap
                    while rest:
                        digit = rest & (RADIX - 1)
                        if digit:
                            r = &records[level, digit, 0]
                            segment[used] = r
                            at0[used] = h0
                            at1[used] = h1
                            used += 1
                            if rest > digit:
                                c0 = h0 * r[0] + h1 * r[2]
                                h1 = h0 * r[1] + h1 * r[3]
                                h0 = c0
                        rest >>= RADIX_BITS
                        level += 1
                    while used:
                        used -= 1
                        r = segment[used]
                        h0 = at0[used]
                        h1 = at1[used]
                        c0 = r[0] * b0 + r[1] * b1
                        c1 = r[2] * b0 + r[3] * b1
                        inverse = 1.0 / (h0 * c0 + h1 * c1)
                        stay += inverse * (h0 * (r[4] * b0 + r[5] * b1) + h1 * (r[6] * b0 + r[7] * b1))
                        enter += inverse * (h0 * (r[8] * b0 + r[9] * b1) + h1 * (r[10] * b0 + r[11] * b1))
                        in_gap += inverse * (h0 * (r[12] * b0 + r[13] * b1) + h1 * (r[14] * b0 + r[15] * b1))
                        b0 = c0
                        b1 = c1
                    zero_mass += in_gap
                c0 = a00 * b0 + a01 * b1
                c1 = a10 * b0 + a11 * b1
                norm = g0 * c0 + g1 * c1
                inverse = 1.0 / norm
                stay += inverse * g0 * a00 * b0
                enter += inverse * g0 * a01 * b1
                gamma = inverse * g1 * c1
                mass += gamma * observed[value, 0]
                total += gamma * observed[value, 1]
                total_log += gamma * observed[value, 2]
                occupied[j] = gamma + in_gap
                # scaled so that the next denominator is near one
                b0 = e0 * c0 * inverse
                b1 = e1 * c1 * inverse
    return stay, enter, mass + zero_mass, total + zero_mass, total_log, log_likelihood


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
                    if now != state:
                        if now == 1:
                            start = settled
                        else:
                            s[found] = <int32_t>start
                            e[found] = <int32_t>settled
                            found += 1
                        state = now
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
                if now != state:
                    if now == 1:
                        start = settled
                    else:
                        s[found] = <int32_t>start
                        e[found] = <int32_t>settled
                        found += 1
                    state = now
                settled = t + 1
        now = 1 if d > 0 else 0
        if now != state:
            if now == 1:
                start = settled
            else:
                s[found] = <int32_t>start
                e[found] = <int32_t>settled
                found += 1
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
