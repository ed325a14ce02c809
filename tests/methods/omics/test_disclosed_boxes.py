"""Boxes of groups: close to the quantiles of many, never the value of one, and none of a small group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.methods.omics.disclosed_boxes import QUANTILES, box_lines, group_boxes
from groprog_assets.methods.omics.disclosure import Secret
from groprog_assets.study.omics_parameters import DisclosureParameters

PARAMETERS = DisclosureParameters()
SECRET = Secret(b"k" * 32, "data")


def test_the_lines_are_near_the_quantiles_of_many():
    values = np.random.default_rng(1).normal(0, 1, 4001).tolist()
    assert box_lines(values, 5) == pytest.approx(np.quantile(values, QUANTILES), abs=0.01)
    evenly = list(range(101))
    assert box_lines(evenly, 5) == pytest.approx((10, 25, 50, 75, 90))


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=60), st.integers(0, 59), st.floats(1e7, 1e9))
def test_one_outlier_is_in_no_line_whole(values: list[float], place: int, far: float):
    """Each line is a mean of five, so that the value of one subject, however far, counts a fifth at most."""
    held = list(values)
    held[place % len(held)] = far
    lines = box_lines(held, 5)
    assert lines is not None
    assert list(lines) == sorted(lines)
    assert max(lines) <= (far + 4 * 1e6) / 5 + 1e-3


def test_with_twenty_subjects_the_extremes_are_in_no_line():
    values = [*range(20)]
    plain = box_lines(values, 5)
    assert plain is not None
    assert box_lines([-1e9, *values[1:]], 5)[1:] == plain[1:]  # type: ignore[index]
    assert box_lines([float("nan")] * 7 + values, 5) == plain, "who has no value is in no line"
    assert box_lines([1.0] * 4, 5) is None


def test_no_box_where_few_of_a_large_group_have_a_value():
    few = [float("nan")] * 60 + [*range(7)]
    (box,) = group_boxes(SECRET, "subtype", {"many": few}, PARAMETERS)
    assert box.lines is None
    assert box.size == group_boxes(SECRET, "subtype", {"many": [1.0] * 67}, PARAMETERS)[0].size


def test_no_box_of_a_small_group_and_the_size_is_told_with_noise():
    random = np.random.default_rng(2)
    groups = {"many": random.normal(0, 1, 200).tolist(), "few": random.normal(0, 1, 6).tolist()}
    few, many = group_boxes(SECRET, "subtype", groups, PARAMETERS)
    assert (few.group, few.lines, few.size.words) == ("few", None, "under 20")
    assert many.lines is not None
    assert many.size.number is not None
    assert many.size.number % PARAMETERS.rounding == 0
    again = group_boxes(SECRET, "subtype", {"many": random.normal(5, 1, 200).tolist()}, PARAMETERS)[0]
    assert again.size == many.size, "the same for every feature"
    sizes = {
        group_boxes(Secret(b"k" * 32, str(k)), "subtype", {"many": groups["many"]}, PARAMETERS)[0].size.number
        for k in range(40)
    }
    assert len(sizes) > 1
