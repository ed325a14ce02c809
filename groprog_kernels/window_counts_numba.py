import numpy as np

from groprog_kernels._compile import kernel


@kernel
def _first_at_least(position, value):
    low, high = 0, position.shape[0]
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
            counts[w] = cumulative[_first_at_least(position, end[w])] - cumulative[_first_at_least(position, start[w])]
    return counts


@kernel
def profile_windows(position, count, start, width, reverse):
    # p = positions, w = windows; (p,), (p,), (w,), (), (w,) -> (width,)
    profile = np.zeros(width, np.int64)
    for w in range(start.shape[0]):
        p = _first_at_least(position, start[w])
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
        for b in range(bins):
            left, right = b * length // bins, (b + 1) * length // bins
            if right > left:
                if reverse[w]:
                    low, high = end[w] - right, end[w] - left
                else:
                    low, high = start[w] + left, start[w] + right
                counts[w, b] = cumulative[_first_at_least(position, high)] - cumulative[_first_at_least(position, low)]
    return counts
