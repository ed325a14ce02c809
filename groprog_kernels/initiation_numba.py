import math

import numpy as np

from groprog_kernels._compile import kernel

_TINY = 1e-300
_KEPT_TAILS = 512  # sums up to here have their tail computed once


@kernel
def _negative_binomial_log_tail(k, mean, size):
    # the terms from k on, each from the one before, or one less those below k; where a term has no double, its logarithm
    hit = mean / (size + mean)
    if k <= mean:
        term = math.exp(-size * math.log1p(mean / size))
        below = 0.0
        for j in range(k):
            below += term
            term *= (j + size) / (j + 1.0) * hit
        return math.log(max(1.0 - below, _TINY))
    log_first = (
        math.lgamma(k + size)
        - math.lgamma(size)
        - math.lgamma(k + 1.0)
        - size * math.log1p(mean / size)
        + k * math.log(hit)
    )
    total, term = 1.0, 1.0
    j = k
    while term > 1e-12 * total:
        term *= (j + size) / (j + 1.0) * hit
        total += term
        j += 1
    return max(log_first + math.log(total), math.log(_TINY))


@kernel
def step_scores(position, before, site, width, upstream, gap, dispersion):
    # p = positions, k = sites, s = scales; (p,), (p+1,) values before each, (k,), (s,), (s,), (), () -> (k,)
    # few pairs of sums occur, so the tail of each pair of small ones is kept; positions rise by 1 at least, so that an edge d bp
    # before site i is at i - d or later: a pointer may skip what lies before that
    n = position.shape[0]
    scores = np.zeros(site.shape[0], np.float32)
    side = min(_KEPT_TAILS, before[n] + 1)
    tails = np.empty((side, side), np.float64)
    for s in range(width.shape[0]):
        tails[:] = 1.0  # no logarithm of a probability
        end, left, right = 0, 0, 0
        ratio = width[s] / upstream[s]
        for at in range(site.shape[0]):
            i = site[at]
            x = np.int64(position[i])
            end, left, right = max(end, i), max(left, i - gap - upstream[s]), max(right, i - gap)
            while end < n and position[end] < x + width[s]:
                end += 1
            while left < n and position[left] < x - gap - upstream[s]:
                left += 1
            while right < n and position[right] < x - gap:
                right += 1
            k = before[end] - before[i]
            u = before[right] - before[left]
            kept = k < side and u < side
            if kept and tails[u, k] <= 0.0:
                tail = tails[u, k]
            else:
                tail = _negative_binomial_log_tail(k, (u + 0.5) * ratio, 1.0 / (dispersion + 1.0 / (u + 1.0)))
                if kept:
                    tails[u, k] = tail
            scores[at] += tail / width.shape[0]
    return scores


@kernel
def start_sites(position, before, log_profile, bin_size, least, minimum, index, score, total):
    # p = sites, b = bins; (p,), (p+1,) values before each, (b,), (), (), () -> how many are kept, in index, score, total (p,)
    # no bin scores more than its values times the largest bin of its half; most sites have too much upstream and are left there,
    # most others where what is still to come, times the largest bin still to come, is too little
    # two steps of an edge without a branch: a strand moves it by about one site at a time, and the processor guesses wrongly
    n, bins = position.shape[0], log_profile.shape[0]
    reach, width = bins // 2 * bin_size, np.uint32(bin_size)
    most = log_profile.copy()
    for b in range(bins - 2, -1, -1):
        most[b] = max(most[b], most[b + 1])
    upstream = log_profile[: bins // 2].max()
    downstream = most[bins // 2]
    rounding = 1.2e-7 * np.abs(log_profile).max()  # of a score in float32, for each value of its window
    kept, left, right = 0, 0, 0
    for site in range(n):
        low, high = np.int64(position[site]) - reach, np.int64(position[site]) + reach
        left += position[left] < low
        left += position[left] < low
        while position[left] < low:
            left += 1
        right += position[min(right, n - 1)] < high
        right += position[min(right, n - 1)] < high
        right = min(right, n)
        while right < n and position[right] < high:
            right += 1
        end = before[right]
        held, above = end - before[left], before[site] - before[left]
        needed = minimum - rounding * held
        if (held < least) | (upstream * above + downstream * (held - above) < needed):
            continue
        found, at = 0.0, left
        while at < right:
            place = np.int64(np.uint32(position[at] - low) // width)
            if found + most[place] * (end - before[at]) < needed:
                break
            first, edge = at, low + (place + 1) * bin_size
            while at < right and position[at] < edge:
                at += 1
            found += log_profile[place] * (before[at] - before[first])
        if at == right and np.float32(found) >= minimum:
            index[kept] = site
            score[kept] = found
            total[kept] = held
            kept += 1
    return kept


@kernel
def binned_counts(position, value, anchor, half, bin_size):
    # p = sites, a = anchors, b = bins; (p,), (p,), (a,), (), () -> (b,)
    counts = np.zeros(2 * half // bin_size, np.int64)
    for a in range(anchor.shape[0]):
        i = np.searchsorted(position, anchor[a] - half)
        while i < position.shape[0] and position[i] < anchor[a] + half:
            counts[(position[i] - anchor[a] + half) // bin_size] += value[i]
            i += 1
    return counts


@kernel
def local_maxima(position, score, distance, minimum):
    # p = sites; (p,), (p,), (), () -> (m,); most sites have a higher neighbour, so few are compared with the whole window
    n = position.shape[0]
    found = np.empty(n, np.bool_)
    kept = 0
    for i in range(n):
        best = score[i] >= minimum
        j = i + 1
        while best and j < n and position[j] - position[i] <= distance:
            best = score[j] <= score[i]
            j += 1
        j = i - 1
        while best and j >= 0 and position[i] - position[j] <= distance:
            best = score[j] < score[i]
            j -= 1
        found[i] = best
        kept += best
    indices = np.empty(kept, np.int64)
    at = 0
    for i in range(n):
        if found[i]:
            indices[at] = i
            at += 1
    return indices


@kernel
def summits(position, count, anchor, reach, width):
    # p = sites, a = anchors; (p,), (p,), (a,), (), () -> (a,)
    half = width // 2
    best = np.empty(anchor.shape[0], np.int64)
    for a in range(anchor.shape[0]):
        best[a] = anchor[a]
        most = -1
        i = np.searchsorted(position, anchor[a])
        low, high, held = i, i, 0
        while low > 0 and position[low - 1] >= anchor[a] - half:
            low -= 1
            held += count[low]
        while i < position.shape[0] and position[i] <= anchor[a] + reach:
            while high < position.shape[0] and position[high] <= position[i] + half:
                held += count[high]
                high += 1
            while position[low] < position[i] - half:
                held -= count[low]
                low += 1
            if held > most:
                most = held
                best[a] = position[i]
            i += 1
    return best


@kernel
def possible_pairs(plus, minus, nearest, farthest, first, second):
    # a, b = starts of each strand, k = pairs; (a,), (b,), (), (), (k,), (k,) -> how many; with no room they are only counted
    low, found = 0, 0
    for i in range(plus.shape[0]):
        while low < minus.shape[0] and minus[low] < plus[i] - farthest:
            low += 1
        j = low
        while j < minus.shape[0] and minus[j] <= plus[i] - nearest:
            if found < first.shape[0]:
                first[found] = i
                second[found] = j
            found += 1
            j += 1
    return found


@kernel
def take_each_once(first, second, order, plus_starts, minus_starts):
    # k = possible pairs; (k,), (k,), (k,), (), () -> (k,) whether the pair is taken, in that order
    plus_free, minus_free = np.ones(plus_starts, np.bool_), np.ones(minus_starts, np.bool_)
    taken = np.zeros(first.shape[0], np.bool_)
    for o in range(order.shape[0]):
        k = order[o]
        if plus_free[first[k]] and minus_free[second[k]]:
            plus_free[first[k]] = False
            minus_free[second[k]] = False
            taken[k] = True
    return taken


@kernel
def _poisson_minus_log_tail(k, mean):
    if k <= mean:
        term, below = math.exp(-mean), 0.0
        for j in range(k):
            below += term
            term *= mean / (j + 1.0)
        return -math.log(max(1.0 - below, _TINY))
    total, term = 1.0, 1.0
    j = k
    while term > 1e-12 * total:
        term *= mean / (j + 1.0)
        total += term
        j += 1
    return -(k * math.log(mean) - mean - math.lgamma(k + 1.0) + math.log(total))


@kernel
def focal_scores(position, before, width, flank, least):
    # p = sites; (p,), (p+1,) reads before each site, (), (), () -> (p,); sites with fewer than `least` reads get -inf
    n = position.shape[0]
    scores = np.empty(n, np.float32)
    left, end, right = 0, 0, 0
    for i in range(n):
        x = position[i]
        while position[left] < x - flank:
            left += 1
        while end < n and position[end] < x + width:
            end += 1
        while right < n and position[right] < x + width + flank:
            right += 1
        k = before[end] - before[i]
        around = before[i] - before[left] + before[right] - before[end]
        scores[i] = _poisson_minus_log_tail(k, (around + 0.5) * width / (2.0 * flank)) if k >= least else -np.inf
    return scores
