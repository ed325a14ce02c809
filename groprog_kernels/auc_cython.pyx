# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Cumulative/dynamic AUC at every distinct time in one sweep. n = patients by time, g = distinct times."""

import numpy as np


def dense_ranks(const long[::1] order, const double[::1] risk):
    """(n,) int32 by patient: rank from 1, equal risks level; and the number of levels. `risk` ascends, `order` is who has it."""
    cdef Py_ssize_t n = order.shape[0], i
    rank_array = np.empty(n, dtype=np.int32)
    cdef int[::1] rank = rank_array
    cdef int level = 0
    cdef double last = 0.0
    for i in range(n):
        if i == 0 or risk[i] != last:
            level += 1
            last = risk[i]
        rank[order[i]] = level
    return rank_array, level


def sweep(const int[::1] rank, int levels, const long[::1] order, const unsigned char[::1] event,
          const long[::1] later, const double[::1] weight):
    """(g,) last position + 1, AUC after that time, weight of cases, controls left.

    The weighted count of (case, control) pairs in the right order is kept by two Fenwick trees: controls leave, then events of
    that time become cases. Its sum is compensated (Neumaier), as it shrinks by orders of magnitude towards the last times.
    """
    cdef Py_ssize_t n = order.shape[0], start = 0, stop, i, groups = 0
    cdef int node, level
    cdef long controls_left = n, below
    cdef double total = 0.0, lost = 0.0, cases = 0.0, change, summed, lower
    cdef bint known = True
    while start < n:
        start = later[start]
        groups += 1
    stop_array = np.empty(groups, dtype=np.int64)
    auc_array = np.empty(groups)
    case_array = np.empty(groups)
    control_array = np.empty(groups, dtype=np.int64)
    cdef long[::1] stops = stop_array, controls_after = control_array
    cdef double[::1] auc = auc_array, case_weight = case_array
    control_tree_array = np.zeros(levels + 1, dtype=np.int32)
    control_level_array = np.zeros(levels + 1, dtype=np.int32)
    case_tree_array = np.zeros(levels + 1)
    case_level_array = np.zeros(levels + 1)
    cdef int[::1] control_tree = control_tree_array, control_level = control_level_array
    cdef double[::1] case_tree = case_tree_array, case_level = case_level_array
    for i in range(n):
        control_level[rank[i]] += 1
    for level in range(1, levels + 1):
        control_tree[level] += control_level[level]
        node = level + (level & -level)
        if node <= levels:
            control_tree[node] += control_tree[level]
    start = 0
    groups = 0
    while start < n:
        stop = later[start]
        for i in range(start, stop):
            level = rank[order[i]]
            # Weight of cases with a higher risk than the leaving control, half of those level with it.
            lower = 0.0
            node = level
            while node > 0:
                lower += case_tree[node]
                node &= node - 1
            change = -(cases - lower + 0.5 * case_level[level])
            summed = total + change
            lost += (total - summed) + change if abs(total) >= abs(change) else (change - summed) + total
            total = summed
            control_level[level] -= 1
            node = level
            while node <= levels:
                control_tree[node] -= 1
                node += node & -node
        controls_left -= stop - start
        for i in range(start, stop):
            if not event[i]:
                break
            if weight[i] < 0.0:
                known = False
                continue
            level = rank[order[i]]
            below = 0
            node = level - 1
            while node > 0:
                below += control_tree[node]
                node &= node - 1
            change = weight[i] * (<double>below + 0.5 * <double>control_level[level])
            summed = total + change
            lost += (total - summed) + change if abs(total) >= abs(change) else (change - summed) + total
            total = summed
            cases += weight[i]
            case_level[level] += weight[i]
            node = level
            while node <= levels:
                case_tree[node] += weight[i]
                node += node & -node
        stops[groups] = stop
        case_weight[groups] = cases
        controls_after[groups] = controls_left
        if known and cases > 0.0 and controls_left > 0:
            auc[groups] = (total + lost) / (cases * <double>controls_left)
        else:
            auc[groups] = float("nan")
        groups += 1
        start = stop
    return stop_array, auc_array, case_array, control_array
