"""Ways to damage the bytes of a file. Each is (bytes, random) -> Mutant; `why` says why no reader may accept the result.

`why` is a statement about the format: a gzip stream that is cut off, a word in a column of numbers, a negative coordinate. It is
"" where the result may still be a valid file, and never taken from what the program answers.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple


class Mutant(NamedTuple):
    """content: the damaged bytes; how: the operator; why: the reason why it is invalid, "" where it may be valid."""

    content: bytes
    how: str
    why: str = ""


Operator = Callable[[bytes, Random], Mutant | None]
"""None where the content has no place for this damage."""

ODD = (
    "",
    " ",
    "0",
    "-0",
    "-1",
    "1e400",
    "-1e400",
    "1e-400",
    "nan",
    "inf",
    "-inf",
    "NA",
    "1_000",
    "0x10",
    "1,5",
    "٣٤",
    "9" * 30,
    "9" * 5000,
    "2147483648",
    "-9223372036854775809",
    "true",
    "null",
    "~",
    "'",
    '"',
    "../../x",
    "/dev/zero",
    "a" * 70_000,
    "\u202eabc",
    "\U0001f9ec",
    "%s%n",
    "{{7*7}}",
    "=1+1",
)
"""Texts that programs stumble over."""


def generic() -> list[Operator]:
    """Damage that any file can have, text or not."""
    return [flip, splice, duplicate, drop, cut, empty, zeros, repeat_whole, noise]


def flip(content: bytes, random: Random) -> Mutant | None:
    if not content:
        return None
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 8))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return Mutant(bytes(changed), "flip")


def splice(content: bytes, random: Random) -> Mutant | None:
    """A stretch moved over another place."""
    if len(content) < 8:
        return None
    size = random.randrange(1, min(len(content), 400))
    one, other = random.randrange(len(content) - size + 1), random.randrange(len(content) - size + 1)
    return Mutant(content[:other] + content[one : one + size] + content[other + size :], "splice")


def duplicate(content: bytes, random: Random) -> Mutant | None:
    size = random.randrange(1, min(len(content), 2000) + 1)
    at = random.randrange(len(content) - size + 1)
    return Mutant(content[: at + size] + content[at:], "duplicate")


def drop(content: bytes, random: Random) -> Mutant | None:
    size = random.randrange(1, min(len(content), 400) + 1)
    at = random.randrange(len(content) - size + 1)
    return Mutant(content[:at] + content[at + size :], "drop")


def cut(content: bytes, random: Random) -> Mutant | None:
    return Mutant(content[: random.randrange(1, len(content))], "cut") if len(content) > 1 else None


def empty(content: bytes, random: Random) -> Mutant:
    return Mutant(random.choice((b"", b"\n", b" \n\n\t\n")), "empty", "a file without content")


def zeros(content: bytes, random: Random) -> Mutant:
    """What a disk that was full leaves: the rest is zero."""
    at = random.randrange(len(content))
    return Mutant(content[:at] + bytes(len(content) - at), "zeros")


def repeat_whole(content: bytes, random: Random) -> Mutant:
    return Mutant(content * random.choice((2, 3)), "whole again")


def noise(content: bytes, random: Random) -> Mutant:
    return Mutant(random.randbytes(random.choice((1, 100, 5000))), "noise", "random bytes")


# Compressed files.


def gzip_cut(content: bytes, random: Random) -> Mutant:
    return Mutant(content[: random.randrange(3, len(content) - 8)], "gzip cut", "a gzip stream that is cut off")


def gzip_flip(content: bytes, random: Random) -> Mutant:
    """A bit of the compressed data or of the check sum."""
    changed = bytearray(content)
    changed[random.randrange(10, len(content) - 4)] ^= 1 << random.randrange(8)
    return Mutant(bytes(changed), "gzip flip", "compressed data that fail their check sum")


def gzip_tail(content: bytes, random: Random) -> Mutant:
    return Mutant(content + random.randbytes(50), "gzip tail")


def packed(operator: Operator) -> Operator:
    """The operator on the text inside a gzip file, packed whole again."""

    def inside(content: bytes, random: Random) -> Mutant | None:
        made = operator(gzip.decompress(content), random)
        return None if made is None else made._replace(content=gzip.compress(made.content, mtime=0))

    return inside


# Text, line by line.


def as_text(needed: bool = True) -> list[Operator]:
    """Damage of any text; `needed`: the reader takes UTF-8 only."""

    def nul(content: bytes, random: Random) -> Mutant:
        at = random.randrange(len(content))
        return Mutant(content[:at] + b"\0" + content[at:], "zero byte")

    def not_utf8(content: bytes, random: Random) -> Mutant:
        """A byte of another encoding, or a surrogate alone."""
        at = random.choice([k for k, byte in enumerate(content) if byte < 128])
        odd = random.choice((b"\xff", b"\xe9", b"\xed\xa0\x80", b"\xed\xbf\xbf"))
        return Mutant(content[:at] + odd + content[at:], "not UTF-8", "bytes that are not UTF-8" if needed else "")

    def widen(content: bytes, random: Random) -> Mutant:
        """One line, of many times its length."""
        lines = content.split(b"\n")
        at = random.randrange(len(lines))
        lines[at] *= random.choice((10, 1000, 20_000 // (len(lines[at]) or 1) + 2))
        return Mutant(b"\n".join(lines), "widen")

    def again(content: bytes, random: Random) -> Mutant:
        lines = content.split(b"\n")
        lines.insert(random.randrange(len(lines)), random.choice(lines))
        return Mutant(b"\n".join(lines), "line again")

    def shuffled(content: bytes, random: Random) -> Mutant:
        lines = content.split(b"\n")
        random.shuffle(lines)
        return Mutant(b"\n".join(lines), "lines shuffled")

    def odd_token(content: bytes, random: Random) -> Mutant:
        words = list(re.finditer(rb"[^\s,;:\"]+", content))
        at = random.choice(words)
        return Mutant(content[: at.start()] + random.choice(ODD).encode() + content[at.end() :], "odd token")

    def line_ends(content: bytes, random: Random) -> Mutant:
        return Mutant(content.replace(b"\n", random.choice((b"\r", b"\r\r\n", b"\n\n", b"\x0b"))), "line ends")

    def wide_text(content: bytes, random: Random) -> Mutant | None:
        encoding = random.choice(("utf-16", "utf-32", "utf-16-le"))
        return Mutant(content.decode().encode(encoding), encoding)

    return [nul, not_utf8, widen, again, shuffled, odd_token, line_ends, wide_text]


class Columns(NamedTuple):
    """What a table is made of. numbers: places (0-based) of a number in every row; positive: those that may not be
    negative; needed: header cells that may not be missing; header: its line (0-based), None without one; whole: every row has
    all cells; ordered: (start, end) places where the start lies before the end."""

    delimiter: str
    numbers: Sequence[int] = ()
    positive: Sequence[int] = ()
    needed: Sequence[str] = ()
    header: int | None = 0
    whole: bool = True
    ordered: tuple[int, int] | None = None
    comment: str = ""
    least: int = 0


def of_table(columns: Columns) -> list[Operator]:
    """Damage of the cells of a table."""
    mark = columns.delimiter
    first = 0 if columns.header is None else columns.header + 1

    def rows(content: bytes, random: Random) -> tuple[list[str], int]:
        """The lines, and the place of one row of values."""
        lines = content.decode().split("\n")
        places = [
            k
            for k, line in enumerate(lines)
            if k >= first and line and not (columns.comment and line.startswith(columns.comment))
        ]
        return lines, random.choice(places)

    def changed(lines: list[str], at: int, cells: list[str], how: str, why: str) -> Mutant:
        return Mutant("\n".join([*lines[:at], mark.join(cells), *lines[at + 1 :]]).encode(), how, why)

    def word_for_number(content: bytes, random: Random) -> Mutant | None:
        if not columns.numbers:
            return None
        lines, at = rows(content, random)
        cells = lines[at].split(mark)
        cells[random.choice(columns.numbers)] = random.choice(("seven", "1.2.3", "12a", "--5", "1e", "x" * 200))
        return changed(lines, at, cells, "word for number", "a word in a column of numbers")

    def negative(content: bytes, random: Random) -> Mutant | None:
        if not columns.positive:
            return None
        lines, at = rows(content, random)
        cells = lines[at].split(mark)
        cells[random.choice(columns.positive)] = f"-{random.randrange(1, 10**6)}"
        return changed(lines, at, cells, "negative", "a negative number where none can be")

    def turned(content: bytes, random: Random) -> Mutant | None:
        if columns.ordered is None:
            return None
        lines, at = rows(content, random)
        cells = lines[at].split(mark)
        one, other = columns.ordered
        cells[one], cells[other] = str(int(cells[other]) + 1), cells[one]
        return changed(lines, at, cells, "start after end", "an interval that ends before it starts")

    def infinite(content: bytes, random: Random) -> Mutant | None:
        if not columns.numbers:
            return None
        lines, at = rows(content, random)
        cells = lines[at].split(mark)
        cells[random.choice(columns.numbers)] = random.choice(("inf", "-inf", "1e400", "Infinity"))
        return changed(lines, at, cells, "infinite", "a number that is not finite")

    def odd_cell(content: bytes, random: Random) -> Mutant:
        lines, at = rows(content, random)
        cells = lines[at].split(mark)
        cells[random.randrange(len(cells))] = random.choice(ODD)
        return changed(lines, at, cells, "odd cell", "")

    def cell_lost(content: bytes, random: Random) -> Mutant | None:
        lines, at = rows(content, random)
        cells = lines[at].split(mark)
        if len(cells) < 2:
            return None
        if columns.whole:
            del cells[random.randrange(len(cells))]
            return changed(lines, at, cells, "cell lost", "a row with a cell less than the others")
        return changed(lines, at, cells[: columns.least - 1], "cells lost", f"fewer than {columns.least} cells")

    def cell_more(content: bytes, random: Random) -> Mutant:
        lines, at = rows(content, random)
        cells = lines[at].split(mark)
        cells.insert(random.randrange(len(cells) + 1), "more")
        why = "a row with a cell more than the others" if columns.whole and len(cells) > 2 else ""
        return changed(lines, at, cells, "cell more", why)

    def open_quote(content: bytes, random: Random) -> Mutant:
        lines, at = rows(content, random)
        cells = lines[at].split(mark)
        place = random.randrange(len(cells))
        cells[place] = f'"{cells[place]}'
        quoted = columns.header is not None and columns.whole
        return changed(lines, at, cells, "open quote", "a quotation mark that is not closed" if quoted else "")

    def long_cell(content: bytes, random: Random) -> Mutant:
        lines, at = rows(content, random)
        cells = lines[at].split(mark)
        place = random.randrange(len(cells))
        cells[place] = random.choice(('"' + "y" * 200_000 + '"', "z" * 200_000))
        return changed(lines, at, cells, "long cell", "")

    def column_lost(content: bytes, random: Random) -> Mutant | None:
        if columns.header is None or not columns.needed:
            return None
        lines = content.decode().split("\n")
        cells = lines[columns.header].split(mark)
        cells[cells.index(random.choice(columns.needed))] = "unlike_any"
        return changed(lines, columns.header, cells, "column renamed", "a needed column is not there")

    def column_twice(content: bytes, random: Random) -> Mutant | None:
        if columns.header is None:
            return None
        lines = content.decode().split("\n")
        cells = lines[columns.header].split(mark)
        if len(cells) < 2:
            return None
        one, other = random.sample(range(len(cells)), 2)
        cells[one] = cells[other]
        return changed(lines, columns.header, cells, "column twice", "two columns of one name")

    def cut_in_row(content: bytes, random: Random) -> Mutant | None:
        lines, at = rows(content, random)
        cells = lines[at].split(mark)
        least = len(cells) if columns.whole else columns.least
        if at == first or least < 2:
            return None
        kept = mark.join(cells[: random.randrange(1, least)])
        return Mutant("\n".join([*lines[:at], kept]).encode(), "cut in a row", "a table cut off within a row")

    def many_columns(content: bytes, random: Random) -> Mutant | None:
        """Every row wider by some hundred cells of the same."""
        lines = content.decode().split("\n")
        more = mark + mark.join(f"w{k}" for k in range(random.choice((30, 300))))
        return Mutant("\n".join(f"{line}{more}" if line else line for line in lines).encode(), "many columns")

    made: list[Operator] = [word_for_number, negative, turned, infinite, odd_cell, cell_lost, cell_more, open_quote]
    return [*made, long_cell, column_lost, column_twice, cut_in_row, many_columns]


# Binary formats: BGZF, BAM, CRAM, bigWig.


def _blocks(content: bytes) -> Iterator[tuple[int, int]]:
    """(start, size) of the blocks of a BGZF file."""
    at = 0
    while at < len(content):
        size = struct.unpack_from("<H", content, at + 16)[0] + 1
        yield at, size
        at += size


def _inflated(content: bytes) -> bytes:
    return b"".join(zlib.decompress(content[at + 18 : at + size - 8], -15) for at, size in _blocks(content))


def _deflated(content: bytes) -> bytes:
    """BGZF of `content`, with its end-of-file block."""
    parts = []
    for at in [*range(0, len(content), 60_000), len(content)]:
        piece = content[at : at + 60_000]
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = packer.compress(piece) + packer.flush()
        head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(body) + 25)
        parts.append(head + body + struct.pack("<II", zlib.crc32(piece), len(piece)))
    return b"".join(parts)


def _records(content: bytes) -> list[int]:
    """Offsets of the records of an inflated BAM."""
    at = 8 + struct.unpack_from("<i", content, 4)[0]
    contigs = struct.unpack_from("<i", content, at)[0]
    at += 4
    for _ in range(contigs):
        at += 8 + struct.unpack_from("<i", content, at)[0]
    found = []
    while at < len(content):
        found.append(at)
        at += 4 + struct.unpack_from("<i", content, at)[0]
    return found


def bgzf_flip(content: bytes, random: Random) -> Mutant:
    at, size = random.choice([block for block in _blocks(content) if block[1] > 30])
    changed = bytearray(content)
    changed[random.randrange(at + 18, at + size - 4)] ^= 1 << random.randrange(8)
    return Mutant(bytes(changed), "block flip", "a compressed block that fails its check sum")


def bgzf_cut(content: bytes, random: Random) -> Mutant:
    return Mutant(content[: random.randrange(4, len(content))], "bgzf cut", "a BAM without its end-of-file block")


def bam_inside(content: bytes, random: Random) -> Mutant:
    """A bit of the records, in blocks that are whole."""
    data = bytearray(_inflated(content))
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return Mutant(_deflated(bytes(data)), "bit within a record")


def bam_cut_inside(content: bytes, random: Random) -> Mutant:
    data = _inflated(content)
    starts = _records(data)
    end = random.choice(starts[1:]) - random.randrange(1, 30)
    return Mutant(_deflated(data[:end]), "ends within a record", "a BAM that ends within a record")


def bam_length(content: bytes, random: Random) -> Mutant:
    """A length inside a record that its size contradicts."""
    data = bytearray(_inflated(content))
    at = random.choice(_records(bytes(data)))
    place, form, value = random.choice(
        ((0, "<i", -1), (0, "<i", 2**31 - 1), (0, "<i", 3), (20, "<i", 2**30), (20, "<i", -5), (16, "<H", 60_000))
    )
    struct.pack_into(form, data, at + place, value)
    return Mutant(_deflated(bytes(data)), "record length", "a record that contradicts its own lengths")


def bam_contig(content: bytes, random: Random) -> Mutant:
    data = bytearray(_inflated(content))
    struct.pack_into("<i", data, random.choice(_records(bytes(data))) + 4, random.choice((99, 2**31 - 1, -7)))
    return Mutant(_deflated(bytes(data)), "unknown contig", "a record on a contig that the header does not name")


def bam_header(content: bytes, random: Random) -> Mutant:
    """A contig of another length in the list of contigs and in the text."""
    data = _inflated(content)
    size = struct.unpack_from("<i", data, 4)[0]
    at = 8 + size + 4
    name = struct.unpack_from("<i", data, at)[0]
    changed = bytearray(data)
    struct.pack_into("<i", changed, at + 4 + name, 12_345)
    return Mutant(_deflated(bytes(changed)), "contig length", "a contig of another length than the study's")


def bam_counts(content: bytes, random: Random) -> Mutant:
    """The length of the text or the number of contigs."""
    data = bytearray(_inflated(content))
    size = struct.unpack_from("<i", data, 4)[0]
    struct.pack_into("<i", data, random.choice((4, 8 + size)), random.choice((-1, 2**31 - 1, 10**6)))
    return Mutant(_deflated(bytes(data)), "header count", "a header longer than the file")


def whole_cut(why: str) -> Operator:
    def cut_off(content: bytes, random: Random) -> Mutant:
        return Mutant(content[: random.randrange(1, len(content) - 1)], "cut off", why)

    return cut_off


def cram_flip(content: bytes, random: Random) -> Mutant:
    """A bit after the file definition, in containers and blocks that carry a CRC32 each."""
    changed = bytearray(content)
    changed[random.randrange(26, len(content) - 38)] ^= 1 << random.randrange(8)
    return Mutant(bytes(changed), "block flip", "a container or block that fails its check sum")


def bigwig_flip(content: bytes, random: Random) -> Mutant | None:
    """A bit of a compressed section of values."""
    offset = struct.unpack_from("<Q", content, 16)[0]
    index = struct.unpack_from("<Q", content, 24)[0]
    if index - offset < 40:
        return None
    changed = bytearray(content)
    changed[random.randrange(offset + 8 + 2, index)] ^= 1 << random.randrange(8)
    return Mutant(bytes(changed), "section flip", "a compressed section that fails its check sum")


def bigwig_head(content: bytes, random: Random) -> Mutant:
    """Numbers of the header, of the tree of names or of the index."""
    changed = bytearray(content)
    index = struct.unpack_from("<Q", content, 24)[0]
    at = random.choice((random.randrange(64), random.randrange(64, 304), random.randrange(index, index + 200)))
    changed[min(at, len(changed) - 1)] = random.choice((0, 1, 127, 128, 255))
    return Mutant(bytes(changed), "head")
