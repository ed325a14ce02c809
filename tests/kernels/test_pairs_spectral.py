"""The separable form against the dense sums, and how its length grows."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_kernels.pairs_spectral import separable_basis, spectral_sums, terms_needed
from groprog_kernels.pairs_spectral_reference import spectral_sums_reference
from groprog_kernels.risk_sets import risk_sets


@pytest.mark.parametrize("half", [0.5, 3.0, 12.0])
def test_equals_the_dense_sums(half: float) -> None:
    random = np.random.default_rng(0)
    sets = risk_sets(random.integers(0, 40, 200).astype(float), random.random(200) < 0.5)
    score = random.uniform(-half, half, 200)
    weight = sets.event * random.random(200)
    loss, gradient = spectral_sums(score, weight, sets.later, sets.later, separable_basis(half))
    expected, slope = spectral_sums_reference(score, weight, sets.later)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, slope, atol=1e-11)


def test_the_basis_is_short_and_symmetric() -> None:
    basis = separable_basis(4.0)
    assert basis.value.shape[1] < terms_needed(4.0) < 80
    assert terms_needed(8.0) < 2.2 * terms_needed(4.0)
