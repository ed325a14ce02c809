# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Loops of the two-state hidden Markov model over sparse window counts (see hmm.py for what they compute)."""

import numpy as np

from libc.math cimport log
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy

cdef extern from *:
    """
    #if !defined(__GNUC__)
    #error "these loops need the vectors of GCC or Clang"
    #endif
    #if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__)
    /* Compiled twice; a processor with vectors of four takes the second. It has no fused multiply-add: both give the same bits. */
    #define FOR_TWO_PROCESSORS __attribute__((target_clones("default", "avx2")))
    #define PARTS 1
    #define SOME(number) ((some){(number), (number), (number), (number)})
    #else
    #define FOR_TWO_PROCESSORS
    #define PARTS 2
    #define SOME(number) ((some){(number), (number)})
    #endif
    typedef double some __attribute__((vector_size(32 / PARTS), aligned(8)));
    typedef long long flags __attribute__((vector_size(32 / PARTS), aligned(8)));
    typedef double pair __attribute__((vector_size(16)));
    typedef long long both __attribute__((vector_size(16)));
    /* whether a sum leaves the range; `norm` is then that sum, and 1 in lanes that stay */
    static inline int beyond(const some *x0, const some *x1, some *norm) {
        both any = {0, 0};
        for (int q = 0; q < PARTS; q++) {
            const some sum = x0[q] + x1[q];
            const flags out = (sum < 1e-40) | (sum > 1e40);
            for (int lane = 0; lane < 4 / PARTS; lane += 2) any |= (both){out[lane], out[lane + 1]};
            norm[q] = (some)((out & (flags)sum) | (~out & (flags)SOME(1.0)));
        }
    #if defined(__SSE2__)
        return __builtin_ia32_movmskpd((pair)any) != 0;
    #else
        return (any[0] | any[1]) != 0;
    #endif
    }
    FOR_TWO_PROCESSORS static void hmm_passes(
        Py_ssize_t, const int32_t *, const some *, some *, some *, some *, const some *, const double *, const double *, double *,
        some *);
    """
    ctypedef double some  # the numbers of as many lanes as a vector holds, each computed as it would be alone
    enum:
        PARTS  # vectors that hold the four lanes
    some SOME(double number) noexcept nogil
    bint beyond(const some* x0, const some* x1, some* norm) noexcept nogil


cdef enum:
    RADIX_BITS = 8
    RADIX = 256
    RECORD = 16
    LANES = 4
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


cdef inline void join(const some* x, const some* y, some* out) noexcept nogil:
    # record of a run: M (4), then d M / d log B_ij summed: stay 00 (4), enter 01 (4), occupied 1* (4); each number of all lanes
    cdef int f, q
    for q in range(PARTS):
        for f in range(RECORD // 4 - 1, -1, -1):
            product(x + PARTS * 4 * f + q, y + q, out + PARTS * 4 * f + q)
            if f:
                add_product(x + q, y + PARTS * 4 * f + q, out + PARTS * 4 * f + q)


cdef inline void product(const some* x, const some* y, some* out) noexcept nogil:
    """A product of two matrices, row-major, for one part of the lanes; `out` must be neither."""
    out[0] = x[0] * y[0] + x[PARTS] * y[2 * PARTS]
    out[PARTS] = x[0] * y[PARTS] + x[PARTS] * y[3 * PARTS]
    out[2 * PARTS] = x[2 * PARTS] * y[0] + x[3 * PARTS] * y[2 * PARTS]
    out[3 * PARTS] = x[2 * PARTS] * y[PARTS] + x[3 * PARTS] * y[3 * PARTS]


cdef inline void add_product(const some* x, const some* y, some* out) noexcept nogil:
    out[0] = out[0] + (x[0] * y[0] + x[PARTS] * y[2 * PARTS])
    out[PARTS] = out[PARTS] + (x[0] * y[PARTS] + x[PARTS] * y[3 * PARTS])
    out[2 * PARTS] = out[2 * PARTS] + (x[2 * PARTS] * y[0] + x[3 * PARTS] * y[2 * PARTS])
    out[3 * PARTS] = out[3 * PARTS] + (x[2 * PARTS] * y[PARTS] + x[3 * PARTS] * y[3 * PARTS])


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
    cdef const some* one = <const some*>&step[0, 0]
    cdef some* t = <some*>&table[0, 0, 0]
    cdef some* r
    cdef some[2 * RECORD] joined
    cdef Py_ssize_t size = RECORD * PARTS
    if runs == 0:
        return made
    with nogil:
        for level in range(levels):
            r = t + level * RADIX * size
            for q in range(PARTS):
                r[q] = SOME(1.0)
                r[3 * PARTS + q] = SOME(1.0)
                if level == 0:
                    for f in range(4):
                        r[size + f * PARTS + q] = one[f * PARTS + q]
                    r[size + 4 * PARTS + q] = one[q]
                    r[size + 9 * PARTS + q] = one[PARTS + q]
                    r[size + 14 * PARTS + q] = one[2 * PARTS + q]
                    r[size + 15 * PARTS + q] = one[3 * PARTS + q]
            if level:
                join(r - RADIX // 2 * size, r - RADIX // 2 * size, r + size)
            for k in range(2, RADIX):
                join(r + k // 2 * size, r + (k - k // 2) * size, r + k * size)
        for k in range(runs):
            rest = length[k]
            r = <some*>&out[k, 0, 0]
            memcpy(r, t + (rest & (RADIX - 1)) * size, size * sizeof(some))
            level = 1
            rest >>= RADIX_BITS
            while rest:
                digit = rest & (RADIX - 1)
                if digit:
                    join(r, t + (level * RADIX + digit) * size, joined)
                    memcpy(r, joined, size * sizeof(some))
                level += 1
                rest >>= RADIX_BITS
    return made


cdef inline void keep_in_range(some* x0, some* x1, double* logged) noexcept nogil:
    """Divide the lanes that leave the range by their sum; its logarithm is added to `logged` unless that is NULL."""
    cdef some[2] norm
    cdef int q, lane
    if beyond(x0, x1, norm):
        for q in range(PARTS):
            x0[q] = x0[q] / norm[q]
            x1[q] = x1[q] / norm[q]
        if logged != NULL:
            for lane in range(LANES):
                if (<double*>norm)[lane] != 1.0:
                    logged[lane] += log((<double*>norm)[lane])


cdef inline void advance(some* f0, some* f1, const some* m) noexcept nogil:
    """The states past an entry and the empty windows after it, whose product is `m`."""
    cdef some h
    cdef int q
    for q in range(PARTS):
        h = f0[q] * m[q] + f1[q] * m[2 * PARTS + q]
        f1[q] = f0[q] * m[PARTS + q] + f1[q] * m[3 * PARTS + q]
        f0[q] = h


cdef void passes "hmm_passes"(
    Py_ssize_t n,
    const int32_t* kind,
    const some* matrix,
    some* sums,
    some* waymark,
    some* before,
    const some* end_emission,
    const double* last_observed,
    const double* inside,
    double* occupied,
    some* total,
) noexcept nogil:
    """The ways ahead and back over n entries: the `sums` of each kind; of `total`, what the last window and the scaling add.

    `inside` and `occupied` are NULL where the transcribed windows of entries are not asked for.
    """
    cdef Py_ssize_t j, k, begin, end
    cdef int f, q, lane
    cdef double* logged = <double*>(total + 5 * PARTS)
    cdef const some* m
    cdef const some* s
    cdef some* g
    cdef some[2] f0
    cdef some[2] f1
    cdef some[2] b0
    cdef some[2] b1
    cdef some c0, c1, x0, x1, gamma
    # ahead: (f0, f1) at j, up to a factor, is the state distribution predicted for entry j from everything before it
    for q in range(PARTS):
        f0[q] = SOME(1.0)
        f1[q] = SOME(0.0)
    for j in range(n):
        if j % BLOCK == 0:
            for q in range(PARTS):
                waymark[2 * PARTS * (j // BLOCK) + q] = f0[q]
                waymark[2 * PARTS * (j // BLOCK) + PARTS + q] = f1[q]
        advance(f0, f1, matrix + 4 * PARTS * <Py_ssize_t>kind[j])
        keep_in_range(f0, f1, logged)
    # the last window: no transition leaves it
    for q in range(PARTS):
        b0[q] = end_emission[q]
        b1[q] = end_emission[PARTS + q]
        f0[q] = f0[q] * b0[q]
        f1[q] = f1[q] * b1[q]
        gamma = f1[q] / (f0[q] + f1[q])
        for f in range(3):
            total[(2 + f) * PARTS + q] = gamma * last_observed[f]
    for lane in range(LANES):
        logged[lane] += log((<double*>f0)[lane] + (<double*>f1)[lane])
    if occupied != NULL:
        occupied[n] = (<double*>f1)[0] / ((<double*>f0)[0] + (<double*>f1)[0])
    # back: (b0, b1), up to a factor, is the likelihood of everything from entry j + 1 on
    end = n
    while end > 0:
        begin = (end - 1) // BLOCK * BLOCK
        for q in range(PARTS):
            f0[q] = waymark[2 * PARTS * (begin // BLOCK) + q]
            f1[q] = waymark[2 * PARTS * (begin // BLOCK) + PARTS + q]
        for j in range(begin, end):
            for q in range(PARTS):
                before[2 * PARTS * (j - begin) + q] = f0[q]
                before[2 * PARTS * (j - begin) + PARTS + q] = f1[q]
            advance(f0, f1, matrix + 4 * PARTS * <Py_ssize_t>kind[j])
            keep_in_range(f0, f1, NULL)
        for j in range(end - 1, begin - 1, -1):
            k = kind[j]
            m = matrix + 4 * PARTS * k
            g = sums + 4 * PARTS * k
            s = before + 2 * PARTS * (j - begin)
            for q in range(PARTS):
                x0 = s[q]
                x1 = s[PARTS + q]
                c0 = m[q] * b0[q] + m[PARTS + q] * b1[q]
                c1 = m[2 * PARTS + q] * b0[q] + m[3 * PARTS + q] * b1[q]
                gamma = SOME(1.0) / (x0 * c0 + x1 * c1)
                x0 = x0 * gamma
                x1 = x1 * gamma
                g[q] = g[q] + x0 * b0[q]
                g[PARTS + q] = g[PARTS + q] + x0 * b1[q]
                g[2 * PARTS + q] = g[2 * PARTS + q] + x1 * b0[q]
                g[3 * PARTS + q] = g[3 * PARTS + q] + x1 * b1[q]
                if occupied != NULL and q == 0:
                    occupied[j] = (
                        (<double*>&x0)[0] * ((<double*>b0)[0] * inside[4 * k + 0] + (<double*>b1)[0] * inside[4 * k + 1])
                        + (<double*>&x1)[0] * ((<double*>b0)[0] * inside[4 * k + 2] + (<double*>b1)[0] * inside[4 * k + 3])
                    )
                b0[q] = c0
                b1[q] = c1
            keep_in_range(b0, b1, NULL)
        end = begin


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
    cdef Py_ssize_t n = kind.shape[0], kinds_ = of_code.shape[0], runs = records.shape[0], k
    cdef bint keep = occupied.shape[0] > 0
    cdef int f, q
    made = np.zeros((6, LANES))
    cdef double[:, ::1] out = made
    # scratch, each number of four lanes
    cdef double[:, :, ::1] matrices = np.empty((kinds_, 4, LANES))
    cdef double[:, :, ::1] sums = np.zeros((kinds_, 4, LANES))
    cdef double[:, :, ::1] in_runs = np.zeros((runs, 4, LANES))
    cdef double[:, :, ::1] kept = np.empty((n // BLOCK + 1, 2, LANES))
    cdef double[:, :, ::1] between = np.empty((BLOCK, 2, LANES))
    cdef double[:, ::1] inside = np.empty((kinds_ if keep else 0, 4))
    cdef some* total = <some*>&out[0, 0]
    cdef const some* steps
    cdef const some* record
    cdef some* matrix
    cdef some* sum_
    cdef const some* m
    cdef const some* r
    cdef const some* s
    cdef some* g
    cdef some gamma
    if n == 0:
        if keep:
            occupied[0] = 0.0
        return made
    steps = <const some*>&step[0, 0, 0]
    record = <const some*>&records[0, 0, 0]
    matrix = <some*>&matrices[0, 0, 0]
    sum_ = <some*>&sums[0, 0, 0]
    with nogil:
        for k in range(kinds_):
            for q in range(PARTS):
                m = steps + 4 * PARTS * of_code[k] + q
                product(m, record + RECORD * PARTS * of_run[k] + q, matrix + 4 * PARTS * k + q)
        if keep:
            for k in range(kinds_):
                in_state_one(&step[of_code[k], 0, 0], &records[of_run[k], 0, 0], &inside[k, 0])
        passes(
            n,
            &kind[0],
            matrix,
            sum_,
            <some*>&kept[0, 0, 0],
            <some*>&between[0, 0, 0],
            <const some*>&last_emission[0, 0],
            &last_observed[0],
            &inside[0, 0] if keep else NULL,
            &occupied[0] if keep else NULL,
            total,
        )
        # what the sums of a kind say of its entry, and of the run after it
        for k in range(kinds_):
            for q in range(PARTS):
                m = steps + 4 * PARTS * of_code[k] + q
                r = record + RECORD * PARTS * of_run[k] + q
                s = sum_ + 4 * PARTS * k + q
                g = <some*>&in_runs[of_run[k], 0, 0] + q
                total[q] = total[q] + m[0] * (s[0] * r[0] + s[PARTS] * r[PARTS])
                total[PARTS + q] = total[PARTS + q] + m[PARTS] * (s[0] * r[2 * PARTS] + s[PARTS] * r[3 * PARTS])
                gamma = m[2 * PARTS] * (s[2 * PARTS] * r[0] + s[3 * PARTS] * r[PARTS])
                gamma = gamma + m[3 * PARTS] * (s[2 * PARTS] * r[2 * PARTS] + s[3 * PARTS] * r[3 * PARTS])
                for f in range(3):
                    total[(2 + f) * PARTS + q] = total[(2 + f) * PARTS + q] + gamma * observed[of_code[k], f]
                g[0] = g[0] + (m[0] * s[0] + m[2 * PARTS] * s[2 * PARTS])
                g[PARTS] = g[PARTS] + (m[0] * s[PARTS] + m[2 * PARTS] * s[3 * PARTS])
                g[2 * PARTS] = g[2 * PARTS] + (m[PARTS] * s[0] + m[3 * PARTS] * s[2 * PARTS])
                g[3 * PARTS] = g[3 * PARTS] + (m[PARTS] * s[PARTS] + m[3 * PARTS] * s[3 * PARTS])
        for k in range(runs):
            for q in range(PARTS):
                s = <const some*>&in_runs[k, 0, 0] + q
                r = record + RECORD * PARTS * k + q
                for f in range(4):
                    total[q] = total[q] + s[f * PARTS] * r[(4 + f) * PARTS]
                    total[PARTS + q] = total[PARTS + q] + s[f * PARTS] * r[(8 + f) * PARTS]
                    gamma = s[f * PARTS] * r[(12 + f) * PARTS]
                    total[2 * PARTS + q] = total[2 * PARTS + q] + gamma
                    total[3 * PARTS + q] = total[3 * PARTS + q] + gamma
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
