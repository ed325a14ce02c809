"""The scaled density against its base-by-base definition and groHMM's single cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels import density_reference
from groprog_kernels.density import scaled_density
from tests.oracles import grohmm

PAIRS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 60), st.integers(20, 40), st.integers(1, 30), st.booleans()),
    max_size=6,
)


@settings(deadline=None, max_examples=400)
@given(PAIRS, st.sampled_from([2, 3, 7, 10, 50]))
def test_equals_reference(pairs: list[tuple], scale: int) -> None:
    """Small widths and scales make points fall exactly half-way between bases."""
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 5).T
    start, gene_start, reverse = columns[0], columns[2], columns[4].astype(bool)
    end, gene_end = start + columns[1], gene_start + columns[3]
    got = scaled_density(start, end, gene_start, gene_end, reverse, scale)
    profile, areas = density_reference.scaled_density(start, end, gene_start, gene_end, reverse, scale)
    np.testing.assert_allclose(got.profile, profile, atol=1e-12)
    np.testing.assert_allclose(np.stack(got[1:], axis=1), areas, atol=1e-12)


def test_single_pairs_equal_grohmm(shared) -> None:
    for case in grohmm.unit(shared, "density_single"):
        (start, end), (gene_start, gene_end) = case["tx"], case["gene"]
        got = scaled_density([start - 1], [end], [gene_start - 1], [gene_end], [case["strand"] == "-"])
        five_prime, body, post = got.five_prime[0], got.body[0], got.post[0]
        tua = (body + body - five_prime) / (1 + body)
        want = [case["FivePrimeFP"], case["TP"], case["PostTTS"], case["TUA"]]
        np.testing.assert_allclose([five_prime, body, post, tua], want, atol=1e-9)


def test_units_elsewhere_and_no_units_cover_nothing() -> None:
    assert scaled_density([], [], [], [], [], 10).profile.tolist() == [0] * 30
    assert not scaled_density([900], [950], [100], [200], [False], 10).profile.any()
    assert not scaled_density([150], [150], [100], [200], [False], 10).profile.any()


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="equally long"):
        scaled_density([1], [2], [1, 2], [3, 4], [False])
    with pytest.raises(ValueError, match="at least one base"):
        scaled_density([1], [2], [5], [5], [False])
    with pytest.raises(ValueError, match="scale is 1"):
        scaled_density([1], [2], [1], [2], [False], 1)
