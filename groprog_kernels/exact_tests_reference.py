"""The tests by enumeration in exact fractions. Standard library and NumPy only."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np

TIE = Fraction(1, 10**7)


def _as_likely_or_less(weights, observed):
    bound = weights[observed] * (1 + TIE)
    return float(sum(weight for weight in weights if weight <= bound) / sum(weights))


def fisher_exact(a, b, c, d):
    """Chance of a table no likelier than the observed, margins fixed: (n,)."""
    result = []
    for w, x, y, z in zip(a, b, c, d, strict=True):
        row, other, column = int(w + x), int(y + z), int(w + y)
        low, high = max(0, column - other), min(row, column)
        weights = [Fraction(comb(row, k) * comb(other, column - k)) for k in range(low, high + 1)]
        result.append(_as_likely_or_less(weights, int(w) - low))
    return np.array(result)


def poisson_ratio_test(x1, x2, exposure1, exposure2):
    """Chance of a split of x1 + x2 no likelier than the observed, at chances in proportion to the exposures: (n,)."""
    result = []
    for x, y, e, f in zip(x1, x2, exposure1, exposure2, strict=True):
        total, share = int(x + y), Fraction(int(e), int(e + f))
        weights = [comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(total + 1)]
        result.append(_as_likely_or_less(weights, int(x)))
    return np.array(result)


def negative_binomial_exact(sum1, sum2, libraries1, libraries2, dispersion):
    """Twice the smaller tail of sum1 given the total: products of rising factorials of libraries/dispersion: (n,)."""
    result = []
    dispersion = Fraction(dispersion)
    for x, y in zip(sum1, sum2, strict=True):
        total = int(x + y)

        def ways(k, size):
            product = Fraction(1)
            for i in range(k):
                product *= (size + i * dispersion) / (i + 1)
            return product

        weights = [ways(k, libraries1) * ways(total - k, libraries2) for k in range(total + 1)]
        tail = min(sum(weights[: int(x) + 1]), sum(weights[int(x) :]))
        result.append(min(1.0, float(2 * tail / sum(weights))))
    return np.array(result)
