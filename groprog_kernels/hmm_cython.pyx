# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Loops of the two-state hidden Markov model over sparse window counts (see hmm.py for what they compute)."""

import numpy as np

from libc.math cimport INFINITY, ceil, log
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memcpy

cdef extern from *:
    """
    #if !defined(__GNUC__)
    #error "these loops need the vectors of GCC or Clang"
    #endif
    typedef double pair __attribute__((vector_size(16), aligned(8)));
    typedef long long both __attribute__((vector_size(16), aligned(8)));
    #define PAIR(number) ((pair){(number), (number)})
    static inline int beyond(const pair *x0, const pair *x1) {
        const pair first = x0[0] + x1[0], second = x0[1] + x1[1];
        const both out = (first < 1e-40) | (first > 1e40) | (second < 1e-40) | (second > 1e40);
        return (out[0] | out[1]) != 0;
    }
    """
    ctypedef double pair  # two numbers, each computed as it would be alone
    pair PAIR(double number) noexcept nogil
    bint beyond(const pair* x0, const pair* x1) noexcept nogil


cdef enum:
    RADIX_BITS = 8
    RADIX = 256
    RECORD = 16
    LANES = 4
    PAIRS = 2
    BLOCK = 512
    NAMED_CODES = 256
    NAMED_GAPS = 1024


def kinds(const int32_t[::1] window, const int32_t[::1] code, int32_t head):
    """(kind (n - 1,) int32, code of each kind int32, run of each kind int32, length of each run int64) of the entries but the last.

    Entries with one count and as many empty windows after them are of a kind; the first entry is of its own, with code `head`.
    What is rare by its nature, a count beyond the 256 smallest or a run beyond 1,023 windows, is a kind for itself each time.
    """
    cdef Py_ssize_t n = window.shape[0] - 1, j
    cdef int32_t found = 0, runs = 0, one
    cdef int64_t gap
    cdef bint named
    kind = np.empty(max(n, 0), dtype=np.int32)
    of_code = np.empty(max(n, 0), dtype=np.int32)
    of_run = np.empty(max(n, 0), dtype=np.int32)
    length = np.empty(max(n, 0), dtype=np.int64)
    cdef int32_t[::1] k = kind, c = of_code, r = of_run
    cdef int64_t[::1] w = length
    cdef int32_t[::1] known_kind = np.zeros(NAMED_CODES * NAMED_GAPS, dtype=np.int32)
    cdef int32_t[::1] known_run = np.zeros(NAMED_GAPS, dtype=np.int32)
    with nogil:
        for j in range(n):
            gap = window[j + 1] - window[j] - 1
            named = j > 0 and code[j] < NAMED_CODES and gap < NAMED_GAPS
            if named:
                one = known_kind[code[j] * NAMED_GAPS + gap]
                if one:
                    k[j] = one - 1
                    continue
            if gap >= NAMED_GAPS or not known_run[gap]:
                w[runs] = gap
                runs += 1
                if gap < NAMED_GAPS:
                    known_run[gap] = runs
            k[j] = found
            c[found] = code[j] if j else head
            r[found] = runs - 1 if gap >= NAMED_GAPS else known_run[gap] - 1
            found += 1
            if named:
                known_kind[code[j] * NAMED_GAPS + gap] = found
    return kind, of_code[:found].copy(), of_run[:found].copy(), length[:runs].copy()


cdef inline void join(const pair* x, const pair* y, pair* out) noexcept nogil:
    # record of a run: M (4), then d M / d log B_ij summed: stay 00 (4), enter 01 (4), occupied 1* (4); each number of all lanes
    cdef int f, q
    for q in range(PAIRS):
        for f in range(RECORD // 4 - 1, -1, -1):
            product(x + PAIRS * 4 * f + q, y + q, out + PAIRS * 4 * f + q)
            if f:
                add_product(x + q, y + PAIRS * 4 * f + q, out + PAIRS * 4 * f + q)


cdef inline void product(const pair* x, const pair* y, pair* out) noexcept nogil:
    """A product of two matrices, row-major, for one pair of lanes; `out` must be neither."""
    out[0] = x[0] * y[0] + x[PAIRS] * y[2 * PAIRS]
    out[PAIRS] = x[0] * y[PAIRS] + x[PAIRS] * y[3 * PAIRS]
    out[2 * PAIRS] = x[2 * PAIRS] * y[0] + x[3 * PAIRS] * y[2 * PAIRS]
    out[3 * PAIRS] = x[2 * PAIRS] * y[PAIRS] + x[3 * PAIRS] * y[3 * PAIRS]


cdef inline void add_product(const pair* x, const pair* y, pair* out) noexcept nogil:
    out[0] = out[0] + (x[0] * y[0] + x[PAIRS] * y[2 * PAIRS])
    out[PAIRS] = out[PAIRS] + (x[0] * y[PAIRS] + x[PAIRS] * y[3 * PAIRS])
    out[2 * PAIRS] = out[2 * PAIRS] + (x[2 * PAIRS] * y[0] + x[3 * PAIRS] * y[2 * PAIRS])
    out[3 * PAIRS] = out[3 * PAIRS] + (x[2 * PAIRS] * y[PAIRS] + x[3 * PAIRS] * y[3 * PAIRS])


def run_records(const double[:, ::1] step, const int64_t[::1] length):
    """(runs, 16, 4): record of a run of each length of equal windows under four models, from the matrices of one window (4, 4)."""
    cdef Py_ssize_t runs = length.shape[0], k
    cdef int64_t longest = 0, reach = RADIX, rest
    cdef int levels = 1, level, digit, q, f
    for k in range(runs):
        longest = max(longest, length[k])
    while reach <= longest:
        levels += 1
        reach <<= RADIX_BITS
    tables = np.zeros((levels * RADIX, RECORD, LANES))  # of k * 256**level windows at [level * 256 + k]
    made = np.empty((runs, RECORD, LANES))
    cdef double[:, :, ::1] table = tables, out = made
    cdef const pair* one = <const pair*>&step[0, 0]
    cdef pair* t = <pair*>&table[0, 0, 0]
    cdef pair* r
    cdef pair[RECORD * PAIRS] joined
    cdef Py_ssize_t size = RECORD * PAIRS
    if runs == 0:
        return made
    with nogil:
        for level in range(levels):
            r = t + level * RADIX * size
            for q in range(PAIRS):
                r[q] = PAIR(1.0)
                r[3 * PAIRS + q] = PAIR(1.0)
                if level == 0:
                    for f in range(4):
                        r[size + f * PAIRS + q] = one[f * PAIRS + q]
                    r[size + 4 * PAIRS + q] = one[q]
                    r[size + 9 * PAIRS + q] = one[PAIRS + q]
                    r[size + 14 * PAIRS + q] = one[2 * PAIRS + q]
                    r[size + 15 * PAIRS + q] = one[3 * PAIRS + q]
            if level:
                join(r - RADIX // 2 * size, r - RADIX // 2 * size, r + size)
            for k in range(2, RADIX):
                join(r + k // 2 * size, r + (k - k // 2) * size, r + k * size)
        for k in range(runs):
            rest = length[k]
            r = <pair*>&out[k, 0, 0]
            memcpy(r, t + (rest & (RADIX - 1)) * size, size * sizeof(pair))
            level = 1
            rest >>= RADIX_BITS
            while rest:
                digit = rest & (RADIX - 1)
                if digit:
                    join(r, t + (level * RADIX + digit) * size, joined)
                    memcpy(r, joined, size * sizeof(pair))
                level += 1
                rest >>= RADIX_BITS
    return made


cdef inline void keep_in_range(pair* x0, pair* x1, double* logged) noexcept nogil:
    """Divide the lanes that leave the range by their sum; its logarithm is added to `logged` unless that is NULL."""
    cdef pair[PAIRS] y0
    cdef pair[PAIRS] y1
    cdef int q
    if beyond(x0, x1):
        # by copies, so that the compiler may hold the numbers themselves in registers
        for q in range(PAIRS):
            y0[q] = x0[q]
            y1[q] = x1[q]
        rescale(<double*>y0, <double*>y1, logged)
        for q in range(PAIRS):
            x0[q] = y0[q]
            x1[q] = y1[q]


cdef void rescale(double* x0, double* x1, double* logged) noexcept nogil:
    cdef double norm
    cdef int lane
    for lane in range(LANES):
        norm = x0[lane] + x1[lane]
        if norm < 1e-40 or norm > 1e40:
            if logged != NULL:
                logged[lane] += log(norm)
            x0[lane] /= norm
            x1[lane] /= norm


cdef inline void advance(pair* f0, pair* f1, const pair* m) noexcept nogil:
    """The states past an entry and the empty windows after it, whose product is `m`."""
    cdef pair h
    cdef int q
    for q in range(PAIRS):
        h = f0[q] * m[q] + f1[q] * m[2 * PAIRS + q]
        f1[q] = f0[q] * m[PAIRS + q] + f1[q] * m[3 * PAIRS + q]
        f0[q] = h


def expectation(
    const int32_t[::1] kind,
    const int32_t[::1] of_code,
    const int32_t[::1] of_run,
    const double[:, :, ::1] records,
    const double[:, :, ::1] step,
    const double[:, ::1] observed,
    const double[:, ::1] last_emission,
    const double[::1] last_observed,
    double[::1] occupied,
):
    """(6, 4): stay, enter, occupancy, sum, sum of logs, log-likelihood beyond the scaled-out parts, under four models.

    `kind`, `of_code`, `of_run`: as `kinds` gives them; `records`: as `run_records` gives them. The last axis is the model: `step`
    (codes, 4, 4) emission times transition, row-major; `last_emission` (2, 4) that of the last window. `observed` (codes, 3)
    and `last_observed` (3,): weight, y, ln y. `occupied` receives the first model's expected transcribed windows of each entry
    and the zeros after it, or has length 0.

    The sums over entries of a kind are those of outer products of the states before and the likelihoods after. The states
    before every 512th entry are kept on the way ahead, and those between computed again on the way back.
    """
    cdef Py_ssize_t n = kind.shape[0], kinds_ = of_code.shape[0], runs = records.shape[0], j, begin, end, k
    cdef bint keep = occupied.shape[0] > 0
    cdef int f, q, lane
    made = np.zeros((6, LANES))
    cdef double[:, ::1] out = made
    # scratch, each number of four lanes
    cdef double[:, :, ::1] matrices = np.empty((kinds_, 4, LANES))
    cdef double[:, :, ::1] sums = np.zeros((kinds_, 4, LANES))
    cdef double[:, :, ::1] in_runs = np.zeros((runs, 4, LANES))
    cdef double[:, :, ::1] kept = np.empty((n // BLOCK + 1, 2, LANES))
    cdef double[:, :, ::1] between = np.empty((BLOCK, 2, LANES))
    cdef double[:, ::1] inside = np.empty((kinds_ if keep else 0, 4))
    cdef pair* total = <pair*>&out[0, 0]
    cdef pair* before = <pair*>&between[0, 0, 0]
    cdef pair* waymark = <pair*>&kept[0, 0, 0]
    cdef const pair* end_emission = <const pair*>&last_emission[0, 0]
    cdef const pair* steps
    cdef const pair* record
    cdef pair* matrix
    cdef pair* sum_
    cdef const pair* m
    cdef const pair* r
    cdef const pair* s
    cdef pair* g
    cdef pair[PAIRS] f0
    cdef pair[PAIRS] f1
    cdef pair[PAIRS] b0
    cdef pair[PAIRS] b1
    cdef pair c0, c1, x0, x1, gamma
    if n == 0:
        if keep:
            occupied[0] = 0.0
        return made
    steps = <const pair*>&step[0, 0, 0]
    record = <const pair*>&records[0, 0, 0]
    matrix = <pair*>&matrices[0, 0, 0]
    sum_ = <pair*>&sums[0, 0, 0]
    with nogil:
        for k in range(kinds_):
            for q in range(PAIRS):
                m = steps + 4 * PAIRS * of_code[k] + q
                product(m, record + RECORD * PAIRS * of_run[k] + q, matrix + 4 * PAIRS * k + q)
        if keep:
            for k in range(kinds_):
                in_state_one(&step[of_code[k], 0, 0], &records[of_run[k], 0, 0], &inside[k, 0])
        # ahead: (f0, f1) at j, up to a factor, is the state distribution predicted for entry j from everything before it
        for q in range(PAIRS):
            f0[q] = PAIR(1.0)
            f1[q] = PAIR(0.0)
        for j in range(n):
            if j % BLOCK == 0:
                for q in range(PAIRS):
                    waymark[2 * PAIRS * (j // BLOCK) + q] = f0[q]
                    waymark[2 * PAIRS * (j // BLOCK) + PAIRS + q] = f1[q]
            advance(f0, f1, matrix + 4 * PAIRS * kind[j])
            keep_in_range(f0, f1, &out[5, 0])
        # the last window: no transition leaves it
        for q in range(PAIRS):
            b0[q] = end_emission[q]
            b1[q] = end_emission[PAIRS + q]
            f0[q] = f0[q] * b0[q]
            f1[q] = f1[q] * b1[q]
            gamma = f1[q] / (f0[q] + f1[q])
            for f in range(3):
                total[(2 + f) * PAIRS + q] = gamma * last_observed[f]
        for lane in range(LANES):
            out[5, lane] += log((<double*>f0)[lane] + (<double*>f1)[lane])
        if keep:
            occupied[n] = (<double*>f1)[0] / ((<double*>f0)[0] + (<double*>f1)[0])
        # back: (b0, b1), up to a factor, is the likelihood of everything from entry j + 1 on
        end = n
        while end > 0:
            begin = (end - 1) // BLOCK * BLOCK
            for q in range(PAIRS):
                f0[q] = waymark[2 * PAIRS * (begin // BLOCK) + q]
                f1[q] = waymark[2 * PAIRS * (begin // BLOCK) + PAIRS + q]
            for j in range(begin, end):
                for q in range(PAIRS):
                    before[2 * PAIRS * (j - begin) + q] = f0[q]
                    before[2 * PAIRS * (j - begin) + PAIRS + q] = f1[q]
                advance(f0, f1, matrix + 4 * PAIRS * kind[j])
                keep_in_range(f0, f1, NULL)
            for j in range(end - 1, begin - 1, -1):
                m = matrix + 4 * PAIRS * kind[j]
                g = sum_ + 4 * PAIRS * kind[j]
                s = before + 2 * PAIRS * (j - begin)
                for q in range(PAIRS):
                    x0 = s[q]
                    x1 = s[PAIRS + q]
                    c0 = m[q] * b0[q] + m[PAIRS + q] * b1[q]
                    c1 = m[2 * PAIRS + q] * b0[q] + m[3 * PAIRS + q] * b1[q]
                    gamma = PAIR(1.0) / (x0 * c0 + x1 * c1)
                    x0 = x0 * gamma
                    x1 = x1 * gamma
                    g[q] = g[q] + x0 * b0[q]
                    g[PAIRS + q] = g[PAIRS + q] + x0 * b1[q]
                    g[2 * PAIRS + q] = g[2 * PAIRS + q] + x1 * b0[q]
                    g[3 * PAIRS + q] = g[3 * PAIRS + q] + x1 * b1[q]
                    if keep and q == 0:
                        occupied[j] = (
                            (<double*>&x0)[0] * ((<double*>b0)[0] * inside[kind[j], 0] + (<double*>b1)[0] * inside[kind[j], 1])
                            + (<double*>&x1)[0] * ((<double*>b0)[0] * inside[kind[j], 2] + (<double*>b1)[0] * inside[kind[j], 3])
                        )
                    b0[q] = c0
                    b1[q] = c1
                keep_in_range(b0, b1, NULL)
            end = begin
        # what the sums of a kind say of its entry, and of the run after it
        for k in range(kinds_):
            for q in range(PAIRS):
                m = steps + 4 * PAIRS * of_code[k] + q
                r = record + RECORD * PAIRS * of_run[k] + q
                s = sum_ + 4 * PAIRS * k + q
                g = <pair*>&in_runs[of_run[k], 0, 0] + q
                total[q] = total[q] + m[0] * (s[0] * r[0] + s[PAIRS] * r[PAIRS])
                total[PAIRS + q] = total[PAIRS + q] + m[PAIRS] * (s[0] * r[2 * PAIRS] + s[PAIRS] * r[3 * PAIRS])
                gamma = m[2 * PAIRS] * (s[2 * PAIRS] * r[0] + s[3 * PAIRS] * r[PAIRS])
                gamma = gamma + m[3 * PAIRS] * (s[2 * PAIRS] * r[2 * PAIRS] + s[3 * PAIRS] * r[3 * PAIRS])
                for f in range(3):
                    total[(2 + f) * PAIRS + q] = total[(2 + f) * PAIRS + q] + gamma * observed[of_code[k], f]
                g[0] = g[0] + (m[0] * s[0] + m[2 * PAIRS] * s[2 * PAIRS])
                g[PAIRS] = g[PAIRS] + (m[0] * s[PAIRS] + m[2 * PAIRS] * s[3 * PAIRS])
                g[2 * PAIRS] = g[2 * PAIRS] + (m[PAIRS] * s[0] + m[3 * PAIRS] * s[2 * PAIRS])
                g[3 * PAIRS] = g[3 * PAIRS] + (m[PAIRS] * s[PAIRS] + m[3 * PAIRS] * s[3 * PAIRS])
        for k in range(runs):
            for q in range(PAIRS):
                s = <const pair*>&in_runs[k, 0, 0] + q
                r = record + RECORD * PAIRS * k + q
                for f in range(4):
                    total[q] = total[q] + s[f * PAIRS] * r[(4 + f) * PAIRS]
                    total[PAIRS + q] = total[PAIRS + q] + s[f * PAIRS] * r[(8 + f) * PAIRS]
                    gamma = s[f * PAIRS] * r[(12 + f) * PAIRS]
                    total[2 * PAIRS + q] = total[2 * PAIRS + q] + gamma
                    total[3 * PAIRS + q] = total[3 * PAIRS + q] + gamma
    return made


cdef void in_state_one(const double* m, const double* r, double* out) noexcept nogil:
    """Derivative (4,) of the first lane's product of an entry and its run by the log chance of state 1, summed over their windows."""
    cdef int row, column
    cdef double entry, later
    for row in range(2):
        for column in range(2):
            entry = m[2 * LANES] * r[column * LANES] + m[3 * LANES] * r[(2 + column) * LANES] if row else 0.0
            later = (m[2 * row * LANES] * r[(12 + column) * LANES]
                     + m[(2 * row + 1) * LANES] * r[(14 + column) * LANES])
            out[2 * row + column] = entry + later


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
