"""Lines of an annotation file, against what the interpreter calls a line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.study import annotation_files
from groprog_assets.study.annotation_files import lines

TEXTS = (
    "",
    "\n",
    "a",
    "a\n",
    "a\r\nb\r\n\r\n  \n# not this\n#\nc # this\n",
    "old\rends\rof lines",
    "a\x0bb\x0cc\u2028d\x85e\nf",
    "\n\n# x\n\t\nlast",
    "long " * 30_000 + "\nshort\n" + "x" * 70_000,
    "ä€𝄞" * 40_000 + "\r\n" + "y\n" * 40_000,
)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("comment", ["#", ""])
def test_lines_are_those_of_the_interpreter_with_their_numbers(tmp_path: Path, text, zipped, comment):
    path = tmp_path / "a.gtf"
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    with open(tmp_path / "plain", "w", newline="") as plain:
        plain.write(text)
    with open(tmp_path / "plain", encoding="utf-8") as plain:
        numbered = [(number, line.rstrip("\n")) for number, line in enumerate(plain, 1)]
    wanted = [(number, line) for number, line in numbered if line.strip() and not (comment and line[0] == comment)]
    assert list(lines(path, comment)) == wanted


@pytest.mark.parametrize("end", ["", "\nlast\n"])
def test_a_line_too_long_is_refused_by_its_number_and_not_read_to_its_end(tmp_path: Path, monkeypatch, end):
    monkeypatch.setattr(annotation_files, "LONGEST_LINE", 300_000)
    path = tmp_path / "a.gtf"
    path.write_text("first\n" + "x" * 299_999 + "\n" + "y" * 900_000 + end)
    read: list[tuple[int, str]] = []
    with pytest.raises(AnnotationError, match=r"a\.gtf, line 3"):
        read.extend(lines(path))
    assert [number for number, _ in read] == [1, 2]
