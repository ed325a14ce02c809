import numpy as np

from groprog_kernels._compile import kernel


@kernel
def similarity(queries, query_edges, targets, target_edges, bins, overlap, p, offset, reverse):
    # Q = query columns, T = target columns, q = queries, t = targets; (Q, 4), (q+1,), (T, 4), (t+1,), (), (), 3 of (q, t)
    pool = targets.shape[0]
    others = np.empty((2, 4, pool))
    for b in range(4):
        others[0, b] = targets[:, b]
        others[1, b] = targets[:, 3 - b]
    for q in range(query_edges.shape[0] - 1):
        begin = query_edges[q]
        width = query_edges[q + 1] - begin
        # One plain loop at a time over the columns of all targets, and few bytes a column: the caches decide how long this takes.
        apart = np.empty((2, width, pool))
        nearest, farthest = np.inf, 0.0
        for strand in range(2):
            for i in range(width):
                a, c, g, t = queries[begin + i, 0], queries[begin + i, 1], queries[begin + i, 2], queries[begin + i, 3]
                row = apart[strand, i]
                for j in range(pool):
                    total = (a - others[strand, 0, j]) ** 2
                    total += (c - others[strand, 1, j]) ** 2
                    total += (g - others[strand, 2, j]) ** 2
                    total += (t - others[strand, 3, j]) ** 2
                    row[j] = total
                for j in range(pool):
                    if row[j] < nearest:
                        nearest = row[j]
                    if row[j] > farthest:
                        farthest = row[j]
        low, high = -np.sqrt(farthest), -np.sqrt(nearest)
        step = (bins - 1) / (high - low) if high > low else 0.0
        level = np.empty((2, width, pool), np.int16)
        share = np.zeros((width, bins))
        for strand in range(2):
            for i in range(width):
                row, own = apart[strand, i], level[strand, i]
                for j in range(pool):
                    own[j] = np.int16((-np.sqrt(row[j]) - low) * step + 0.5)
                for j in range(pool):
                    share[i, own[j]] += 0.5 / pool
        tail = np.zeros((width, width, width * (bins - 1) + 1))
        for first in range(width):
            held = np.zeros(width * (bins - 1) + 1)
            held[0] = 1.0
            for last in range(first, width):
                reach = (last - first) * (bins - 1) + 1
                after = np.zeros(width * (bins - 1) + 1)
                for value in range(bins):
                    part = share[last, value]
                    if part > 0:
                        moved = after[value : value + reach]
                        for at in range(reach):
                            moved[at] += held[at] * part
                held = after
                sum_above = 0.0
                for at in range(reach + bins - 2, -1, -1):
                    sum_above += held[at]
                    tail[first, last, at] = sum_above
        for t in range(target_edges.shape[0] - 1):
            start = target_edges[t]
            columns = target_edges[t + 1] - start
            least = min(overlap, min(width, columns))
            best, at_offset, at_strand = np.inf, 0, 0
            alignments = 0
            for strand in range(2):
                for shift in range(least - columns, width - least + 1):
                    first, last = max(shift, 0), min(shift + columns, width)
                    total = 0
                    for i in range(first, last):
                        j = i - shift if strand == 0 else columns - 1 - (i - shift)
                        total += level[strand, i, start + j]
                    alignments += 1
                    here = tail[first, last - 1, total]
                    if here < best:
                        best, at_offset, at_strand = here, shift, strand
            p[q, t] = -np.expm1(alignments * np.log1p(-min(best, 1.0))) if best < 1.0 else 1.0
            offset[q, t] = at_offset
            reverse[q, t] = at_strand == 1
