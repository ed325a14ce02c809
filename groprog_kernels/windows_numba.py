import numpy as np

from groprog_kernels._compile import kernel


@kernel
def _inside(first, width, size):
    low = min(max(-first, 0), width)
    return low, max(max(min(size - first, width), 0), low)


@kernel
def window_codes(chromosome, start, reverse, out):
    # c = bases, n = windows, p = positions; (c,), (n,), (n,), (n, p)
    size, width = chromosome.shape[0], out.shape[1]
    for n in range(start.shape[0]):
        first = start[n]
        low, high = _inside(first, width, size)
        out[n, :] = 4
        if reverse[n]:
            for p in range(low, high):
                base = chromosome[first + p]
                out[n, width - 1 - p] = 3 - base if base < 4 else 4
        else:
            for p in range(low, high):
                out[n, p] = chromosome[first + p]


@kernel
def one_hot_windows(chromosome, start, reverse, out):
    # c = bases, n = windows, p = positions; (c,), (n,), (n,), (n, 4, p)
    size, width = chromosome.shape[0], out.shape[2]
    turned = np.empty(width, np.uint8)
    for n in range(start.shape[0]):
        first = start[n]
        low, high = _inside(first, width, size)
        part = chromosome[first + low : first + high]
        if reverse[n]:
            for p in range(high - low):
                turned[high - low - 1 - p] = part[p]
            part = turned[: high - low]
            low, high = width - high, width - low
        for b in range(4):
            # One row at a time: the comparison then runs over many bases at once.
            row = out[n, 3 - b if reverse[n] else b, low:high]
            base = np.uint8(b)
            for p in range(row.shape[0]):
                row[p] = np.int8(part[p] == base)
