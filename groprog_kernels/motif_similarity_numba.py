import numpy as np

from groprog_kernels._compile import kernel


@kernel
def similarity(queries, query_edges, targets, target_edges, bins, overlap, p, offset, reverse):
    # Q = query columns, T = target columns, q = queries, t = targets; (Q, 4), (q+1,), (T, 4), (t+1,), (), (), 3 of (q, t)
    pool = targets.shape[0]
    score = np.empty((2, 1, 1))
    for q in range(query_edges.shape[0] - 1):
        begin = query_edges[q]
        width = query_edges[q + 1] - begin
        score = np.empty((2, width, pool))
        low, high = np.inf, -np.inf
        for strand in range(2):
            for i in range(width):
                for j in range(pool):
                    total = 0.0
                    for b in range(4):
                        other = targets[j, b] if strand == 0 else targets[j, 3 - b]
                        total += (queries[begin + i, b] - other) ** 2
                    score[strand, i, j] = -np.sqrt(total)
                    low = min(low, score[strand, i, j])
                    high = max(high, score[strand, i, j])
        step = (bins - 1) / (high - low) if high > low else 0.0
        level = np.empty((2, width, pool), np.int64)
        share = np.zeros((width, bins))
        for strand in range(2):
            for i in range(width):
                for j in range(pool):
                    level[strand, i, j] = int(np.floor((score[strand, i, j] - low) * step + 0.5))
                    share[i, level[strand, i, j]] += 0.5 / pool
        tail = np.zeros((width, width, width * (bins - 1) + 1))
        for first in range(width):
            held = np.zeros(width * (bins - 1) + 1)
            held[0] = 1.0
            for last in range(first, width):
                reach = (last - first) * (bins - 1) + 1
                after = np.zeros(width * (bins - 1) + 1)
                for value in range(bins):
                    if share[last, value] > 0:
                        for at in range(reach):
                            after[at + value] += held[at] * share[last, value]
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
