import numpy as np

from groprog_kernels._compile import kernel


@kernel
def maximal_window_counts(position, count, first, width, slides):
    # p = positions, g = genes; (p,), (p,), (g,), (), () -> (g,); window j covers [first+j, first+j+width), j = 0..slides
    best = np.zeros(first.shape[0], np.int64)
    for g in range(first.shape[0]):
        left = np.searchsorted(position, first[g])
        right = left
        held = 0
        last = first[g] + slides
        while right < position.shape[0] and position[right] < last + width:
            held += count[right]
            while position[left] < position[right] - width + 1:
                held -= count[left]
                left += 1
            if held > best[g]:
                best[g] = held
            right += 1
    return best
