"""Chosen columns of a table: text stays text, numbers are declared, and every wrong cell has its line and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import AssayError, TextTableError
from groprog_assets.methods.assays.columns import Cells, collector, read_cells, read_header, require_columns


def read(path: Path, text: list[str], numbers: list[str], missing: tuple[str, ...] = ("", "NA", ".")) -> Cells:
    header = read_header(path)
    problems = collector(header.path)
    found = read_cells(header, text, numbers, problems, missing)
    problems.raise_any()
    return found


def written(folder: Path, text: str, name: str = "table.tsv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_genes_called_na_and_hashes_inside_rows_are_text(tmp_path: Path):
    path = written(tmp_path, "#version 2.4\ngene\tnote\tS1\nNA\tP#1\t1.5\nnan\t#2\tNA\nNULL\t\t0.1\n")
    found = read(path, ["gene", "note"], ["S1"])
    assert found.text["gene"].tolist() == ["NA", "nan", "NULL"]
    assert found.text["note"].tolist() == ["P#1", "#2", ""]
    np.testing.assert_array_equal(found.values[:, 0], [1.5, np.nan, 0.1])
    assert found.lines.tolist() == [3, 4, 5]


def test_numbers_are_those_of_python(tmp_path: Path):
    random = np.random.default_rng(1)
    values = np.concatenate([random.normal(size=200) * 10.0 ** random.integers(-300, 300, 200), [0.1, 1 / 3, 5e-324]])
    path = written(tmp_path, "id\tS\n" + "".join(f"r{k}\t{value!r}\n" for k, value in enumerate(values.tolist())))
    np.testing.assert_array_equal(read(path, ["id"], ["S"]).values[:, 0], values)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            "1,5",
            "'1,5'. A value is a finite number; a missing one is a cell that the study file lists under missing. Write",
        ),
        ("inf", "column S2: 'inf'"),
        ("1e999", "column S2: '1e999'"),
        ("nan", "column S2: 'nan'"),
        ("null", "column S2: 'null'"),
        ("True", "column S2: 'True'"),
        ("1_000", "column S2: '1_000'"),
        ("0x10", "column S2: '0x10'"),
        (">8", "column S2: '>8'"),
    ],
)
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cell: str, said: str):
    path = written(tmp_path, f"id\tS1\tS2\na\t1\t{cell}\nb\t2\t{cell}\n")
    with pytest.raises(AssayError) as caught:
        read(path, ["id"], ["S1", "S2"])
    assert f"{path}:2" in str(caught.value)
    assert said in str(caught.value)
    assert len(caught.value.problems) == 2


def test_many_wrong_cells_are_counted(tmp_path: Path):
    path = written(tmp_path, "id\tS\n" + "a\tx\n" * 9)
    with pytest.raises(AssayError, match="4 more lines of the same kind"):
        read(path, ["id"], ["S"])


def test_a_sample_that_stands_twice_is_refused(tmp_path: Path):
    path = written(tmp_path, "id\tS1\tS1\tS1.1\na\t1\t2\t3\n")
    with pytest.raises(AssayError, match="1 column twice: 'S1'"):
        read_header(path)


def test_an_absent_column_is_named_with_those_that_are_there(tmp_path: Path):
    header = read_header(written(tmp_path, "a\tb\n1\t2\n"))
    with pytest.raises(AssayError, match=r"no column c\. It has the columns a, c; this header has a, b. Export"):
        require_columns(header, ["a", "c"], "It", "Export it again.")


def test_space_around_names_is_dropped_and_counted(tmp_path: Path):
    found = read(written(tmp_path, "id\tS\n a\t1\nb \t2\nc\t3\n"), ["id"], ["S"])
    assert found.text["id"].tolist() == ["a", "b", "c"]
    assert found.trimmed == 2


def test_rows_that_do_not_fit_are_refused(tmp_path: Path):
    with pytest.raises(TextTableError, match="row 'b' has 1 cell"):
        read(written(tmp_path, "id\tS\na\t1\nb\n"), ["id"], ["S"])


def test_parquet_gives_what_text_gives(tmp_path: Path):
    frame = pd.DataFrame({"id": ["a", None, "NA"], "S": [1.5, np.nan, -2.0], "n": [1, 2, 3]})
    frame.to_parquet(tmp_path / "t.parquet")
    text = written(tmp_path, "id\tS\tn\na\t1.5\t1\n\tNA\t2\nNA\t-2\t3\n")
    one, other = read(tmp_path / "t.parquet", ["id"], ["S", "n"]), read(text, ["id"], ["S", "n"])
    pd.testing.assert_frame_equal(one.text, other.text)
    np.testing.assert_array_equal(one.values, other.values)


def test_parquet_read_in_blocks_of_columns_keeps_every_column_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    values = np.random.default_rng(5).normal(size=(6, 7)).astype(np.float32)
    names = [f"S{k}" for k in range(7)]
    pd.DataFrame(values, columns=names).assign(id="a").to_parquet(tmp_path / "t.parquet", row_group_size=4)
    monkeypatch.setattr("groprog_assets.methods.assays.columns.CELLS_AT_ONCE", 12)
    asked = names[::-1]
    np.testing.assert_array_equal(read(tmp_path / "t.parquet", ["id"], asked).values, values[:, ::-1])


def test_parquet_with_text_for_numbers_is_refused(tmp_path: Path):
    pd.DataFrame({"id": ["a"], "S": ["1"]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(AssayError, match=r"column S: a column of type .*string"):
        read(tmp_path / "t.parquet", ["id"], ["S"])
