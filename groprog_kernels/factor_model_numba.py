"""Loops of the factor model (see factor_model.py): the weights of every feature, the scores of every sample."""

import numpy as np

from groprog_kernels._compile import kernel


@kernel
def invert(matrix, inverse, lower):
    # (k, k), overwritten: inverse, work -> ln det of the matrix; symmetric positive definite, by Cholesky
    k = len(matrix)
    logarithm = 0.0
    for i in range(k):
        for j in range(i + 1):
            total = matrix[i, j]
            for m in range(j):
                total -= lower[i, m] * lower[j, m]
            if i == j:
                lower[i, i] = np.sqrt(total)
                logarithm += 2.0 * np.log(lower[i, i])
            else:
                lower[i, j] = total / lower[j, j]
    for j in range(k):  # the inverse of `lower`, transposed into the upper half of `inverse`
        inverse[j, j] = 1.0 / lower[j, j]
        for i in range(j + 1, k):
            total = 0.0
            for m in range(j, i):
                total -= lower[i, m] * inverse[j, m]
            inverse[j, i] = total / lower[i, i]
    for i in range(k):
        for j in range(i, k):
            total = 0.0
            for m in range(j, k):
                total += inverse[i, m] * inverse[j, m]
            lower[j, i] = total
    for i in range(k):
        for j in range(i, k):
            inverse[i, j] = lower[j, i]
            inverse[j, i] = lower[j, i]
    return logarithm


@kernel
def seen_moments(second, z, spread, samples, own):
    # (k, k) of all samples of the view, (m, k), (m, k, k), (c,) samples that lack the feature, (k, k) overwritten: of the others
    k = len(second)
    own[:] = second
    for i in samples:
        for a in range(k):
            for b in range(k):
                own[a, b] -= z[i, a] * z[i, b] + spread[i, a, b]


@kernel
def update_precision(f, samples, error, prior, moments, precision, total):
    # feature, samples that have it, expected squared error, (), (k, k), (d,) and (k, k) overwritten -> shape times ln of its rate
    k = len(total)
    rate = prior + 0.5 * error
    shape = prior + 0.5 * samples
    precision[f] = shape / rate
    for a in range(k):
        for b in range(k):
            total[a, b] += precision[f] * moments[a, b]
    return shape * np.log(rate)


@kernel
def update_weights(projected, second, z, spread, start, absent, relevance, precision, square, prior, weights, kept):
    # d = features, k = factors, m = samples of the view, c = missing cells, s = features with such cells:
    # (d, k), (k, k), (m, k), (m, k, k), (d+1,), (c,), (k,), (d,) overwritten, (d,), (), (d, k) overwritten, (s, k, k) overwritten
    # -> sum over features of precision times second moment (k, k), of second moment (k,), -ln det, ln of rates
    d, k = projected.shape
    samples = len(z)
    total, moment = np.zeros((k, k)), np.zeros(k)
    log_det, log_rate = 0.0, 0.0
    own, matrix = np.empty((k, k)), np.empty((k, k))
    cov, lower = np.empty((k, k)), np.empty((k, k))
    place = 0
    for f in range(d):
        first, last = start[f], start[f + 1]
        seen_moments(second, z, spread, absent[first:last], own)
        tau = precision[f]
        for a in range(k):
            for b in range(k):
                matrix[a, b] = tau * own[a, b]
            matrix[a, a] += relevance[a]
        log_det -= invert(matrix, cov, lower)
        error = square[f]
        for a in range(k):
            value = 0.0
            for b in range(k):
                value += cov[a, b] * projected[f, b]
            weights[f, a] = tau * value
            error -= 2.0 * weights[f, a] * projected[f, a]
        for a in range(k):
            for b in range(k):
                cov[a, b] += weights[f, a] * weights[f, b]
                error += own[a, b] * cov[a, b]
            moment[a] += cov[a, a]
        log_rate += update_precision(f, samples - (last - first), error, prior, cov, precision, total)
        if last > first:
            kept[place] = precision[f] * cov
            place += 1
    return total, moment, log_det, log_rate


@kernel
def update_sparse(
    projected,
    second,
    z,
    spread,
    start,
    absent,
    relevance,
    odds,
    precision,
    square,
    prior,
    weights,
    included,
    squares,
    kept,
):
    # as update_weights, with odds (k,) ln of the odds that a weight is not 0; included, squares (d, k) overwritten
    # -> precision times second moment (k, k), second moment (k,), sum of `included` (k,), entropy, ln of rates
    d, k = projected.shape
    samples = len(z)
    total, moment, count = np.zeros((k, k)), np.zeros(k), np.zeros(k)
    entropy, log_rate = 0.0, 0.0
    own, moments = np.empty((k, k)), np.empty((k, k))
    place = 0
    for f in range(d):
        first, last = start[f], start[f + 1]
        seen_moments(second, z, spread, absent[first:last], own)
        tau = precision[f]
        error = square[f]
        for a in range(k):
            pull = projected[f, a]
            for b in range(k):
                if b != a:
                    pull -= own[a, b] * weights[f, b]
            pull *= tau
            exact = tau * own[a, a] + relevance[a]
            mean = pull / exact
            gain = odds[a] + 0.5 * (np.log(relevance[a] / exact) + pull * mean)
            if gain > 0.0:
                share = 1.0 / (1.0 + np.exp(-gain))
            else:
                share = np.exp(gain) / (1.0 + np.exp(gain))
            weights[f, a] = share * mean
            included[f, a] = share
            moments[a, a] = share * (mean * mean + 1.0 / exact)
            squares[f, a] = moments[a, a]
            count[a] += share
            moment[a] += moments[a, a]
            entropy += share * 0.5 * (1.0 - np.log(exact))
            if 0.0 < share < 1.0:
                entropy -= share * np.log(share) + (1.0 - share) * np.log(1.0 - share)
        for a in range(k):
            error -= 2.0 * weights[f, a] * projected[f, a]
            for b in range(k):
                if b != a:
                    moments[a, b] = weights[f, a] * weights[f, b]
                error += own[a, b] * moments[a, b]
        log_rate += update_precision(f, samples - (last - first), error, prior, moments, precision, total)
        if last > first:
            kept[place] = precision[f] * moments
            place += 1
    return total, moment, count, entropy, log_rate


@kernel
def sample_precisions(total, rows, start, absent, kept, place, precisions):
    # m = samples of the view: (k, k), (m,), (m+1,), (c,), (s, k, k), (d,), (n, k, k) added to
    k = len(total)
    for i in range(len(rows)):
        matrix = precisions[rows[i]]
        matrix += total
        for c in range(start[i], start[i + 1]):
            s = place[absent[c]]
            for a in range(k):
                for b in range(k):
                    matrix[a, b] -= kept[s, a, b]


@kernel
def update_scores(precisions, pull, z):
    # (n, k, k) overwritten by their inverses, (n, k), (n, k) overwritten -> -sum of ln det of the precisions
    n, k = pull.shape
    log_det = 0.0
    cov, lower = np.empty((k, k)), np.empty((k, k))
    for i in range(n):
        log_det -= invert(precisions[i], cov, lower)
        for a in range(k):
            value = 0.0
            for b in range(k):
                precisions[i, a, b] = cov[a, b]
                value += cov[a, b] * pull[i, b]
            z[i, a] = value
    return log_det
