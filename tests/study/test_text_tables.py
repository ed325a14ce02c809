"""The reader of text tables: what it takes in silence, what it names; generated tables and generated damage."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import subprocess
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.errors import Notice, TextTableError
from groprog_assets.methods.cohort.clinical_tables import read_table
from groprog_assets.study.text_tables import RowReader, cells, misspelled, table_layout

HEADER = ["PATIENT_ID", "AGE", "SEX", "SITE"]
BODY = [["P1", "61", "F", "liver"], ["P2", "58", "M", "lung"], ["P3", "70", "", "skin"]]


def text(rows: list[list[str]], delimiter: str = "\t", end: str = "\n") -> str:
    return "".join(delimiter.join(row) + end for row in rows)


def read(path: Path, block: int = 1 << 23) -> list[list[str]]:
    """Header and rows, through the reader alone."""
    layout = table_layout(path)
    rows = [cells(line, layout.delimiter) for block in RowReader(layout, block) for line in block.lines]
    return [layout.columns, *rows]


def refused(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(TextTableError) as caught:
        read(path)
    return str(caught.value)


PLAIN = text([HEADER, *BODY])
HARMLESS = {
    "plain": PLAIN.encode(),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "line ends of old Macs": PLAIN.replace("\n", "\r").encode(),
    "byte-order mark": codecs.BOM_UTF8 + PLAIN.encode(),
    "UTF-16, Excel's Unicode text": PLAIN.replace("\n", "\r\n").encode("utf-16"),
    "gzip": gzip.compress(PLAIN.encode()),
    "commas": text([HEADER, *BODY], ",").encode(),
    "semicolons": text([HEADER, *BODY], ";").encode(),
    "semicolons, said by Excel": b"sep=;\r\n" + text([HEADER, *BODY], ";").encode(),
    "blanks as R writes": text([[f'"{cell}"' for cell in row] for row in [HEADER, *BODY]], " ").encode(),
    "quoted": text([[f'"{cell}"' for cell in row] for row in [HEADER, *BODY]]).encode(),
    "descriptions before the header": b'#what\n#"open\n\n' + PLAIN.encode(),
    "a tab at the end of every line": PLAIN.replace("\n", "\t\n").encode(),
    "a tab at the end of every row": text([HEADER]).encode() + text(BODY).replace("\n", "\t\n").encode(),
    "a tab at the end of the header": PLAIN.replace("SITE\n", "SITE\t\n").encode(),
    "commas at the end of every line": text([HEADER, *BODY], ",").replace("\n", ",,,\n").encode(),
    "empty lines at the end": PLAIN.encode() + b"\n\t\t\t\n\n",
}


@pytest.mark.parametrize("kind", HARMLESS)
@pytest.mark.parametrize("block", [1, 1 << 23])
def test_what_is_harmless_passes_in_silence(tmp_path: Path, kind: str, block: int) -> None:
    path = tmp_path / "t.tsv"
    path.write_bytes(HARMLESS[kind])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(path, block) == [HEADER, *BODY]
        table = read_table(path)
    assert [list(table.cells), *table.cells.to_numpy().tolist()] == [HEADER, *BODY]


def test_a_row_cut_short_and_a_row_too_long_are_named(tmp_path: Path) -> None:
    said = refused(tmp_path / "t.tsv", PLAIN.replace("\tlung", "").replace("skin", "skin\tmore"))
    assert "t.tsv:3: row 'P2' has 3 cells, the header (line 1) names 4 columns" in said
    assert "t.tsv:4: row 'P3' has 5 cells" in said
    assert "t.tsv:2" not in said


def test_a_row_lost_in_separators_at_the_end_is_named(tmp_path: Path) -> None:
    """A row that lacks a cell must not pass for one without the separator that the others end in."""
    ended = PLAIN.replace("\n", "\t\n")
    said = refused(tmp_path / "t.tsv", ended.replace("58\t", ""))
    assert "t.tsv:3: row 'P2' has 4 cells" in said
    assert "the other rows have 5 cells, the last of them empty" in said
    assert "t.tsv:3" in refused(tmp_path / "t.tsv", ended.replace("lung\t", "lung"))
    assert "t.tsv:3" in refused(tmp_path / "t.tsv", PLAIN.replace("lung", "lung\t"))


def test_a_table_cut_off_in_a_row(tmp_path: Path) -> None:
    said = refused(tmp_path / "t.tsv", PLAIN[:-6])
    assert "t.tsv:4: the last line has 3 cells and no line end" in said
    assert "cut off" in said


def test_many_wrong_rows_are_counted(tmp_path: Path) -> None:
    said = refused(tmp_path / "t.tsv", text([HEADER, *([["P", "1"]] * 50), *BODY]))
    assert said.count("has 2 cells") == 5
    assert "45 more such rows" in said


def test_a_comma_inside_a_cell_shifts_the_row(tmp_path: Path) -> None:
    said = refused(tmp_path / "t.csv", text([HEADER, *BODY, ["P4", "Berlin, DE", "M", ""]], ","))
    assert "t.csv:5: row 'P4' has 5 cells" in said
    assert "quotation marks around a cell that holds a comma" in said


def test_an_empty_row_between_others(tmp_path: Path) -> None:
    assert "t.tsv:3: an empty row" in refused(tmp_path / "t.tsv", PLAIN.replace("P2", "\nP2"))


def test_a_quoted_cell_may_run_over_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('ID,NOTE,AGE\nP1,"first\nsecond",61\nP2,"",x\n')
    assert read(path) == [["ID", "NOTE", "AGE"], ["P1", "first\nsecond", "61"], ["P2", "", "x"]]
    table = read_table(path)
    assert table.cells["NOTE"].tolist() == ["first\nsecond", ""]
    assert table.rows(table.cells["AGE"] == "x") == "line 4"


@pytest.mark.parametrize("opened", ["P2", "58", "M", "lung"])
def test_a_quote_that_swallows_rows(tmp_path: Path, opened: str) -> None:
    content = PLAIN.replace(opened, f'"{opened}', 1)
    assert "t.tsv:3: a cell begins with a quotation mark that is not closed" in refused(tmp_path / "t.tsv", content)
    closed = content.replace("skin", '"skin')
    assert "t.tsv:3: a cell in quotation marks runs to line 4" in refused(tmp_path / "t.tsv", closed)


def test_an_inch_mark_is_no_quote(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("ID\tHEIGHT\nP1\t5'11\"\nP2\t6'0\"\n")
    assert read(path)[1:] == [["P1", "5'11\""], ["P2", "6'0\""]]


def test_a_header_one_name_short_is_read_as_r_does(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text(text([HEADER]) + text([[str(k + 1), *row] for k, row in enumerate(BODY)]))
    with pytest.warns(Notice, match="has 4 names, the rows have 5 cells"):
        table = read_table(path)
    assert [list(table.cells), *table.cells.to_numpy().tolist()] == [HEADER, *BODY]
    path.write_text(text([HEADER]) + text([[f"row {k}", *row] for k, row in enumerate(BODY)]))
    with pytest.raises(TextTableError, match="has 4 names, the rows have 5 cells"):
        read_table(path)


def test_r_that_is_told_to_name_the_row_names(tmp_path: Path) -> None:
    """The remedy of the refusal: col.names = NA writes an empty first name."""
    path = tmp_path / "t.tsv"
    path.write_text(text([["", *HEADER]]) + text([[f"row {k}", *row] for k, row in enumerate(BODY)]))
    assert read_table(path).cells["AGE"].tolist() == ["61", "58", "70"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "an Excel workbook or a zip archive"),
        (b"BZh91AY", "bzip2"),
        (b"", "no header row"),
        (b"#only\n# comments\n", "no header row"),
        (b",,\n1,2,3\n", "a header without a name"),
        (gzip.compress(PLAIN.encode() * 100, mtime=0)[:-30], "gzip data cannot be read"),
        (PLAIN.encode().replace(b"lung", b"l\0ng"), "t.tsv:3: bytes that are zero"),
        (PLAIN.replace("lung", "Höhe").encode("cp1252"), "t.tsv:3: not UTF-8: byte 0xf6 in"),
    ],
)
def test_what_is_no_text_table(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refused(tmp_path / "t.tsv", content)


def test_repeated_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("ID\tAGE\t AGE \n1\t2\t3\n")
    with pytest.raises(TextTableError, match="columns twice: 'AGE'"):
        read_table(path)


def test_a_column_without_rows_or_with_one(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("ID\tAGE\n")
    assert read_table(path).cells.shape == (0, 2)
    path.write_text("ID\nP1\nP2\n")
    assert read(path) == [["ID"], ["P1"], ["P2"]]


def test_columns_that_are_misspelled_are_named() -> None:
    known = ["id", "condition", "read_end", "strandedness"]
    assert misspelled("m.tsv", ["id", "condition", "replicate_id", "condition_2", "kit", "Reading"], known) == []
    said = misspelled("m.tsv", ["ID", "Read end", "strandness", "conditon"], known)
    assert [problem.value for problem in said] == [
        "column 'ID'",
        "column 'Read end'",
        "column 'strandness'",
        "column 'conditon'",
    ]
    assert "Did you mean 'read_end'?" in said[1].remedy


CELL = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs", "Cc"]), max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Header and rows: unlike names, a first cell in each row."""
    width = draw(st.integers(2, 6))
    names = [f"c{k}" for k in range(width)]
    row = st.lists(CELL, min_size=width - 1, max_size=width - 1)
    body = draw(st.lists(row, min_size=1, max_size=8))
    return [names, *([f"r{k}", *cells] for k, cells in enumerate(body))]


def written(table: list[list[str]], delimiter: str, quoting: int, end: str = "\n") -> str:
    held = io.StringIO()
    csv.writer(held, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(table)  # type: ignore[arg-type]
    return held.getvalue()


WAYS = {
    "delimiter": st.sampled_from("\t,;"),
    "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    "end": st.sampled_from(["\n", "\r\n"]),
}


@settings(max_examples=200)
@given(table=tables(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), packed=st.booleans(), **WAYS)
def test_a_table_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[list[str]],
    encoding: str,
    packed: bool,
    delimiter: str,
    quoting: int,
    end: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / "as_written.tsv"
    content = written(table, delimiter, quoting, end).encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    assert read(path) == table
    assert read_table(path).cells.to_numpy().tolist() == table[1:]


@settings(max_examples=400)
@given(table=tables(), data=st.data(), **WAYS)
def test_damage_is_named_by_its_line_or_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[list[str]],
    data: st.DataObject,
    delimiter: str,
    quoting: int,
    end: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.tsv"
    row = data.draw(st.integers(1, len(table) - 1))
    kind = data.draw(st.sampled_from(["a cell lost", "a cell more", "an empty row", "cut"]))
    held = [list(cells) for cells in table]
    if kind == "a cell lost":
        held[row].pop()
    elif kind == "a cell more":
        held[row].insert(data.draw(st.integers(0, len(held[row]))), "surplus")
    elif kind == "an empty row":
        held.insert(row, [])
    content = written(held, delimiter, quoting, end)
    if kind == "cut":
        first = len(written(held[:1], delimiter, quoting, end))
        content = content[: data.draw(st.integers(first, len(content)))]
    path.write_text(content, newline="")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        error = ""
        found: list[list[str]] = []
        try:
            found = read_table(path).cells.to_numpy().tolist()
        except TextTableError as raised:
            error = str(raised)
    if error:
        assert kind == "cut" or f"damaged.tsv:{row + 1}: " in error or "the header has" in error
        return
    if kind == "cut":
        whole = found == table[1 : len(found) + 1]
        assert whole or said, "the last cell may be cut: that is said"
        assert found[:-1] == table[1 : max(len(found), 1)]
    else:
        assert len(table) == 2, "only a single row can be read in two ways"


def test_a_gct_file_is_refused_and_the_command_leads_to_its_table(tmp_path):
    path = tmp_path / "a.gct"
    path.write_text("#1.2\n2\t2\nNAME\tDescription\tP1\tP2\nG1\tna\t1\t2\nG2\tna\t3\t4\n")
    with pytest.raises(TextTableError, match=r"#1\.2: a GCT file") as caught:
        table_layout(path)
    command = str(caught.value).split("Description: ")[1].strip()
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    assert (tmp_path / "table_of_a.tsv").read_text() == "NAME\tP1\tP2\nG1\t1\t2\nG2\t3\t4\n"
    assert table_layout(tmp_path / "table_of_a.tsv").columns == ["NAME", "P1", "P2"]
