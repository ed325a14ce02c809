"""Curves: no straight line in them, any smooth bend close to them, level beyond the training values."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from groprog_assets.fitting.spline import fit_spline, restore_spline, spline_columns


def test_columns_hold_no_straight_line_and_the_first_has_unit_spread():
    x = np.random.default_rng(0).normal(size=300)
    spline = fit_spline(x, 17, 4)
    assert spline is not None
    columns = spline_columns(spline, x)
    assert columns.shape == (300, 4)
    np.testing.assert_allclose(columns.T @ np.column_stack([np.ones(300), x]), 0, atol=1e-8)
    covariance = columns.T @ columns / 300
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-10)
    assert covariance[0, 0] == pytest.approx(1)
    assert (np.diff(np.diag(covariance)) < 0).all()


@pytest.mark.parametrize("shape", [np.square, np.abs, lambda x: np.maximum(x, 0.5), lambda x: np.sin(2 * x)])
def test_smooth_bends_are_within_reach(shape):
    x = np.random.default_rng(1).uniform(-2, 2, 500)
    spline = fit_spline(x, 17, 4)
    assert spline is not None
    basis = np.column_stack([np.ones(500), x, spline_columns(spline, x)])
    fitted = basis @ np.linalg.lstsq(basis, shape(x), rcond=None)[0]
    assert np.corrcoef(fitted, shape(x))[0, 1] > 0.98


def test_each_column_is_a_cubic_spline_on_the_knots():
    x = np.linspace(0, 1, 400)
    spline = fit_spline(x, 9, 3)
    assert spline is not None
    breaks = np.r_[spline.span[0], spline.knots, spline.span[1]]
    inside = np.linspace(0, 1, 1001)
    for column in range(3):
        at_breaks = spline_columns(spline, breaks)[:, column]
        slopes = [(spline_columns(spline, np.array([end + 1e-6 * way]))[0, column] - value) / (1e-6 * way)
                  for end, value, way in ((0.0, at_breaks[0], 1), (1.0, at_breaks[-1], -1))]  # fmt: skip
        exact = CubicSpline(breaks, at_breaks, bc_type=((1, slopes[0]), (1, slopes[1])))
        np.testing.assert_allclose(spline_columns(spline, inside)[:, column], exact(inside), atol=1e-4)


def test_beyond_the_training_values_curves_are_level():
    x = np.random.default_rng(2).normal(size=100)
    spline = fit_spline(x, 17, 4)
    assert spline is not None
    np.testing.assert_array_equal(spline_columns(spline, np.array([50.0])), spline_columns(spline, x.max()[None]))


def test_too_few_values_have_no_curve():
    assert fit_spline(np.array([0.0, 1.0] * 20), 17, 4) is None
    assert fit_spline(np.array([0.0, 1.0, 2.0, 3.0]), 17, 4) is not None


def test_json_gives_the_same_columns():
    x = np.random.default_rng(3).normal(size=50)
    spline = fit_spline(x, 17, 4)
    assert spline is not None
    again = restore_spline(json.loads(json.dumps(spline)))
    assert again == spline
    np.testing.assert_array_equal(spline_columns(again, x), spline_columns(spline, x))
