"""The one reader of users' text tables: encoding, delimiter, header, and rows that have a cell for every column.

Clinical tables, expression matrices, library manifests, tables of new patients and of external cohorts all come through here.
Whatever does not fit is named by its line; what is harmless (a trailing separator, empty lines at the end, CRLF) passes in
silence. Standard library only.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TextIO

from groprog_assets.errors import Problem, TextTableError
from groprog_assets.study.text_files import open_text, reading
from groprog_assets.wording import count_of as count_of

MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "<na>", "nan", "null", "unknown", ".", "-", "--", "'--"}
    | {"[not available]", "[not applicable]", "[unknown]", "[not evaluated]", "[pending]", "[discrepancy]"}
    | {"not available", "not reported", "not evaluated", "not applicable"}
)
"""Tokens that mean "no value", lower case; '-- is GDC's. "none" is not one of them: for many clinical fields it is a finding."""

BLOCK = 1 << 23
"""Characters of a block of rows, about; a block has one row at least."""
PEEK, LONG_PEEK = 100, 1 << 20
"""Rows, and characters, looked at to tell how the rows relate to the header."""
LONGEST_QUOTE = 200
"""Lines over which a quoted cell may run."""
LONGEST_CELL = 131_072
"""Characters of a cell. A longer one is no value: a quotation mark or a delimiter is missing."""
LONGEST_LINE = 1 << 28
"""Characters of a line: a million columns, and far less than the memory of a machine."""
MOST_NAMED = 5
"""Rows of a kind that are named one by one; the others are counted."""


class TableLayout(NamedTuple):
    """How a text table is written.

    columns: names of the cells of a row, trimmed; an unnamed first column is "". delimiter: between the cells of the rows as
    RowReader gives them; a file separated by blanks (`blanks`) is given out with tabs. header_line: 1-based. surplus: separators
    at the end of every row that hold nothing. row_names: the header is one name short, as R's write.table leaves it, and
    `columns` begins with the "" that is missing there.
    """

    path: Path
    delimiter: str
    columns: list[str]
    header_line: int
    blanks: bool = False
    surplus: int = 0
    row_names: bool = False

    @property
    def short_header(self) -> Problem:
        """Why a header that is one name short cannot be read here."""
        names = len(self.columns) - 1
        return Problem(
            f"{self.path}:{self.header_line}",
            f"the header has {names} names, the rows have {names + 1} cells (the first name is {self.columns[1]!r})",
            "Every column has a name.",
            "Name the first column too. From R: write.table(..., row.names = FALSE) where the row names say nothing, else "
            "col.names = NA.",
        )


class Rows(NamedTuple):
    """Rows one after the other: their text without line end, each with a cell for every column, and their line numbers."""

    lines: list[str]
    numbers: list[int]


def is_missing(value: str) -> bool:
    """Whether a cell means "no value"."""
    return value.strip().lower() in MISSING


GCT_VERSIONS = ("#1.2", "#1.3")
"""First lines of GCT files. Source: GenePattern file formats, Broad Institute."""


def table_layout(path: Path, commented: bool = True) -> TableLayout:
    """How the table at `path` is written, from its header and its first rows.

    Lines before the header that are empty or start with '#' (cBioPortal's description rows; when `commented`) and Excel's `sep=`
    line are skipped. Delimiter: the tab where the header has one, else ';' when it has more of them than commas, else ',', else
    blanks, as R writes, when the rows have as many words as the header, or one more.
    Raises TextTableError for a file without a header, of no readable text, or whose unnamed columns hold values; and for a GCT
    file, whose second line gives its size.
    """
    with reading(path), open_text(path) as file:
        start = _Lines(path, file)
        first = next(start, (0, ""))
        given = (line for line in chain([first], start) if line[0] and not _before_header(line[1], commented))
        number, text = next(given, (0, ""))
        version = first[1].strip()
        if version in GCT_VERSIONS and all(word.isdecimal() for word in text.split()):
            raise TextTableError(_gct(path, version))
        if not number:
            rule, remedy = "A table is TSV or CSV text with one header row.", "Is it the right file, copied whole?"
            raise TextTableError(Problem(str(path), "the file has no header row", rule, remedy))
        bare = _UNQUOTED.sub("", text)
        delimiter = "\t" if "\t" in bare else ";" if bare.count(";") > bare.count(",") else ","
        peeked = [(number, text), *_first(start)]
        blanks = delimiter == "," and "," not in bare and _by_blanks([line for _, line in peeked])
        delimiter = "\t" if blanks else delimiter
        records = _Records(path, iter(peeked), delimiter, blanks)
        header = [name.strip() for name in cells(next(records).text, delimiter)]
        named = max((k for k, name in enumerate(header, 1) if name), default=0)
        if not named:
            rule, remedy = "The header names the columns.", "Is it TSV or CSV text?"
            raise TextTableError(Problem(f"{path}:{number}", "a header without a name", rule, remedy))
        layout = TableLayout(path, delimiter, header[:named], number, blanks)
        rows = [row for row in _until_broken(records) if row.text.strip(_BLANK)]
    usual, rows_so = Counter(row.cells for row in rows).most_common(1)[0] if rows else (named, 0)
    if usual <= named or rows_so <= len(rows) / 2:
        return layout
    ends = [cells(row.text, delimiter)[named:] for row in rows if row.cells == usual]
    filled = any(cell.strip() for end in ends for cell in end)
    if filled and len(header) == usual:
        return layout._replace(columns=header)  # a column without a name, which holds values
    if usual == named + 1 and len(header) == named and (filled or _last_cells_filled(layout)):
        return layout._replace(columns=["", *layout.columns], row_names=True)
    return layout._replace(surplus=usual - named)


def _gct(path: Path, version: str) -> Problem:
    """The problem with a GCT file. Only version 1.2 has one column of text and one header, so that a command can mend it."""
    plain = f"tail -n +3 {path.name} | cut -f 1,3- > table_of_{path.stem}.tsv" if version == "#1.2" else ""
    return Problem(
        f"{path}:1",
        f"{version}: a GCT file",
        "A table has its header in the first line; a GCT file has its version and its size there.",
        f"Write it without the first two lines and the column Description: {plain}"
        if plain
        else "Write it without its first two lines and without the columns and rows of metadata.",
    )


class RowReader:
    """The rows of a table in blocks of about BLOCK characters, read once, in order.

    Rows that do not fit the header are left out of the blocks; when the last row has been read, TextTableError names them all:
    fewer or more cells than the header, an empty row between others, a quote that is not closed or that runs over other rows, a
    table that is cut off in a row. `open_ended` then says whether the last line lacks its line end.
    """

    def __init__(self, layout: TableLayout, block: int = BLOCK):
        self.layout, self.block = layout, block
        self.open_ended = False

    def __iter__(self) -> Iterator[Rows]:
        layout = self.layout
        faults = _Faults(layout)
        empty = 0
        lines: list[str] = []
        numbers: list[int] = []
        size = 0
        width, delimiter = len(layout.columns), layout.delimiter
        wanted, padding = width + layout.surplus, delimiter * layout.surplus
        with reading(layout.path), open_text(layout.path) as file:
            source = _Lines(layout.path, file)
            records = _below_header(layout, source)
            for number, text, count, inside in records:
                if (not text or text[0] in _BLANK) and not text.strip(_BLANK):
                    empty = empty or number
                    continue
                if empty:
                    faults.empty.append(empty)
                    empty = 0
                if inside >= width - 1 > 0:
                    faults.quoted.append((number, records.last))
                    continue
                if count != wanted or not text.endswith(padding):
                    faults.add(number, count, text)
                    continue
                text = text[: len(text) - layout.surplus]
                lines.append(text)
                numbers.append(number)
                size += len(text)
                if size >= self.block:
                    yield Rows(lines, numbers)
                    lines, numbers, size = [], [], 0
            self.open_ended = not source.ended
        if lines:
            yield Rows(lines, numbers)
        if problems := faults.problems(source.number, self.open_ended):
            raise TextTableError(problems)


def cells(line: str, delimiter: str) -> list[str]:
    """The cells of one row, quotes removed."""
    return next(csv.reader([line], delimiter=delimiter)) if '"' in line else line.split(delimiter)


def first_cell(line: str, delimiter: str) -> str:
    """The first cell of one row, quotes and surrounding space removed."""
    if line.startswith('"'):
        return cells(line, delimiter)[0].strip()
    return line.partition(delimiter)[0].strip()


def first_column(layout: TableLayout) -> list[str]:
    """The first cells of all rows, trimmed. Raises TextTableError as reading the whole table does."""
    return [first_cell(line, layout.delimiter) for rows in RowReader(layout) for line in rows.lines]


def misspelled(where: str, columns: Iterable[str], known: Iterable[str]) -> list[Problem]:
    """Columns that are one of `known` but for case, a blank or a letter: under their own name they would count for nothing."""
    names, found = list(known), []
    for column in columns:
        folded = column.casefold().replace(" ", "_").replace("-", "_")
        near = difflib.get_close_matches(folded, names, 1, 0.85)
        if near and column not in names and folded.count("_") == near[0].count("_"):
            rule, remedy = "The column would count for nothing under this name.", f"Did you mean {near[0]!r}?"
            found.append(
                Problem(where, f"column {column!r}", rule, f"{remedy} Rename it, or call it something unlike.")
            )
    return found


_BLANK = '\t ,;"'
"""What a row without any value is made of."""
_UNQUOTED = re.compile(r'"[^"]*"')
_ENDLESS = ("A line has an end.", "Is it text, with the line ends of Unix or Windows?")


class _Record(NamedTuple):
    """A row of the file: its first line (1-based), text without line end, number of cells, delimiters inside a quoted cell that
    runs over lines."""

    number: int
    text: str
    cells: int
    inside: int = 0


class _Lines:
    """Numbered lines without their ends; `ended`: whether the last one read had an end."""

    def __init__(self, path: Path, file: TextIO):
        self.path, self.file = path, file
        self.number, self.ended = 0, True

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        line = self.file.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LONGEST_LINE:
            raise TextTableError(Problem(f"{self.path}:{self.number}", "a line without end", *_ENDLESS))
        text = line.rstrip("\r\n")
        self.ended = len(text) < len(line)
        if "\0" in text:
            rule, remedy = "A table is text.", "Is it the right file, copied whole?"
            raise TextTableError(Problem(f"{self.path}:{self.number}", "bytes that are zero", rule, remedy))
        return self.number, text


class _Records:
    """Rows put together from lines: a quoted cell may hold line ends. `last`: the last line of the row given last."""

    def __init__(self, path: Path, lines: Iterator[tuple[int, str]], delimiter: str, blanks: bool):
        self.path, self.lines, self.delimiter, self.blanks = path, lines, delimiter, blanks
        self.quoted = re.compile(rf'(?:^|(?<={re.escape(delimiter)}))"[^"]*(?:""[^"]*)*"')
        self.last = 0

    def __iter__(self) -> Iterator[_Record]:
        return self

    def __next__(self) -> _Record:
        number, text = next(self.lines)
        self.last = number
        if self.blanks:
            return self._by_blanks(number, text)
        if '"' not in text:
            self._require_cells(number, text, text)
            return _Record(number, text, text.count(self.delimiter) + 1)
        outside = self.quoted.sub("", text)
        if not self._open(outside):
            self._require_cells(number, text, outside)
            return _Record(number, text, outside.count(self.delimiter) + 1)
        parts = [text]
        while self._open(outside):
            if len(parts) > LONGEST_QUOTE:
                raise self._unclosed(number)
            try:
                self.last, line = next(self.lines)
            except StopIteration:
                raise self._unclosed(number) from None
            parts.append(line)
            if '"' in line:
                outside = self.quoted.sub("", "\n".join(parts))
        text = "\n".join(parts)
        self._require_cells(number, text, outside)
        count = outside.count(self.delimiter) + 1
        return _Record(number, text, count, text.count(self.delimiter) + 1 - count)

    def _require_cells(self, number: int, text: str, outside: str) -> None:
        """TextTableError for a cell of over LONGEST_CELL characters; only a long row is looked at."""
        if len(text) <= LONGEST_CELL:
            return
        longest = max(map(len, [*outside.split(self.delimiter), *(self.quoted.findall(text) if '"' in text else ())]))
        if longest > LONGEST_CELL:
            rule = f"A cell holds at most {LONGEST_CELL:,} characters."
            remedy = "Close the quotation mark, mend the delimiters, or remove the text."
            raise TextTableError(Problem(f"{self.path}:{number}", f"a cell of {longest:,} characters", rule, remedy))

    def _by_blanks(self, number: int, text: str) -> _Record:
        try:
            found = _words(text)
        except csv.Error:
            raise self._unclosed(number) from None
        quoted = (f'"{cell}"' if '"' not in cell and ("\t" in cell or not cell) else cell for cell in found)
        return _Record(number, "\t".join(quoted), len(found))

    def _open(self, outside: str) -> bool:
        return outside.startswith('"') or f'{self.delimiter}"' in outside

    def _unclosed(self, number: int) -> TextTableError:
        return TextTableError(
            Problem(
                f"{self.path}:{number}",
                "a cell begins with a quotation mark that is not closed",
                'A cell that begins with " ends with the next ", and everything between belongs to it.',
                "Close the quotation mark, or remove it.",
            )
        )


class _Faults:
    """Rows that do not fit the header, to be named together."""

    def __init__(self, layout: TableLayout):
        self.layout = layout
        self.empty: list[int] = []
        self.quoted: list[tuple[int, int]] = []
        self.short: list[tuple[int, int, str]] = []
        self.long: list[tuple[int, int, str]] = []
        self.counted = {"short": 0, "long": 0}

    def add(self, number: int, count: int, text: str) -> None:
        kind = "short" if count < len(self.layout.columns) + self.layout.surplus else "long"
        self.counted[kind] += 1
        held = self.short if kind == "short" else self.long
        if len(held) >= MOST_NAMED:
            held.pop()  # the last one stays known: it may be the end of a table that is cut off
        held.append((number, count, text))

    def problems(self, last_line: int, open_ended: bool) -> list[Problem]:
        path, columns = self.layout.path, self.layout.columns
        header = f"the header (line {self.layout.header_line}) names {count_of(len(columns), 'column')}"
        if self.layout.surplus:
            header += f" and the other rows have {count_of(len(columns) + self.layout.surplus, 'cell')}, the last of them empty"
        found = []
        if self.short and open_ended and self.short[-1][0] == last_line:
            number, count, _ = self.short.pop()
            self.counted["short"] -= 1
            value = f"the last line has {count_of(count, 'cell')} and no line end, {header}: the table is cut off"
            found.append(
                Problem(f"{path}:{number}", value, "A row has a cell for every column.", "Copy or export it again.")
            )
        rule = "A row has a cell for every column; an empty cell keeps its separator."
        remedy = "Restore the missing cells, or export the table again."
        found += self._named(self.short, "short", header, rule, remedy)
        rule = "A row has a cell for every column, and no more."
        mark = {",": "comma", ";": "semicolon", "\t": "tab"}[self.layout.delimiter]
        remedy = f"Remove the surplus cells, or put quotation marks around a cell that holds a {mark}."
        found += self._named(self.long, "long", header, rule, remedy)
        if self.empty:
            where = f"{path}:{self.empty[0]}"
            value = "an empty row" + (f", and {len(self.empty) - 1} more" if len(self.empty) > 1 else "")
            found.append(Problem(where, value, "Rows follow each other.", "Remove the empty row."))
        if self.quoted:
            number, last = self.quoted[0]
            value = f"a cell in quotation marks runs to line {last}, over what looks like other rows"
            rule = 'A cell that begins with " ends with the next ", and everything between belongs to it.'
            found.append(Problem(f"{path}:{number}", value, rule, "Remove or close the quotation mark."))
        return found

    def _named(self, held: list[tuple[int, int, str]], kind: str, header: str, rule: str, remedy: str) -> list[Problem]:
        path, more = self.layout.path, self.counted[kind] - len(held)
        found = []
        for k, (number, count, text) in enumerate(held):
            others = f"; {count_of(more, 'more such row')}" if more > 0 and k == len(held) - 1 else ""
            first = first_cell(text, self.layout.delimiter)[:40]
            value = f"row {first!r} has {count_of(count, 'cell')}, {header}{others}"
            found.append(Problem(f"{path}:{number}", value, rule, remedy))
        return found


def _words(text: str) -> list[str]:
    """The words of a line separated by blanks; quotation marks hold a word together."""
    return next(csv.reader([text.strip()], delimiter=" ", skipinitialspace=True, strict=True), [])


def _by_blanks(lines: list[str]) -> bool:
    """Whether blanks separate the cells: every row has as many words as the header, at least two, or every row one more."""
    try:
        counts = [len(_words(line)) for line in lines if line.strip()]
    except csv.Error:
        return False
    more = {count - counts[0] for count in counts[1:]}
    return counts[0] > 1 and (more in ({0}, {1}))


def _before_header(text: str, commented: bool) -> bool:
    return not text.strip() or (commented and text.startswith("#")) or bool(re.fullmatch(r"sep=.?", text.strip()))


def _first(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Some lines to look at: at most PEEK, and no more once they are long."""
    size = 0
    for number, text in islice(lines, PEEK):
        yield number, text
        size += len(text)
        if size > LONG_PEEK:
            return


def _below_header(layout: TableLayout, lines: Iterator[tuple[int, str]]) -> _Records:
    """The rows of a table, its header taken off."""
    deque(islice(lines, layout.header_line - 1), maxlen=0)
    records = _Records(layout.path, lines, layout.delimiter, layout.blanks)
    next(records, None)
    return records


def _until_broken(records: _Records) -> Iterator[_Record]:
    """Records as far as they can be told apart: a quote not closed in the rows looked at ends them."""
    try:
        yield from records
    except TextTableError:
        return


def _last_cells_filled(layout: TableLayout) -> bool:
    """Whether a row has one cell more than the header names, and something in it."""
    width = len(layout.columns) + 1
    with reading(layout.path), open_text(layout.path) as file:
        for row in _until_broken(_below_header(layout, _Lines(layout.path, file))):
            if row.cells == width and cells(row.text, layout.delimiter)[-1].strip():
                return True
    return False
