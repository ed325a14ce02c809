"""Dates among gene symbols: what spreadsheets make of MARCH1, SEPT2 and DEC1, and what merely looks like it."""

from __future__ import annotations

import datetime

import pytest

from groprog_assets.methods.cohort.gene_symbols import FIRST_DAY, spoiled_symbols


@pytest.mark.parametrize(
    ("symbol", "likely"),
    [
        ("1-Mar", "MARCH1"),
        ("1-MAR", "MARC1"),
        ("02-Sep", "SEPT2"),
        ("Sep-02", "SEPT2"),
        ("1. Mrz", "MARCH1"),
        ("15-Sep", "SELENOF"),
        ("1-Dec", "DELEC1"),
        ("4-Oct-24", "POU5F1"),
        ("2021-03-01", "MARCH1"),
        ("2021-09-07 00:00:00", "SEPT7"),
        ("9/2/2021", "SEPT2"),
        ("02.09.2021", "SEPT2"),
        ("44256", "MARCH1"),
        ("44441", "SEPT2"),
        ("44256.0", "MARCH1"),
    ],
)
def test_dates_are_named_with_the_likely_symbols(symbol: str, likely: str) -> None:
    found = spoiled_symbols(["TP53", symbol, "MYC"])
    assert list(found) == [symbol]
    assert any(likely in gene for gene in found[symbol])


def test_a_date_that_no_known_gene_makes_is_named_all_the_same() -> None:
    assert spoiled_symbols(["5-Jan", "TP53"]) == {"5-Jan": []}


@pytest.mark.parametrize(
    "symbol",
    [
        "MARCH1",
        "MARCHF1",
        "SEPT2",
        "SEPTIN2",
        "DEC1",
        "MAR1",
        "HLA-A",
        "NKX2-1",
        "H1-2",
        "MT-ND1",
        "7SK",
        "AC004381.6",
        "mar-1",
        "dec-1",
        "1-Foo",
        "45-Sep",
        "RP11-34P13.7",
        "ENSG00000141510.17",
        "hsa-let-7a",
        "MIR1-2",
        "44300",
    ],
)
def test_symbols_that_are_no_dates(symbol: str) -> None:
    assert spoiled_symbols(["TP53", symbol, "MYC"]) == {}


def test_serial_numbers_are_days_of_a_spreadsheet() -> None:
    assert FIRST_DAY + datetime.timedelta(days=44256) == datetime.date(2021, 3, 1)


def test_gene_ids_are_no_serial_numbers() -> None:
    """Entrez ids of five digits are ids where most symbols are numbers."""
    assert spoiled_symbols([str(number) for number in range(44200, 44500)]) == {}
