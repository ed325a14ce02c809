"""Local regression: a direct fit at every point, a parabola comes back, ends, ties."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.features.local_regression import local_regression


def points(n=400, seed=0):
    generator = np.random.default_rng(seed)
    x = np.sort(generator.normal(4, 2, n))
    return x, np.sin(x / 3) + generator.normal(0, 0.1, n), np.exp(generator.normal(0, 1, n))


def direct(x, y, weight, place, span=0.7):
    """The local quadratic fit at one place by its definition."""
    distance = np.abs(x - place)
    reach = np.sort(distance)[int(span * len(x) + 1e-9) - 1]
    kernel = np.where(distance < reach, (1 - (distance / reach) ** 3) ** 3, 0) * weight
    return np.polynomial.polynomial.polyfit(x - place, y, 2, w=np.sqrt(kernel))[0]


def test_is_the_direct_fit_at_its_places_and_near_it_between():
    x, y, weight = points()
    curve = local_regression(x, y, weight)
    assert curve.value == pytest.approx([direct(x, y, weight, place) for place in curve.x], abs=1e-9)
    between = np.array([direct(x, y, weight, place) for place in x])
    assert np.abs(curve.at(x) - between).max() < 0.01
    assert len(curve.x) < 30


def test_a_parabola_comes_back_inside_and_beyond():
    x = np.linspace(-2, 5, 60)
    curve = local_regression(x, 1 - 2 * x + 0.5 * x**2, np.ones(60))
    asked = np.array([-4.0, -2.0, 0.3, 5.0, 7.0])
    assert curve.at(asked) == pytest.approx(1 - 2 * asked + 0.5 * asked**2, abs=1e-8)
    assert curve.curvature == pytest.approx(0.5, abs=1e-9)


def test_heavy_points_draw_the_curve():
    x, y, weight = points()
    heavy = np.where(np.arange(400) == 200, 1e6, weight)
    assert local_regression(x, y, heavy).at(x[200]) == pytest.approx(y[200], abs=1e-3)


def test_many_equal_x_are_fitted():
    x = np.repeat([1.0, 1.0, 1.0, 2.0, 3.0, 5.0], 10)
    curve = local_regression(x, 2 * x, np.ones(60))
    assert curve.at([1.0, 2.0, 5.0]) == pytest.approx([2.0, 4.0, 10.0], abs=1e-6)
    few = local_regression([1.0, 2.0, 4.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0])
    assert np.isfinite(few.at(np.linspace(0, 5, 20))).all()
