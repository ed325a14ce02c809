"""Benjamini-Hochberg."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from groprog_assets.methods.features.multiple_testing import benjamini_hochberg


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 1e-9, 0.01, 0.02, 0.02, 0.5, 1.0, np.nan]), max_size=20))
def test_equals_scipy_over_the_tested_rows(p):
    p = np.array(p)
    adjusted = benjamini_hochberg(p)
    tested = ~np.isnan(p)
    assert np.array_equal(np.isnan(adjusted), ~tested)
    if tested.any():
        assert np.allclose(adjusted[tested], false_discovery_control(p[tested]), rtol=1e-12)


def test_nothing_tested():
    assert benjamini_hochberg([]).shape == (0,)
    assert np.isnan(benjamini_hochberg([np.nan])).all()
