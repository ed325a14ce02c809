"""What is printed parses back to the value within half a unit of its last printed place, whatever writes it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from groprog_assets.cli.progress import _shown as shown_while_running
from groprog_assets.figures.cohort import table_one_cell
from groprog_assets.figures.numbers import (
    counted,
    fixed,
    interval,
    median_quartiles,
    number,
    p_value,
    percent,
    size,
    span,
)
from groprog_assets.figures.patient_page import _shown as shown_on_the_patients_page
from groprog_assets.report.blocks import document_rows
from groprog_assets.report.model_card import model_card
from groprog_assets.running.heartbeat import spoken
from tests.architecture.sources import python_files

SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
LEAST, MOST = 1e-6, 1e6
magnitudes = st.floats(math.log10(LEAST), math.log10(MOST)).map(lambda power: 10.0**power)
floats = st.builds(lambda size, sign: sign * size, magnitudes, st.sampled_from([1.0, -1.0]))
rounded = st.builds(lambda value, places: round(value, places), floats, st.integers(0, 4))
integers = st.integers(-int(MOST), int(MOST))
values = st.one_of(floats, rounded, integers, integers.map(float), integers.map(lambda whole: whole / 2))


def parsed(text: str) -> tuple[float, float]:
    """(the value that a reader takes the text for, half a unit of its last printed place)."""
    found = re.fullmatch(r"([+-]?)([\d,]+)(?:\.(\d+))?(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", text.replace("−", "-"))
    assert found, f"{text!r} is no number"
    sign, whole, part, power = found.groups()
    assert re.fullmatch(r"\d{1,3}(,\d{3})*|\d+", whole), f"{text!r} is grouped wrongly"
    scale = 10.0 ** int(power.translate(SUPERSCRIPT)) if power else 1.0
    value = float(f"{sign}{whole.replace(',', '')}.{part or '0'}") * scale
    return value, 0.5 * 10.0 ** -len(part or "") * scale


def agrees(text: str, value: float, places: int | None = None) -> None:
    """The text says the value: within half a unit of its last place, and of the place that was asked for."""
    said, half = parsed(text)
    slack = 1e-9 * abs(value)
    assert abs(said - value) <= half + slack, f"{value!r} is written {text!r}"
    if places is not None:
        assert abs(said - value) <= 0.5 * 10.0**-places + slack, f"{value!r} is written {text!r}"


def significant(text: str, value: float, digits: int) -> None:
    agrees(text, value)
    if value:
        unit = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
        assert abs(parsed(text)[0] - value) <= 0.5 * unit * (1 + 1e-9), f"{value!r} is written {text!r}"


@given(values, st.integers(2, 6))
@example(120.5, 3)
@example(200.4, 3)
@example(250.3, 3)
@example(0.9999, 3)
@example(999.9, 3)
@example(-100.2, 2)
@example(1000000.4, 4)
@settings(deadline=None, max_examples=500)
def test_number(value, digits):
    # Below 0.001 two places are written, from 1,000 on the unit is.
    least = 2 if 0 < abs(value) < 1e-3 else digits if abs(value) < 1000 else 4
    significant(number(value, digits), value, min(digits, least))
    assert number(np.float64(value), digits) == number(float(value), digits)


@given(integers)
def test_a_whole_number_is_written_in_full(value):
    assert int(number(value).replace(",", "").replace("−", "-")) == value
    assert number(float(value)) == number(np.int64(value)) == number(value)
    assert number(10**15 * value + 1).replace(",", "").replace("−", "-") == str(10**15 * value + 1)


@given(values, values, st.integers(0, 6))
def test_fixed_and_interval(first, second, places):
    agrees(fixed(first, places), first, places)
    assert len(fixed(first, places).partition(".")[2]) == places
    lower, upper = interval(first, second, places).split(" to ")
    agrees(lower, first, places)
    agrees(upper, second, places)


@given(st.one_of(st.floats(0, 1), magnitudes.filter(lambda value: value <= 1)))
def test_p_value(value):
    if value >= 1e-3:
        agrees(p_value(value), value, 3)
    elif value >= LEAST:
        significant(p_value(value), value, 2)


@given(st.one_of(st.floats(0, 1), magnitudes), st.integers(0, 2))
def test_percent(share, places):
    text = percent(share, places).removesuffix(" %")
    if text[0] in "<>":
        bound = float(text[1:])
        assert (0 < 100 * share < bound) if text[0] == "<" else (bound < 100 * share < 100)
        return
    agrees(text, 100 * share, places)
    assert (float(text) == 0) == (share == 0)
    assert share >= 1 or float(text) != 100


@given(st.integers(0, 10**13))
@example(999_500)
@example(999_499)
@example(99_950)
def test_size(count):
    text, unit = size(count).split(" ")
    agrees(text, count / {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[unit])
    assert float(text) < 1000 or unit == "GB"


@given(st.integers(1, 10**6), st.data())
def test_counts_and_quartiles(known, data):
    count = data.draw(st.integers(0, known))
    first, share = counted(count, known).split(" (")
    assert int(first.replace(",", "")) == count
    assert share == f"{percent(count / known)})"
    assert table_one_cell({"known": known, "count": count}, "categorical") == counted(count, known)


@given(values, values, values)
def test_medians(middle, lower, upper):
    text = median_quartiles(middle, lower, upper)
    found = re.fullmatch(r"(.*) \((.*?)–(.*)\)", text)
    for said, value in zip(found.groups(), (middle, lower, upper), strict=True):
        significant(said, value, 2 if 0 < abs(value) < 1e-3 else 4)
    group = {"known": 3, "median": middle, "quartile_1": lower, "quartile_3": upper}
    assert table_one_cell(group, "continuous") == text


DOCUMENTS: dict[str, Callable[[Any], str]] = {
    "report table": lambda value: document_rows({"value": value})[0][1],
    "model card": lambda value: re.search(r"- Value: (.*)", model_card({"part": {"value": value}}))[1],
    "patient page": lambda value: shown_on_the_patients_page(value),
    "command line": lambda value: shown_while_running(value),
}


@given(values)
@pytest.mark.parametrize("writer", DOCUMENTS.values(), ids=DOCUMENTS)
@settings(deadline=None)
def test_documents_pages_and_progress_write_numbers_alike(writer, value):
    agrees(writer(value).replace("−", "-"), value)


@given(st.floats(0, 1e7))
def test_spans(seconds):
    text, unit = spoken(seconds).split(" ")
    agrees(text, seconds / {"s": 1, "min": 60, "h": 3600, "days": 86400}[unit], 0)


@pytest.mark.parametrize("missing", [None, math.nan, np.float32("nan"), pd.NA])
def test_what_is_missing_is_a_dash(missing):
    assert {number(missing), fixed(missing), p_value(missing), percent(missing), size(missing)} == {"–"}
    assert interval(missing, 1.0) == interval(1.0, missing) == "–"
    assert median_quartiles(missing, missing, missing) == counted(0, 0) == "–"


def test_no_other_place_strips_zeros_from_a_number():
    """Cutting zeros off a printed number takes those of 120 too; only `number` may, behind the point."""
    wrong = [
        path.name
        for path in python_files()
        if path.name != "numbers.py" and re.search(r"strip\(['\"]\.?0", path.read_text())
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (-5.0, "−5"),
        (0.05, "0.05"),
        (0.12345, "0.123"),
        (12.345, "12.3"),
        (12345.6, "12,346"),
        (120.5, "120"),
        (200.4, "200"),
        (250.3, "250"),
        (0.9999, "1"),
        (999.9, "1,000"),
        (1.2e-7, "1.2 × 10⁻⁷"),
        (0, "0"),
        (True, "yes"),
        (None, "–"),
        (math.nan, "–"),
        (pd.NA, "–"),
        (-math.inf, "−∞"),
        ("text", "text"),
        ("", "–"),
        ([1, 2.5], "1, 2.5"),
        ({"a": 1}, "a 1"),
    ],
)
def test_number_examples(value, text):
    assert number(value) == text


def test_fixed_interval_and_p():
    assert fixed(-0.5, 2) == "−0.50"
    assert fixed(math.nan) == "–"
    assert interval(0.1, 0.2, 1) == "0.1 to 0.2"
    assert interval(None, 0.2) == "–"
    assert p_value(0.0499) == "0.050"
    assert p_value(0.0) == "0"
    assert p_value(3e-9) == "3.0 × 10⁻⁹"
    assert p_value(math.nan) == "–"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1545065, "1.5 MB"), (735_000_000, "735 MB"), (2.4e12, "2400 GB"), (None, "–")],
)
def test_size_examples(count, text):
    assert size(count) == text


def test_no_minus_before_zero():
    assert fixed(-0.0002) == fixed(0.0) == "0.000"
    assert fixed(-0.0006) == "−0.001"


def test_a_range_whose_ends_are_written_alike_is_one_number():
    assert span(percent(0.559), percent(0.561)) == "56 %"
    assert span(percent(0.55), percent(0.61)) == "55 % to 61 %"
