"""What a section is made of: tables, figures, documents, whiskers."""

from __future__ import annotations

from groprog_assets.report.blocks import cell, document_rows, figure, table, whisker, word


def test_a_column_is_numeric_only_when_all_its_filled_cells_are():
    block = table(["a", "b"], [[cell("1", 1), cell("x")], [cell("–"), cell("2", 2)]])
    assert [column["numeric"] for column in block["columns"]] == [True, False]


def test_a_word_that_the_table_lacks_is_a_dash():
    assert [word(value) for value in ("reads", "", None, float("nan"))] == ["reads", "–", "–", "–"]


def test_whisker_keeps_inside_the_drawing():
    found = whisker(0.5, 0.0, 2.0, (0.25, 1.25), 0.5)
    assert found == {"left": 0.0, "width": 100.0, "point": 25.0, "reference": 25.0}
    assert whisker(0.5, None, 1.0, (0, 1), None) is None
    assert whisker(0.5, 0.4, 0.6, (1, 1), None) is None


def test_documents_are_flattened_and_long_lists_counted():
    rows = document_rows({"tost": {"p_value": 0.5}, "curve": list(range(9)), "pair": [1, 2], "rows": [{"a": 1}]})
    assert rows == [("Tost, p value", "0.5"), ("Curve", "9 values"), ("Pair", "1, 2"), ("Rows", "1 value")]


def test_png_width_follows_its_resolution():
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (1440).to_bytes(4, "big") + (10).to_bytes(4, "big")
    assert figure(png, "c", "a", "n")["width"] == 1040
    assert figure("<svg/>", "c", "a", "n")["width"] == 0
