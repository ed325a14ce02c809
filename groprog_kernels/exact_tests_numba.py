import math

import numpy as np

from groprog_kernels._compile import kernel

TIE = 1e-7


@kernel
def _as_likely_or_less(log_weight, observed):
    # k = outcomes, log weights up to a constant; (k,), () -> ()
    peak = -math.inf
    for k in range(log_weight.shape[0]):
        peak = max(peak, log_weight[k])
    total, tail = 0.0, 0.0
    bound = log_weight[observed] + math.log1p(TIE)
    for k in range(log_weight.shape[0]):
        total += math.exp(log_weight[k] - peak)
        if log_weight[k] <= bound:
            tail += math.exp(log_weight[k] - bound)
    return min(1.0, math.exp(bound - peak + math.log(tail) - math.log(total)))


@kernel
def fisher_exact(a, b, c, d):
    # n = tables; (n,) x 4 -> (n,)
    p = np.ones(a.shape[0])
    for i in range(a.shape[0]):
        row, other, column = a[i] + b[i], c[i] + d[i], a[i] + c[i]
        low, high = max(0, column - other), min(row, column)
        if high <= low:
            continue
        log_weight = np.zeros(high - low + 1)
        for k in range(low, high):
            step = math.log((row - k) / (k + 1.0) * ((column - k) / (other - column + k + 1.0)))
            log_weight[k - low + 1] = log_weight[k - low] + step
        p[i] = _as_likely_or_less(log_weight, a[i] - low)
    return p


@kernel
def binomial_exact(x1, x2, share):
    # n = tests; (n,), (n,), (n,) -> (n,)
    p = np.ones(x1.shape[0])
    for i in range(x1.shape[0]):
        total = x1[i] + x2[i]
        if total == 0:
            continue
        odds = share[i] / (1.0 - share[i])
        log_weight = np.zeros(total + 1)
        for k in range(total):
            log_weight[k + 1] = log_weight[k] + math.log((total - k) / (k + 1.0) * odds)
        p[i] = _as_likely_or_less(log_weight, x1[i])
    return p


@kernel
def negative_binomial_exact(sum1, sum2, libraries1, libraries2, dispersion):
    # n = tests; (n,), (n,), (), (), () -> (n,)
    p = np.ones(sum1.shape[0])
    for i in range(sum1.shape[0]):
        total = sum1[i] + sum2[i]
        if total == 0:
            continue
        log_weight = np.zeros(total + 1)
        for k in range(total):
            # multiplied through by the dispersion, so that 0 is the binomial
            rise = (k * dispersion + libraries1) / ((total - k - 1) * dispersion + libraries2)
            log_weight[k + 1] = log_weight[k] + math.log((total - k) / (k + 1.0) * rise)
        peak = log_weight.max()
        below, above, total_weight = 0.0, 0.0, 0.0
        here = log_weight[sum1[i]]
        for k in range(total + 1):
            total_weight += math.exp(log_weight[k] - peak)
            if k <= sum1[i]:
                below += math.exp(min(log_weight[k] - here, 700.0))
            if k >= sum1[i]:
                above += math.exp(min(log_weight[k] - here, 700.0))
        p[i] = min(1.0, 2.0 * math.exp(here - peak + math.log(min(below, above)) - math.log(total_weight)))
    return p
