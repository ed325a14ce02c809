import numpy as np

from groprog_kernels._compile import kernel


@kernel
def _first_at_least(position, value, low, high):
    # of the positions low .. high-1, else high
    while low < high:
        middle = (low + high) >> 1
        if position[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def running_sums(position, count, cumulative):
    # p = positions; (p,), (p,) -> whether none lies before the one before it, lowest count or 0; sums before each in (p+1,)
    total, lowest, falls = 0, 0, 0
    for p in range(position.shape[0]):
        total += count[p]
        cumulative[p + 1] = total
        lowest = min(lowest, count[p])
        falls += p > 0 and position[p] < position[p - 1]
    return falls == 0, lowest


@kernel
def count_windows(position, cumulative, start, end):
    # p = positions, w = windows; (p,), (p+1,), (w,), (w,) -> (w,)
    counts = np.zeros(start.shape[0], np.int64)
    for w in range(start.shape[0]):
        if end[w] > start[w]:
            low = _first_at_least(position, start[w], 0, position.shape[0])
            counts[w] = cumulative[_first_at_least(position, end[w], low, position.shape[0])] - cumulative[low]
    return counts


@kernel
def profile_windows(position, count, start, width, reverse):
    # p = positions, w = windows; (p,), (p,), (w,), (), (w,) -> (width,)
    profile = np.zeros(width, np.int64)
    for w in range(start.shape[0]):
        p = _first_at_least(position, start[w], 0, position.shape[0])
        while p < position.shape[0] and position[p] < start[w] + width:
            offset = position[p] - start[w]
            if reverse[w]:
                offset = width - 1 - offset
            profile[offset] += count[p]
            p += 1
    return profile


@kernel
def bin_windows(position, cumulative, start, end, bins, reverse):
    # p = positions, w = windows; (p,), (p+1,), (w,), (w,), (), (w,) -> (w, bins)
    counts = np.zeros((start.shape[0], bins), np.int64)
    for w in range(start.shape[0]):
        length = end[w] - start[w]
        if length <= 0:
            continue
        low = _first_at_least(position, start[w], 0, position.shape[0])
        last = _first_at_least(position, end[w], low, position.shape[0])
        # from the left, each edge sought beyond the one before; with no position left all is 0
        for step in range(bins):
            if low == last:
                break
            if reverse[w]:
                b = bins - 1 - step
                edge = end[w] - b * length // bins
            else:
                b = step
                edge = start[w] + (b + 1) * length // bins
            high = _first_at_least(position, edge, low, last)
            counts[w, b] = cumulative[high] - cumulative[low]
            low = high
    return counts
