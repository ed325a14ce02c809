"""Tables as text are those that pandas writes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.export import tab_separated as module
from groprog_assets.export.tab_separated import tab_separated

TABLE = pd.DataFrame(
    {
        "real": [0.1, -0.0, np.nan, np.inf, 1e-300, 123456789012.5, 2.0],
        "single": np.array([0.1, 1, np.nan, -np.inf, 3e-8, 16777217, 2], np.float32),
        "number": np.arange(7, dtype=np.int32) - 3,
        "flag": [True, False] * 3 + [True],
        "maybe": pd.array([1, None, 3, 4, None, 6, -7], "Int64"),
        "real or not": pd.array([0.1, None, 1 / 3, 2.0, np.inf, 1e-300, -7], "Float64"),
        "single or not": pd.array([0.1, None, 1 / 3, 2.0, np.inf, 3e-8, -7], "Float32"),
        "text": pd.array(["a", None, 'say "b"', "tab\there", "", "line\nend", "g"], "str"),
        "kind": pd.Categorical(["x", None, "y", "x", "x", "", "y"]),
        "mixed": pd.Series([1, 2.5, None, "z", "", True, [1, 2]], dtype=object),
        'na\t"me': ["plain"] * 7,
        "": range(7),
    }
)


def of_pandas(table: pd.DataFrame, floats: str, missing: str, header: bool) -> bytes:
    return table.to_csv(sep="\t", index=False, float_format=floats, na_rep=missing, header=header).encode()


@pytest.mark.parametrize("rows", [1, 3, 4096])
@pytest.mark.parametrize(
    ("floats", "missing", "header"), [("%.10g", "NA", True), ("%.2f", ".", False), ("%.3f", 'N\t"A', True)]
)
def test_a_table_is_written_as_pandas_writes_it(
    rows: int, floats: str, missing: str, header: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS", rows)
    for table in (TABLE, TABLE[["text"]], TABLE[["kind"]], TABLE[["real"]], TABLE[[""]], TABLE.iloc[:0], TABLE[::2]):
        assert tab_separated(table, floats, missing, header) == of_pandas(table, floats, missing, header)


def test_random_numbers_are_written_as_pandas_writes_them() -> None:
    drawn = np.random.default_rng(4).integers(0, 2**63, 5000).view(np.float64)
    with np.errstate(over="ignore"):
        table = pd.DataFrame({"value": drawn, "half": drawn.astype(np.float32), "rank": range(5000)})
    assert tab_separated(table) == of_pandas(table, "%.10g", "NA", True)


def test_a_carriage_return_ends_no_line() -> None:
    assert tab_separated(pd.DataFrame({"a": ["b\rc"], "d": [1]})) == b'a\td\n"b\rc"\t1\n'
