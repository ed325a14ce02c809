"""Opening a file of text: regular files only, gzip undone, its encoding, and what cannot be read as TextTableError.

Standard library only.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from groprog_assets.errors import Problem, TextTableError
from groprog_assets.study.files import open_regular
from groprog_assets.wording import shell_command, shell_word

NO_TEXT = {
    b"PK\x03\x04": (
        "an Excel workbook or a zip archive",
        "Save the sheet as tab-separated text (or unpack the archive).",
    ),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "Save the sheet as tab-separated text."),
    b"PAR1": ("a Parquet file", "Write it as tab-separated text."),
    b"\x89HDF": ("an HDF5 file", "Write it as tab-separated text."),
    b"BZh": ("compressed with bzip2", "Unpack it, or compress it with gzip."),
    b"\xfd7zX": ("compressed with xz", "Unpack it, or compress it with gzip."),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "Unpack it, or compress it with gzip."),
}
"""First bytes of files that are no text: what they are, what to do."""


def open_text(path: Path) -> io.TextIOWrapper:
    """`path` as text, through gzip when its first bytes say so. UTF-8, or UTF-16 with its byte-order mark, which is dropped.

    Raises TextTableError for what is no text (a workbook, another compression), OSError as opening does.
    """
    opened = open_unpacked(path)
    try:
        start = opened.read(4)
        opened.seek(0)
        for magic, (what, remedy) in NO_TEXT.items():
            if start.startswith(magic):
                raise TextTableError(Problem(str(path), what, "A table is plain text, as it is or gzipped.", remedy))
    except BaseException:
        opened.close()
        raise
    encoding = "utf-16" if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    return io.TextIOWrapper(opened, encoding=encoding, newline="")


def open_unpacked(path: Path) -> BinaryIO:
    """The bytes of a regular file, through gzip when its first bytes say so."""
    raw = open_regular(path)
    packed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    if not packed:
        return raw
    raw.close()
    return cast(BinaryIO, gzip.open(path, "rb"))


def past_mark(stream: BinaryIO) -> BinaryIO:
    """A stream of UTF-8 text at its first letter: past a byte-order mark, which other programs take for part of the first line.

    Raises UnicodeDecodeError for UTF-16 with its mark, which `why_unreadable` names.
    """
    start = stream.read(len(codecs.BOM_UTF8))
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        start.decode("utf-8")
    if start != codecs.BOM_UTF8:
        stream.seek(0)
    return stream


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Errors of opening, unpacking and decoding as TextTableError."""
    try:
        yield
    except UnicodeDecodeError:
        raise TextTableError(_undecodable(path)) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        value, rule = f"its gzip data cannot be read: {error}".rstrip("."), "A compressed table must be whole."
        raise TextTableError(Problem(str(path), value, rule, "Copy it again.")) from None
    except (OSError, csv.Error) as error:
        value = getattr(error, "strerror", None) or str(error)
        rule = "The file must be readable as a text table."
        if path.name == "data_clinical_patient.txt" and path.parent.is_dir() and not path.exists():
            rule = f"A folder is read as a study of cBioPortal, and {path.parent} holds no such file."
            raise TextTableError(Problem(str(path), value, rule, "Name the table itself.")) from None
        raise TextTableError(Problem(str(path), value, rule, "Check path and file.")) from None


def _undecodable(path: Path) -> Problem:
    """The first line that is not UTF-8."""
    place, shown = str(path), ""
    with contextlib.suppress(EOFError, zlib.error, OSError), open_unpacked(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                if b"\0" in line:
                    value, remedy = "no text: it has zero bytes", "Is it the right file? Name a table."
                    return Problem(f"{path}:{number}", value, "A table is UTF-8 text.", remedy)
                near = line[max(error.start - 10, 0) : error.end + 10].decode("cp1252", "replace").strip()
                place, shown = f"{path}:{number}", f": byte {line[error.start]:#04x} in {near!r} (as Windows-1252)"
                break
    return Problem(
        place,
        f"not UTF-8{shown}",
        "A table is UTF-8 text.",
        f"Save it as UTF-8, e.g. {shell_command('iconv', '-f', 'WINDOWS-1252', '-t', 'UTF-8', path)}"
        f" > {shell_word(path.with_name(f'utf8_{path.name}'))}",
    )
