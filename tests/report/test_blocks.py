"""Numbers, intervals and documents are written as a reader wants them."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from groprog_assets.report.blocks import (
    cell,
    document_rows,
    figure,
    fixed,
    interval,
    number,
    p_value,
    size,
    table,
    whisker,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (-5.0, "−5"),
        (0.05, "0.05"),
        (0.12345, "0.123"),
        (12.345, "12.3"),
        (12345.6, "12,346"),
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
def test_number(value, text):
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
def test_size(count, text):
    assert size(count) == text


def test_a_column_is_numeric_only_when_all_its_filled_cells_are():
    block = table(["a", "b"], [[cell("1", 1), cell("x")], [cell("–"), cell("2", 2)]])
    assert [column["numeric"] for column in block["columns"]] == [True, False]


def test_whisker_keeps_inside_the_drawing():
    found = whisker(0.5, 0.0, 2.0, (0.25, 1.25), 0.5)
    assert found == {"left": 0.0, "width": 100.0, "point": 25.0, "reference": 25.0}
    assert whisker(0.5, None, 1.0, (0, 1), None) is None
    assert whisker(0.5, 0.4, 0.6, (1, 1), None) is None


def test_documents_are_flattened_and_long_lists_counted():
    rows = document_rows({"tost": {"p_value": 0.5}, "curve": list(range(9)), "pair": [1, 2], "rows": [{"a": 1}]})
    assert rows == [("Tost, p value", "0.5"), ("Curve", "9 values"), ("Pair", "1, 2"), ("Rows", "1 values")]


def test_png_width_follows_its_resolution():
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (1440).to_bytes(4, "big") + (10).to_bytes(4, "big")
    assert figure(png, "c", "a", "n")["width"] == 1040
    assert figure("<svg/>", "c", "a", "n")["width"] == 0
