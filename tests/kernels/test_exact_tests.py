"""Exact tests against enumeration in fractions and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from groprog_kernels import exact_tests as kernel
from groprog_kernels import exact_tests_reference as reference

FEW = st.integers(0, 9)


@settings(deadline=None)
@given(st.lists(st.tuples(FEW, FEW, FEW, FEW), min_size=1, max_size=5))
def test_fisher_equals_enumeration(tables):
    columns = np.array(tables).T
    assert np.allclose(kernel.fisher_exact(*columns), reference.fisher_exact(*columns), rtol=1e-12, atol=0)


@settings(deadline=None)
@given(st.lists(st.tuples(FEW, FEW, st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=5))
def test_poisson_ratio_equals_enumeration(rows):
    columns = np.array(rows).T
    assert np.allclose(kernel.poisson_ratio_test(*columns), reference.poisson_ratio_test(*columns), rtol=1e-12, atol=0)


@settings(deadline=None)
@given(
    st.lists(st.tuples(FEW, FEW), min_size=1, max_size=5),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.01, 0.16, 1.0]),
)
def test_negative_binomial_equals_enumeration(rows, first, second, dispersion):
    one, two = np.array(rows).T
    measured = kernel.negative_binomial_exact(one, two, first, second, dispersion)
    expected = reference.negative_binomial_exact(one, two, first, second, dispersion)
    assert np.allclose(measured, expected, rtol=1e-12, atol=0)


def test_large_counts_keep_their_precision():
    table = [3000, 10], [2000, 500]
    assert np.isclose(
        kernel.fisher_exact([3000], [10], [2000], [500])[0], stats.fisher_exact(table).pvalue, rtol=1e-9, atol=0
    )
    measured = kernel.poisson_ratio_test([900], [4000], [250], [4800])[0]
    assert np.isclose(measured, stats.binomtest(900, 4900, 250 / 5050).pvalue, rtol=1e-9, atol=0)


def test_edges():
    assert kernel.poisson_ratio_test([0, 3], [0, 0], [250, 250], [4800, 0]).tolist()[0] == 1.0
    assert np.isnan(kernel.poisson_ratio_test([3], [0], [250], [0])[0])
    assert kernel.fisher_exact([0, 5], [0, 0], [0, 3], [4, 0]).tolist() == [1.0, 1.0]
    assert kernel.negative_binomial_exact([0], [0], 1, 1, 0.1).tolist() == [1.0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: kernel.fisher_exact([-1], [1], [1], [1]),
        lambda: kernel.fisher_exact([1], [1, 2], [1], [1]),
        lambda: kernel.negative_binomial_exact([1], [1], 0, 1, 0.1),
        lambda: kernel.negative_binomial_exact([1], [1], 1, 1, -0.1),
    ],
)
def test_impossible_input_is_refused(call):
    with pytest.raises(ValueError, match=r"cannot be negative|equally long|need a library"):
        call()
